package io.axonipc;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * No wake-up is lost. Races for some seconds; with the environment variable
 * {@code RACES=5000000} so many, however long it takes.
 */
class ParkingRacesTest {

	private static final String RACES = System.getenv().getOrDefault("RACES", "0");

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	@ParameterizedTest(name = "threads that wait: {0}")
	@ValueSource(ints = { 1, 2, 3 })
	void noWakeUpOfThreadsThatWaitIsLost(int waiters) throws Exception {
		String name = this.names.next();
		Process answers = start("answer", name, Integer.toString(waiters), share());
		try {
			expectNoneLost(start("wait", name, Integer.toString(waiters)));
			assertThat(answers.waitFor()).isZero();
		}
		finally {
			answers.destroyForcibly().waitFor();
			AxonChannel.discard(name);
		}
	}

	@Test
	void noWakeUpOfASenderThatWaitsForRoomIsLost() throws Exception {
		expectNoneLost(start("room", this.names.next(), share()));
	}

	@Test
	void aCommitThatShowsAfterTheGracePeriodIsNoticedSoon() throws Exception {
		expectNoneLost(start("late", this.names.next(), "5"));
	}

	/** Of the races, for each of the four. */
	private static String share() {
		return Long.toString(Long.parseLong(RACES) / 4);
	}

	private static Process start(String... arguments) throws IOException {
		List<String> command = new ArrayList<>(PeerProcess.java(ParkingRaces.class));
		command.add(1, "-D" + ParkingRaces.BOUNDED_WAIT + "=10000000000");
		if (!RACES.equals("0")) {
			command.remove("-XX:TieredStopAtLevel=1");
		}
		command.addAll(List.of(arguments));
		return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
	}

	private static void expectNoneLost(Process process) throws Exception {
		try {
			String printed = new String(process.getInputStream().readAllBytes()).strip();
			if (!RACES.equals("0")) {
				System.out.println(printed);
			}
			assertThat(printed).matches("races=[1-9]\\d* parks=\\d+ lost=0");
			assertThat(process.waitFor()).isZero();
		}
		finally {
			process.destroyForcibly().waitFor();
		}
	}

}
