package io.axonipc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Both ends of a channel are opened and closed all the time and at the same time: each
 * open succeeds, whatever the other end is about to do.
 */
@Timeout(600)
class ReopenStormTest {

	private static final ChannelOptions CLIENT = ChannelOptions.defaults()
		.capacity(4096)
		.openTimeout(Duration.ofSeconds(30));

	private static final ChannelOptions SERVER = CLIENT.role(Role.SERVER);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final ExecutorService threads = Executors.newSingleThreadExecutor();

	private final AtomicBoolean over = new AtomicBoolean();

	private final String name = this.names.next();

	@Test
	void inOneProcess() throws Exception {
		reopenBoth(300);
	}

	@Test
	@Tag("hardening")
	void inOneProcessForLong() throws Exception {
		reopenBoth(Integer.getInteger("axon.reopens", 3000));
	}

	/** A client that waits needs a server that comes, so that one ends last. */
	private void reopenBoth(int count) throws Exception {
		Future<Integer> server = this.threads.submit(this::reopenUntilOver);
		try {
			for (int n = 0; n < count; n++) {
				AxonChannel.open(this.name, CLIENT).close();
				if (n % 100 == 0) {
					assertThat(mappings()).as("Linux allows a process 65530").isLessThan(16_000);
				}
			}
		}
		finally {
			this.over.set(true);
			this.threads.shutdown();
		}
		assertThat(server.get()).isPositive();
	}

	private static long mappings() throws IOException {
		try (Stream<String> mappings = Files.lines(Path.of("/proc/self/maps"))) {
			return mappings.count();
		}
	}

	private int reopenUntilOver() {
		int opened = 0;
		while (!this.over.get()) {
			AxonChannel.open(this.name, SERVER).close();
			opened++;
		}
		return opened;
	}

	@ParameterizedTest
	@EnumSource(Language.class)
	void inTwoProcesses(Language language) throws Exception {
		AxonChannel first = AxonChannel.open(this.name, SERVER);
		Future<Integer> server;
		try (PeerProcess peer = PeerProcess.start(language, "client", this.name, "reopen", "300")) {
			peer.expect("ready");
			first.close();
			server = this.threads.submit(this::reopenUntilOver);
			peer.expectExit(0);
		}
		finally {
			first.close();
			this.over.set(true);
			this.threads.shutdown();
		}
		assertThat(server.get()).isPositive();
	}

}
