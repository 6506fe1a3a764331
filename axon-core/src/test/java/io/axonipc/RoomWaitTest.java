package io.axonipc;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** A sender that waits for room. */
class RoomWaitTest {

	private static final Duration LONG = Duration.ofSeconds(30);

	private static final byte[] HELLO = "hello".getBytes(StandardCharsets.UTF_8);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	private final AxonChannel server = open(Role.SERVER);

	private final AxonChannel client = open(Role.CLIENT);

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private AxonChannel open(Role role) {
		return AxonChannel.open(this.name,
				ChannelOptions.defaults()
					.role(role)
					.capacity(4096)
					.sendTimeout(LONG)
					.waitStrategy(WaitStrategy.park()));
	}

	@AfterEach
	void cleanUp() {
		this.server.close();
		this.client.close();
		AxonChannel.discard(this.name);
		this.threads.shutdownNow();
	}

	/** Else both could wait for room although what the peer lacks has been handled. */
	@Test
	void publishesWhatOthersReleaseMeanwhile() throws Exception {
		fill(this.server);
		fill(this.client);
		MessageView message = this.server.receiver().receive(LONG);
		Future<?> sender = this.threads.submit(() -> this.server.sender().send("text", HELLO));
		await().until(() -> this.server.counters().parks() > 0);
		message.close();
		this.client.sender().send("text", HELLO);
		assertThat(this.client.receiver().poll((text) -> {
		}, Integer.MAX_VALUE)).isPositive();
		sender.get();
	}

	private static void fill(AxonChannel channel) {
		while (channel.sender().trySend("text", HELLO)) {
			assertThat(channel.isOpen()).isTrue();
		}
	}

}
