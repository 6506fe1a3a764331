package io.axonipc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.testing.FuzzInput;
import io.axonipc.testing.SharedFiles;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Words of header, control pages, records and slots change at random while both ends
 * send, receive and request at full speed, also between a check and the use of what was
 * checked. Each end goes on, or gets an error that the API documents.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CorruptionUnderLoadTest {

	private static final int CAPACITY = 4096;

	private static final Duration SHORT = Duration.ofMillis(1);

	private static final ChannelOptions OPTIONS = ChannelOptions.defaults()
		.capacity(CAPACITY)
		.maxMessageSize(ChannelFuzz.MAX_MESSAGE)
		.largeMessageMemory(3 * ChannelFuzz.MAX_MESSAGE)
		.sendTimeout(SHORT);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final SharedFiles files = new SharedFiles(this.names.next());

	private final ExecutorService ends = Executors.newCachedThreadPool();

	@AfterEach
	void end() throws IOException {
		this.ends.shutdownNow();
		this.files.remove();
	}

	@Test
	void bothEndsGoOnOrSayThatTheChannelIsCorrupt() throws Exception {
		long seed = Long.getLong("axon.seed", System.nanoTime());
		Random random = new Random(seed);
		long start = System.nanoTime();
		long nanos = TimeUnit.SECONDS.toNanos(Integer.getInteger("axon.corruption.seconds", 3));
		int rounds = 0;
		int corrupt = 0;
		try {
			for (; System.nanoTime() - start < nanos; rounds++) {
				corrupt += round(random);
			}
		}
		catch (Exception ex) {
			throw new AssertionError("round " + rounds + " with -Daxon.seed=" + seed, ex);
		}
		System.out
			.println("corruption under load: seed=" + seed + " rounds=" + rounds + " ends found corrupt=" + corrupt);
		assertThat(corrupt).as("ends found corrupt").isBetween(1, 2 * rounds);
	}

	private int round(Random random) throws Exception {
		AtomicBoolean over = new AtomicBoolean();
		try (AxonChannel server = AxonChannel.open(this.files.channel(), OPTIONS.role(Role.SERVER));
				AxonChannel client = AxonChannel.open(this.files.channel(), OPTIONS)) {
			Future<Integer> serving = this.ends.submit(() -> work(server, over));
			Future<Integer> asking = this.ends.submit(() -> work(client, over));
			ByteBuffer memory = server.endpoint().memory;
			for (int writes = random.nextInt(10); writes >= 0; writes--) {
				awaitWork(server, client);
				corrupt(memory, random);
			}
			awaitWork(server, client);
			over.set(true);
			return serving.get(30, TimeUnit.SECONDS) + asking.get(30, TimeUnit.SECONDS);
		}
		finally {
			this.files.remove();
		}
	}

	/** Lets the ends do some work, if they can. */
	private static void awaitWork(AxonChannel server, AxonChannel client) {
		long start = System.nanoTime();
		long before = server.counters().messagesSent() + client.counters().messagesReceived();
		do {
			Thread.yield();
		}
		while (server.counters().messagesSent() + client.counters().messagesReceived() - before < 4
				&& System.nanoTime() - start < 1_000_000);
	}

	/** Returns 1 when the channel was found corrupt, 0 when it lasted. */
	private static int work(AxonChannel end, AtomicBoolean over) {
		for (int i = 0; !over.get(); i++) {
			try {
				switch (i % 4) {
					case 0 -> end.sender().trySend("tag", new byte[i % 900]);
					case 1 -> end.sender().trySend("large", new byte[1000 + i % 50_000]);
					case 2 -> end.request("ask", ByteBuffer.allocate(i % 2000), SHORT, MessageView::toByteArray);
					default -> end.receiver().poll((message) -> handle(end, message), 8, SHORT);
				}
			}
			catch (CorruptChannelException | ChannelClosedException ex) {
				return 1;
			}
			catch (AxonException ex) {
				// No room, no reply, no peer: it goes on.
			}
		}
		return 0;
	}

	private static void handle(AxonChannel end, MessageView message) {
		assertThat(message.tag().length() + message.toByteArray().length).isPositive();
		if (message.isRequest()) {
			end.sender().reply(message, message.payload());
		}
	}

	private void corrupt(ByteBuffer memory, Random random) throws IOException {
		byte[] bytes = new byte[10];
		random.nextBytes(bytes);
		FuzzInput input = new FuzzInput(bytes);
		int ring = SegmentLayout.control(random.nextInt(2), CAPACITY);
		int offset = switch (random.nextInt(4)) {
			case 0 -> Long.BYTES * random.nextInt(40);
			case 1 -> ring + 128 * random.nextInt(4);
			case 2 -> ring + SegmentLayout.PAGE + HeaderWord.ALIGNMENT * random.nextInt(64);
			default -> ring + SegmentLayout.PAGE + Long.BYTES * random.nextInt(512);
		};
		long old = memory.getLong(offset);
		memory.putLong(offset, input.word(old));
		if (random.nextBoolean()) {
			// Only for a moment.
			for (int i = random.nextInt(1000); i > 0; i--) {
				Thread.onSpinWait();
			}
			memory.putLong(offset, old);
		}
		if (random.nextInt(8) == 0) {
			this.files.write(this.files.slot(random.nextInt(2), random.nextInt(3)), Long.BYTES * random.nextInt(5),
					input::word);
		}
	}

}
