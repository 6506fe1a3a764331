package io.axonipc;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

/**
 * Both ends of a channel are closed, by several threads, while others do all that can be
 * done with it. Each of these gets a {@link ChannelClosedException}, or hears that its
 * peer went away, and nothing else.
 */
@Timeout(600)
class CloseStormTest {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final WaitStrategy[] WAITS = { WaitStrategy.park(), WaitStrategy.defaultStrategy(),
			WaitStrategy.spin() };

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final ExecutorService threads = Executors.newCachedThreadPool();

	@AfterEach
	void endThreads() throws InterruptedException {
		this.threads.shutdownNow();
		assertThat(this.threads.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as("no thread hangs")
			.isTrue();
	}

	@Test
	void closeIsTheOnlyThingThatCallsHearOf() throws Exception {
		storm(Long.getLong("axon.seed", System.nanoTime()), 50);
	}

	@Test
	@Tag("hardening")
	void closeIsTheOnlyThingThatCallsHearOfForLong() throws Exception {
		storm(Long.getLong("axon.seed", System.nanoTime()), Integer.getInteger("axon.rounds", 300));
	}

	private void storm(long seed, int rounds) throws Exception {
		Random random = new Random(seed);
		String name = this.names.next();
		for (int round = 0; round < rounds; round++) {
			try {
				new Round(name, new Random(random.nextLong())).run();
			}
			catch (Throwable ex) {
				throw new AssertionError("round " + round + " of -Daxon.seed=" + seed, ex);
			}
		}
	}

	/** What a thread does again and again until its channel is closed. */
	private interface Work {

		void once(AxonChannel channel, Random random);

	}

	private static final List<Work> SENDING = List.of(
			(channel, random) -> channel.sender().send("send", new byte[random.nextInt(500)]),
			(channel, random) -> channel.sender().trySend("try", ByteBuffer.allocate(random.nextInt(500))),
			(channel, random) -> channel.sender().send("large", new byte[2000 + random.nextInt(70_000)]),
			(channel, random) -> claim(channel, random), (channel, random) -> request(channel),
			(channel, random) -> channel.isPeerAlive());

	private static final List<Work> RECEIVING = List.of(
			(channel, random) -> channel.receiver().poll((message) -> answer(channel, message), 10, PATIENCE),
			(channel, random) -> channel.receiver().poll((message) -> answer(channel, message), 10),
			(channel, random) -> channel.receiver()
				.poll((message) -> answer(channel, message), 1, Duration.ofNanos(random.nextInt(50_000))),
			(channel, random) -> channel.receiver().receive(PATIENCE),
			(channel, random) -> channel.receiver().receive(Duration.ofNanos(random.nextInt(50_000))),
			(channel, random) -> channel.receiver().poll((message) -> {
				if (random.nextInt(20) == 0) {
					channel.close();
				}
			}, 10, PATIENCE));

	private static void claim(AxonChannel channel, Random random) {
		try (Claim claim = channel.sender().claim("claim", 8)) {
			if (random.nextBoolean()) {
				claim.commit();
			}
		}
	}

	private static void request(AxonChannel channel) {
		try {
			channel.request("request", ByteBuffer.allocate(8), PATIENCE, MessageView::length);
		}
		catch (PeerDiedException ex) {
			// The other end was closed first.
		}
	}

	private static void answer(AxonChannel channel, MessageView message) {
		if (message.isRequest()) {
			channel.sender().reply(message, message.payload());
		}
	}

	/** One channel's life. */
	private final class Round {

		private final String name;

		private final Random random;

		private final List<AxonChannel> ends = new ArrayList<>();

		private final List<Future<?>> workers = new ArrayList<>();

		private final List<Future<?>> closers = new ArrayList<>();

		Round(String name, Random random) {
			this.name = name;
			this.random = random;
		}

		void run() throws Exception {
			for (Role role : Role.values()) {
				this.ends.add(AxonChannel.open(this.name,
						ChannelOptions.defaults()
							.role(role)
							.capacity(4096)
							.sendTimeout(PATIENCE)
							.waitStrategy(WAITS[this.random.nextInt(WAITS.length)])));
			}
			CountDownLatch begun = new CountDownLatch(4);
			// An empty channel is removed by its last close.
			List<Work> sending = this.random.nextBoolean() ? SENDING : SENDING.subList(5, 6);
			for (AxonChannel end : this.ends) {
				work(end, sending, begun);
				work(end, RECEIVING, begun);
			}
			begun.await();
			int first = this.random.nextInt(2);
			close(this.ends.get(first));
			close(this.ends.get(this.random.nextInt(3) == 0 ? first : 1 - first));
			close(this.ends.get(1 - first));
			for (Future<?> closer : this.closers) {
				closer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			}
			for (Future<?> worker : this.workers) {
				hearsOfTheClose(worker);
			}
			this.ends.forEach(this::isClosed);
			AxonChannel.discard(this.name);
			assertThat(UniqueNames.files(this.name)).isEmpty();
		}

		private void work(AxonChannel end, List<Work> kinds, CountDownLatch begun) {
			Work work = kinds.get(this.random.nextInt(kinds.size()));
			Random own = new Random(this.random.nextLong());
			this.workers.add(CloseStormTest.this.threads.submit(() -> {
				begun.countDown();
				while (end.isOpen()) {
					work.once(end, own);
				}
			}));
		}

		private void close(AxonChannel end) {
			long delay = this.random.nextInt(this.random.nextBoolean() ? 2_000 : 500_000);
			this.closers.add(CloseStormTest.this.threads.submit(() -> {
				LockSupport.parkNanos(delay);
				end.close();
			}));
		}

		private void hearsOfTheClose(Future<?> worker) throws Exception {
			try {
				worker.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			}
			catch (ExecutionException ex) {
				if (!(ex.getCause() instanceof ChannelClosedException) || ex.getCause().getCause() != null) {
					fail("a call heard of something else", ex.getCause());
				}
			}
		}

		private void isClosed(AxonChannel end) {
			assertThat(end.isOpen()).isFalse();
			assertThat(end.isPeerAlive()).isFalse();
			for (Work work : SENDING.subList(0, 5)) {
				assertThatThrownBy(() -> work.once(end, this.random)).isInstanceOf(ChannelClosedException.class);
			}
			for (Work work : RECEIVING) {
				assertThatThrownBy(() -> work.once(end, this.random)).isInstanceOf(ChannelClosedException.class);
			}
			end.close();
		}

	}

}
