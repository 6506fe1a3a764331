package io.axonipc.matrix;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeoutException;

import io.axonipc.AxonChannel;
import io.axonipc.RoleTakenException;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;

/**
 * The speed of a pair, as its processes measured it. Of the rounds the best one counts:
 * the first ones warm up, and what else the machine does makes others slower.
 *
 * @param roundTrip nanoseconds of a round trip, the median of a round
 * @param rate messages per second one way
 */
record Measurement(double roundTrip, double rate) {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int ROUNDS = 12;

	/**
	 * Measures a pair.
	 * @param asks the language that asks, or sends
	 * @param answers the language that answers, or receives
	 * @throws IOException if a process cannot be started, or fails
	 */
	static Measurement of(Language asks, Language answers) throws IOException, InterruptedException, TimeoutException {
		String name = "measure-" + UUID.randomUUID();
		try (PeerProcess server = PeerProcess.start(command(answers), "server", name, "measured")) {
			server.expect("ready");
			try (PeerProcess client = PeerProcess.start(command(asks), "client", name, "measure")) {
				client.expect("ready");
				Measurement measurement = new Measurement(Collections.min(rounds(client, "spin-32 ")),
						Collections.max(rounds(client, "stream-32 ")));
				client.expectExit(0);
				server.expectExit(0);
				return measurement;
			}
		}
		finally {
			discard(name);
		}
	}

	private static void discard(String name) {
		try {
			AxonChannel.discard(name);
		}
		catch (RoleTakenException ex) {
			System.err.println("what is left of " + name + " cannot be removed: " + ex.getMessage());
		}
	}

	/** To measure, Java has its best compiler. */
	private static List<String> command(Language language) throws IOException {
		List<String> command = new ArrayList<>(PeerProcess.command(language));
		command.remove("-XX:TieredStopAtLevel=1");
		return command;
	}

	private static List<Double> rounds(PeerProcess peer, String prefix) throws IOException, TimeoutException {
		List<Double> rounds = new ArrayList<>();
		for (int round = 0; round < ROUNDS; round++) {
			String line = peer.readLine(PATIENCE);
			if (line == null || !line.startsWith(prefix)) {
				throw new IOException("said '" + line + "' instead of a figure of " + prefix);
			}
			rounds.add(Double.valueOf(line.substring(prefix.length())));
		}
		return rounds;
	}

}
