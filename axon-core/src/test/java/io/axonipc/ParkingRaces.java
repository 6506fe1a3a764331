package io.axonipc;

import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.ring.Words;

/**
 * Races between parking and waking, the Java twin of {@code native/c/test/races.c}, which
 * says how it works:
 *
 * <pre>
 * wait NAME WAITERS            opens NAME as server and waits in so many threads, one of them for messages
 * answer NAME WAITERS RACES    answers them as client; 0: for a short time
 * room NAME RACES              sends to itself, and waits for room
 * late NAME TRIES              commits without a post, right after a thread has parked
 * </pre>
 *
 * The bounded wait is as long as the system property {@value #BOUNDED_WAIT} says; what
 * was there for half of it before it was noticed has lost its wake-up. Ends with a line
 * of figures, and with 1 when a wake-up was lost.
 */
final class ParkingRaces {

	static final String BOUNDED_WAIT = "io.axonipc.boundedWaitNanos";

	/** A wait that ends by time began before, or after, what it waits for was sent. */
	private static final long LOST_NANOS = AxonChannel.BOUNDED_WAIT_NANOS / 2;

	private static final Duration LONG = Duration.ofSeconds(60);

	private static final long STALL_NANOS = 200_000_000;

	private static final int SPIN_NANOS = 1_000;

	/** Spin, grace period, and some more. */
	private static final int PAUSE_NANOS = 8_000;

	/** The first wait, and some more. */
	private static final int LONG_PAUSE_NANOS = 2_500_000;

	/** One in so many, or the first wait would make good each loss. */
	private static final int LONG_EACH = 64;

	private static final int PATIENCE_NANOS = 50_000;

	private static final int CAPACITY = 4096;

	private static final int SHORT_RACES = 40_000;

	private static final long SHORT_NANOS = 2_000_000_000L;

	/** So many messages of this size fit into the ring. */
	private static final int ROOM = 3;

	private static final byte[] PAYLOAD = new byte[1000];

	/** Of a payload: the time when it was sent. The last one is longer. */
	private static final int TIME = Long.BYTES;

	/** Lost wake-ups after which it ends. */
	private static final int ENOUGH = 2;

	private final AxonChannel channel;

	private final AtomicInteger lost = new AtomicInteger();

	private final AtomicLong races = new AtomicLong();

	private volatile long ticked = System.nanoTime();

	/** When the last room was made. */
	private volatile long released;

	private volatile long stalled = this.ticked - STALL_NANOS;

	private long wanted;

	private long began;

	private ParkingRaces(String name, Role role) {
		this.channel = AxonChannel.open(name,
				ChannelOptions.defaults()
					.role(role)
					.capacity(CAPACITY)
					.openTimeout(LONG)
					.sendTimeout(LONG)
					.waitStrategy(WaitStrategy.spinThenPark(Duration.ofNanos(SPIN_NANOS))));
		Thread ticker = new Thread(this::tick, "ticker");
		ticker.setDaemon(true);
		ticker.start();
	}

	/**
	 * Runs one part.
	 * @param arguments see above
	 * @throws Exception if it fails
	 */
	public static void main(String[] arguments) throws Exception {
		String name = arguments[1];
		int number = Integer.parseInt(arguments[2]);
		switch (arguments[0]) {
			case "wait" -> new ParkingRaces(name, Role.SERVER).await(number);
			case "answer" -> new ParkingRaces(name, Role.CLIENT).answer(number, Long.parseLong(arguments[3]));
			case "room" -> new ParkingRaces(name, Role.SERVER).sendWithoutRoom(name, number);
			case "late" -> new ParkingRaces(name, Role.SERVER).commitLate(number);
			default -> throw new IllegalArgumentException(arguments[0]);
		}
	}

	private void start(long number) {
		this.wanted = number;
		this.began = System.nanoTime();
	}

	private boolean isOver() {
		long done = this.races.get();
		return (this.wanted != 0) ? done >= this.wanted
				: done >= SHORT_RACES || System.nanoTime() - this.began > SHORT_NANOS;
	}

	/** Notices when the whole machine, or all of this process, was halted. */
	private void tick() {
		long last = System.nanoTime();
		while (true) {
			LockSupport.parkNanos(10_000_000);
			long now = System.nanoTime();
			if (now - last > STALL_NANOS) {
				this.stalled = now;
			}
			this.ticked = now;
			last = now;
		}
	}

	/**
	 * Judges a wait that has just ended.
	 * @param start since when there was what it waited for
	 */
	private void judge(long start) {
		long end = System.nanoTime();
		if (end - start < LOST_NANOS) {
			return;
		}
		while (this.ticked - end < 0) {
			Thread.yield();
		}
		boolean halted = this.stalled - start >= 0;
		System.err.println(Thread.currentThread().getName() + ": not noticed for " + (end - start) / 1_000_000 + " ms"
				+ (halted ? ", in which the machine stood still" : ""));
		if (!halted && this.lost.incrementAndGet() == ENOUGH) {
			print();
			Runtime.getRuntime().halt(1);
		}
	}

	/** The clock is the same in all processes. */
	private static ByteBuffer timed(int length) {
		return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN).putLong(0, System.nanoTime());
	}

	/** Whether it was the last one. */
	private boolean judge(MessageView message) {
		judge(message.payload().getLong(0));
		return message.length() > TIME;
	}

	private void finish() {
		print();
		this.channel.close();
		if (this.lost.get() != 0) {
			System.exit(1);
		}
	}

	private void print() {
		System.out
			.println("races=" + this.races + " parks=" + this.channel.counters().parks() + " lost=" + this.lost.get());
	}

	private static void pauseAtRandom() {
		ThreadLocalRandom random = ThreadLocalRandom.current();
		int most = (random.nextInt(LONG_EACH) == 0) ? LONG_PAUSE_NANOS : PAUSE_NANOS;
		long end = System.nanoTime() + random.nextInt(most);
		while (System.nanoTime() < end) {
			Thread.onSpinWait();
		}
	}

	private void await(int waiters) throws Exception {
		List<Callable<Void>> tasks = new ArrayList<>();
		tasks.add(this::awaitMessages);
		while (tasks.size() < waiters) {
			tasks.add(this::awaitReplies);
		}
		ExecutorService threads = Executors.newFixedThreadPool(waiters);
		for (Future<Void> task : threads.invokeAll(tasks)) {
			task.get();
		}
		threads.shutdown();
		finish();
	}

	private Void awaitMessages() {
		boolean[] last = new boolean[1];
		while (!last[0]) {
			this.channel.sender().send("a", timed(TIME));
			this.channel.receiver().poll((message) -> last[0] = judge(message), 1, LONG);
			this.races.incrementAndGet();
		}
		return null;
	}

	private Void awaitReplies() {
		boolean last = false;
		while (!last) {
			last = this.channel.request("a", timed(TIME), LONG, this::judge);
			this.races.incrementAndGet();
		}
		return null;
	}

	/**
	 * Answers one that waits, or some in a row; these wait again before the next are
	 * answered, or those could make good a loss.
	 */
	private void answer(int waiters, long number) throws ReflectiveOperationException {
		// The public way to answer needs the request in hand, and only one is.
		Field field = AxonChannel.class.getDeclaredField("outbox");
		field.setAccessible(true);
		Outbox outbox = (Outbox) field.get(this.channel);
		List<Long> asked = new ArrayList<>();
		start(number);
		boolean last = false;
		while (!last) {
			last = isOver();
			while (asked.size() < waiters) {
				receiveSoon(asked);
			}
			int answers = last ? waiters : 1 + ThreadLocalRandom.current().nextInt(waiters);
			for (; answers > 0; answers--) {
				long id = asked.remove(ThreadLocalRandom.current().nextInt(asked.size()));
				pauseAtRandom();
				int flags = (id != 0) ? HeaderWord.CORRELATED | HeaderWord.REPLY : 0;
				outbox.send("a", flags, id, timed(last ? TIME + 1 : TIME), -1);
				this.races.incrementAndGet();
			}
		}
		finish();
	}

	private void receiveSoon(List<Long> asked) {
		MessageHandler handler = (message) -> {
			judge(message);
			asked.add(message.isRequest() ? message.correlationId() : 0L);
		};
		long end = System.nanoTime() + PATIENCE_NANOS;
		int received = 0;
		while (received == 0 && System.nanoTime() < end) {
			received = this.channel.receiver().poll(handler, 1);
		}
		if (received == 0) {
			this.channel.receiver().poll(handler, 1, LONG);
		}
	}

	/**
	 * What a store does that stays in its buffer for longer than the grace period. On a
	 * busy machine it comes even later, so one of some tries has to be noticed in time.
	 */
	private void commitLate(int tries) throws Exception {
		ExecutorService threads = Executors.newSingleThreadExecutor();
		Endpoint endpoint = this.channel.endpoint();
		int data = endpoint.control(endpoint.incoming()) + SegmentLayout.PAGE;
		for (int i = 0; i < tries && this.races.get() == 0; i++) {
			Future<?> receiver = threads.submit(() -> this.channel.receiver().poll((message) -> {
			}, 1, LONG));
			while (this.channel.counters().parks() == i) {
				Thread.onSpinWait();
			}
			long start = System.nanoTime();
			Words.putRelease(endpoint.words, data + i * HeaderWord.ALIGNMENT, HeaderWord.of(16, 1, 0, 0));
			receiver.get();
			if (System.nanoTime() - start < LOST_NANOS) {
				this.races.incrementAndGet();
			}
		}
		threads.shutdown();
		finish();
	}

	/** In one process, for the receiver has to know when the sender sends. */
	private void sendWithoutRoom(String name, long number) throws Exception {
		AtomicLong sending = new AtomicLong();
		ExecutorService threads = Executors.newSingleThreadExecutor();
		ParkingRaces peer = new ParkingRaces(name, Role.CLIENT);
		Future<?> receiver = threads.submit(() -> peer.makeRoom(number, sending));
		while (sending.get() >= 0) {
			sending.incrementAndGet();
			long start = System.nanoTime();
			this.channel.sender().send("a", PAYLOAD);
			judge(Math.max(start, peer.released));
			this.races.incrementAndGet();
		}
		receiver.get();
		threads.shutdown();
		peer.channel.receiver().poll((message) -> {
		}, Integer.MAX_VALUE);
		peer.channel.close();
		finish();
	}

	private void makeRoom(long number, AtomicLong sending) {
		start(number);
		while (!isOver()) {
			long end = System.nanoTime() + PATIENCE_NANOS;
			while (sending.get() <= this.races.get() + ROOM) {
				if (System.nanoTime() > end) {
					Thread.yield();
				}
			}
			pauseAtRandom();
			this.released = System.nanoTime();
			this.channel.receiver().poll((message) -> this.races.incrementAndGet(), 1, LONG);
		}
		sending.set(Long.MIN_VALUE);
		// What was sent last may still wait for room.
		while (this.channel.receiver().poll((message) -> {
		}, 1, Duration.ofMillis(1)) > 0) {
			Thread.onSpinWait();
		}
	}

}
