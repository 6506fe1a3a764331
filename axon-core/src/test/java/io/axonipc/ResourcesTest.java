package io.axonipc;

import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;

import com.sun.management.ThreadMXBean;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;

/** What a channel takes of memory and threads. */
class ResourcesTest {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final ChannelOptions SERVER = ChannelOptions.defaults().role(Role.SERVER).capacity(65536);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	@Test
	void sendingAndPollingAllocateNothing() {
		ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
		long thread = Thread.currentThread().getId();
		long[] sum = new long[1];
		MessageHandler handler = (message) -> sum[0] += message.getLong(0) + message.tag().length();
		byte[] payload = new byte[32];
		ByteBuffer buffer = ByteBuffer.allocateDirect(32);
		try (AxonChannel server = AxonChannel.open(this.name, SERVER);
				AxonChannel client = AxonChannel.open(this.name)) {
			sendAndPoll(server, client, payload, buffer, handler, 50_000);
			long before = threads.getThreadAllocatedBytes(thread);
			sendAndPoll(server, client, payload, buffer, handler, 10_000);
			assertThat(threads.getThreadAllocatedBytes(thread) - before).as("bytes for 20000 messages")
				.isLessThan(1000);
		}
	}

	private static void sendAndPoll(AxonChannel server, AxonChannel client, byte[] payload, ByteBuffer buffer,
			MessageHandler handler, int count) {
		for (int i = 0; i < count; i++) {
			server.sender().trySend("first", payload);
			server.sender().trySend("second", buffer);
			client.receiver().poll(handler, 10);
		}
	}

	@Test
	@EnabledForJreRange(min = JRE.JAVA_21)
	void aVirtualThreadWaitsWithoutPinningItsCarrier() throws Exception {
		Method ofVirtual = Thread.class.getMethod("ofVirtual");
		Object builder = ofVirtual.invoke(null);
		ThreadFactory virtual = (ThreadFactory) Class.forName("java.lang.Thread$Builder")
			.getMethod("factory")
			.invoke(builder);
		int count = Runtime.getRuntime().availableProcessors() + 2;
		try (AxonChannel server = AxonChannel.open(this.name, SERVER);
				AxonChannel client = AxonChannel.open(this.name)) {
			Thread[] waiting = new Thread[count];
			for (int i = 0; i < count; i++) {
				waiting[i] = virtual.newThread(
						() -> client.request("t", ByteBuffer.allocate(8), PATIENCE, (reply) -> reply.getLong(0)));
				waiting[i].start();
			}
			for (int handled = 0; handled < count;) {
				handled += server.receiver()
					.poll((message) -> server.sender().reply(message, message.payload()), 1, PATIENCE);
			}
			for (Thread thread : waiting) {
				thread.join();
			}
			assertThat(client.counters().messagesReceived()).isEqualTo(count);
		}
	}

}
