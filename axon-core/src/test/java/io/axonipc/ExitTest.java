package io.axonipc;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A JVM that ends without closing its channel ends at once, whatever its threads wait
 * for, and leaves only what the next open takes over. So the core needs no shutdown hook,
 * which would wait for handlers, and for ever when one of them has called
 * {@link System#exit}.
 */
class ExitTest {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final ChannelOptions SERVER = ChannelOptions.defaults()
		.role(Role.SERVER)
		.capacity(4096)
		.sendTimeout(PATIENCE);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	/** How a JVM ends. */
	private enum End {

		RETURN, EXIT, EXIT_IN_HANDLER, HALT

	}

	@ParameterizedTest
	@EnumSource(End.class)
	void leavesOnlyWhatTheNextOpenTakesOver(End end) throws Exception {
		Process process = leave(end);
		try (AxonChannel client = AxonChannel.open(this.name, ChannelOptions.defaults().openTimeout(PATIENCE))) {
			client.sender().send("go", new byte[0]);
			assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as("it ends").isTrue();
			assertThat(process.exitValue()).isEqualTo((end == End.RETURN) ? 0 : 3);
			assertThat(client.isPeerAlive()).isFalse();
			try (AxonChannel server = AxonChannel.open(this.name, SERVER)) {
				// The one that its predecessor had in hand, if it exited there.
				assertThat(MessageTest.tags(server)).containsExactlyElementsOf(
						(end == End.EXIT_IN_HANDLER || end == End.HALT) ? List.of("go") : List.of());
				assertThat(MessageTest.tags(client)).isNotEmpty().containsOnly("kept");
			}
		}
		finally {
			process.destroyForcibly();
		}
		assertThat(UniqueNames.files(this.name)).isEmpty();
	}

	private Process leave(End end) throws IOException {
		List<String> command = new ArrayList<>(PeerProcess.java(Leaver.class));
		command.addAll(List.of(this.name, end.name()));
		return new ProcessBuilder(command).inheritIO().start();
	}

	/** Fills its ring, with a thread that waits for room, and ends when told to. */
	static final class Leaver {

		private Leaver() {
		}

		public static void main(String[] arguments) {
			AxonChannel channel = AxonChannel.open(arguments[0], SERVER);
			End end = End.valueOf(arguments[1]);
			channel.sender().send("kept", new byte[100]);
			Thread sender = new Thread(() -> {
				while (true) {
					channel.sender().send("kept", new byte[100]);
				}
			});
			sender.setDaemon(true);
			sender.start();
			while (channel.receiver().poll((message) -> endInHandler(end), 1, PATIENCE) == 0) {
				continue;
			}
			if (end == End.EXIT) {
				System.exit(3);
			}
			Thread receiver = new Thread(() -> channel.receiver().receive(PATIENCE));
			receiver.setDaemon(true);
			receiver.start();
		}

		private static void endInHandler(End end) {
			if (end == End.EXIT_IN_HANDLER) {
				System.exit(3);
			}
			if (end == End.HALT) {
				Runtime.getRuntime().halt(3);
			}
		}

	}

}
