package io.axonipc.spring;

import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicLong;

import com.sun.management.ThreadMXBean;
import io.axonipc.AxonChannel;
import io.axonipc.MessageView;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

class ListenerAllocationTest {

	private static final int MESSAGES = 50_000;

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	static class Listener {

		final AtomicLong sum = new AtomicLong();

		@AxonListener("exact")
		void exact(MessageView message) {
			this.sum.addAndGet(message.length());
		}

		@AxonListener("pattern.*")
		void pattern(MessageView message) {
			this.sum.addAndGet(message.length());
		}

		@AxonListener("*")
		void fallback() {
			this.sum.incrementAndGet();
		}

	}

	@Test
	void messagesInPlaceAllocateNothing() {
		Listener listener = new Listener();
		new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
			.withPropertyValues(this.names.property("work"))
			.withBean(Listener.class, () -> listener)
			.run((context) -> {
				try (AxonChannel peer = this.names.peer("work")) {
					send(peer, listener);
					long before = allocated();
					send(peer, listener);
					assertThat((allocated() - before) / MESSAGES).as("bytes per message").isZero();
				}
			});
	}

	private static void send(AxonChannel peer, Listener listener) {
		byte[] payload = { 1 };
		String[] tags = { "exact", "pattern.1", "other" };
		long expected = listener.sum.get() + MESSAGES;
		for (int i = 0; i < MESSAGES; i++) {
			peer.sender().send(tags[i % tags.length], payload);
		}
		Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> listener.sum.get() == expected);
	}

	private static long allocated() {
		ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
		Thread receiver = Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().equals("axon-work"))
			.findFirst()
			.orElseThrow();
		return threads.getThreadAllocatedBytes(receiver.getId());
	}

}
