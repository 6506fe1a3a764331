package io.axonipc.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;

import io.axonipc.AxonChannel;
import io.axonipc.MessageHandler;
import io.axonipc.MessageView;
import io.axonipc.Receiver;
import io.axonipc.Sender;

/**
 * The all-pairs suite's measurements, as {@code samples/benchmarks} defines them: both
 * sides spin, messages have 32 bytes, and each is written in full and read in full. Word
 * 0 is a number from 0 in each round, word i is i * {@link #STEP}; {@link #END} as word 0
 * ends a round. The peers in the other languages do the same.
 */
final class PeerMeasure {

	private static final long STEP = 0x9E3779B97F4A7C15L;

	private static final long SUM = 6 * STEP;

	private static final long END = -1;

	private static final int SIZE = 32;

	private static final int ROUNDS = 12;

	private static final long ROUND_NANOS = 250_000_000;

	/** A sender looks at the clock once in so many messages. */
	private static final int CLOCK_STRIDE = 1024;

	/** Between rounds: two threads that spin on two CPUs leave none to a compiler. */
	private static final long PAUSE_MILLIS = 50;

	private static final Duration LONG_WAIT = Duration.ofSeconds(1);

	private final Sender sender;

	private final Receiver receiver;

	private final MessageHandler reader = this::read;

	private final ByteBuffer source = ByteBuffer.allocateDirect(SIZE).order(ByteOrder.LITTLE_ENDIAN);

	private long word;

	private long expected;

	private final double[] rate = new double[1];

	private PeerMeasure(AxonChannel channel) {
		this.sender = channel.sender();
		this.receiver = channel.receiver();
		for (int i = 1; i < SIZE / Long.BYTES; i++) {
			this.source.putLong(i * Long.BYTES, i * STEP);
		}
	}

	/** The behaviour "measure". */
	static void measure(AxonChannel channel) throws InterruptedException {
		PeerMeasure peer = new PeerMeasure(channel);
		long[] samples = new long[(int) (ROUND_NANOS / 50)];
		for (int round = 0; round < ROUNDS; round++) {
			System.out.println("spin-32 " + peer.ask(samples));
			Thread.sleep(PAUSE_MILLIS);
		}
		peer.send(END);
		for (int round = 0; round < ROUNDS; round++) {
			peer.stream();
			System.out.println(String.format(Locale.ROOT, "stream-32 %.0f", peer.rate[0]));
			Thread.sleep(PAUSE_MILLIS);
		}
		peer.send(END);
	}

	/** The behaviour "measured". */
	static void measured(AxonChannel channel) {
		PeerMeasure peer = new PeerMeasure(channel);
		while (peer.next() != END) {
			peer.send(peer.word);
		}
		while (peer.begins()) {
			long start = System.nanoTime();
			while (peer.next() != END) {
				// Read in full is all.
			}
			peer.source.putDouble(8, (peer.expected - 1) * 1e9 / (System.nanoTime() - start));
			peer.send(END);
			peer.source.putLong(8, STEP);
		}
	}

	/** The median round trip of one round in nanoseconds. */
	private long ask(long[] samples) {
		int count = 0;
		long begin = System.nanoTime();
		long now = begin;
		while (now - begin < ROUND_NANOS && count < samples.length) {
			send(this.expected);
			next();
			long end = System.nanoTime();
			samples[count++] = end - now;
			now = end;
		}
		Arrays.sort(samples, 0, count);
		return samples[count / 2];
	}

	private void stream() {
		long begin = System.nanoTime();
		for (long number = 0; number % CLOCK_STRIDE != 0 || System.nanoTime() - begin < ROUND_NANOS; number++) {
			send(number);
		}
		send(END);
		while (this.receiver.poll((message) -> this.rate[0] = Double.longBitsToDouble(message.getLong(8)), 1,
				LONG_WAIT) == 0) {
			// The receiver is still reading.
		}
	}

	private void send(long first) {
		this.source.putLong(0, first).clear();
		while (!this.sender.trySend("t", this.source)) {
			Thread.onSpinWait();
		}
	}

	/** Whether another round of the stream begins: its first message is not counted. */
	private boolean begins() {
		this.expected = 0;
		return next() != END;
	}

	private long next() {
		while (this.receiver.poll(this.reader, 1, LONG_WAIT) == 0) {
			// The other side is slow to begin.
		}
		return this.word;
	}

	private void read(MessageView message) {
		this.word = message.getLong(0);
		long sum = message.getLong(8) + message.getLong(16) + message.getLong(24);
		if (this.word == END) {
			return;
		}
		if (sum != SUM || this.word != this.expected) {
			throw new IllegalStateException(
					"message " + this.word + " with the sum " + sum + " came instead of " + this.expected);
		}
		this.expected++;
	}

}
