package io.axonipc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.Requirements;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;

/** Every second system call on the channel's files fails as if a signal had come. */
@Tag("hardening")
class SignalTest {

	private static final String CALLS = "ftruncate,fallocate,fchmod,pread64,fcntl,fchmodat,chmod,openat";

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	@Test
	void everyCallIsMadeAgain() throws Exception {
		Path strace = Requirements.tool("strace", "strace");
		List<String> command = new ArrayList<>(List.of(strace.toString(), "-f", "-qq", "-e", "trace=" + CALLS, "-e",
				"inject=" + CALLS + ":error=EINTR:when=1+2"));
		files().forEach((file) -> command.addAll(List.of("-P", "/dev/shm/" + file)));
		command.addAll(PeerProcess.java(User.class));
		command.add(this.name);
		Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
		String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		assertThat(process.waitFor()).as(printed).isZero();
		for (String call : List.of("ftruncate", "fallocate", "fchmod", "pread64", "fcntl", "chmod", "openat")) {
			assertThat(printed.lines().filter((line) -> line.contains(call + "(") && line.contains("(INJECTED)")))
				.as(printed)
				.isNotEmpty();
		}
	}

	private Stream<String> files() {
		Stream<String> semaphores = Stream.of("0.data", "0.space", "1.data", "1.space")
			.map((semaphore) -> "sem.axon." + this.name + "~" + semaphore);
		return Stream.concat(Stream.of("axon." + this.name, "axon." + this.name + "~0.00"), semaphores);
	}

	/** All that can be done with a channel, from its creation to its removal. */
	static final class User {

		private User() {
		}

		public static void main(String[] arguments) throws IOException {
			ChannelOptions client = ChannelOptions.defaults();
			for (int round = 0; round < 3; round++) {
				try (AxonChannel one = AxonChannel.open(arguments[0], client.role(Role.SERVER).capacity(4096));
						AxonChannel other = AxonChannel.open(arguments[0], client)) {
					one.sender().send("large", new byte[10_000]);
					if (!MessageTest.tags(other).equals(List.of("large")) || !one.isPeerAlive()) {
						throw new IllegalStateException("not received");
					}
					one.sender().send("unread", new byte[10_000]);
				}
				if (!AxonChannel.discard(arguments[0])) {
					throw new IllegalStateException("not there");
				}
			}
		}

	}

}
