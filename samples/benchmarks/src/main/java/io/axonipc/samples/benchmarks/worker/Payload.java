package io.axonipc.samples.benchmarks.worker;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.function.Function;

/**
 * The bytes of one thread's messages: what is sent next, and the check of what came.
 * <p>
 * A message is a row of little-endian 64-bit words. Word 0 is the thread in the highest
 * byte and the sequence number, from 0 in each round; word i is
 * {@code i * 0x9E3779B97F4A7C15}. The receiver adds up all words of all messages and
 * compares the sum with the one that it should be, so each byte has to be read.
 */
public final class Payload {

	/** Word i is i times this: the golden ratio, so that all bits of it differ. */
	public static final long STEP = 0x9E3779B97F4A7C15L;

	private static final int THREAD_SHIFT = 56;

	/** The most sending threads. */
	private static final int THREADS = 4;

	private final int length;

	private final long thread;

	private final ByteBuffer buffer;

	private byte[] array;

	private Object attachment;

	/** The sum of the words that are the same in all messages. */
	private final long constantSum;

	private long nextSequence;

	private final long[] expected = new long[THREADS];

	private long sum;

	private String failure;

	/**
	 * The messages of the only sending thread.
	 * @param length bytes, a multiple of 8
	 */
	public Payload(int length) {
		this(length, 0);
	}

	/**
	 * The messages of one of several sending threads.
	 * @param length bytes, a multiple of 8
	 * @param thread 0 to 3
	 */
	public Payload(int length, int thread) {
		if (length < Long.BYTES || length % Long.BYTES != 0) {
			throw new IllegalArgumentException("length = " + length + " bytes is not a positive multiple of 8");
		}
		this.length = length;
		this.thread = (long) thread << THREAD_SHIFT;
		this.buffer = ByteBuffer.allocateDirect(length).order(ByteOrder.LITTLE_ENDIAN);
		long total = 0;
		for (int i = 1; i < length / Long.BYTES; i++) {
			this.buffer.putLong(i * Long.BYTES, i * STEP);
			total += i * STEP;
		}
		this.constantSum = total;
	}

	/**
	 * The size of each message.
	 * @return bytes
	 */
	public int length() {
		return this.length;
	}

	/**
	 * The next message to send.
	 * @return always the same direct buffer: little-endian, position 0, limit length
	 */
	public ByteBuffer next() {
		if (this.buffer.remaining() != this.length) {
			this.buffer.clear();
		}
		return this.buffer.putLong(0, nextSequence());
	}

	/**
	 * The memory that {@link #next} fills.
	 * @return the same buffer
	 */
	ByteBuffer buffer() {
		return this.buffer;
	}

	/**
	 * What a transport needs for each sending thread, made at the first call.
	 * @param make makes it
	 * @param <T> its type
	 * @return always the same object
	 */
	@SuppressWarnings("unchecked")
	<T> T attachment(Function<Payload, T> make) {
		if (this.attachment == null) {
			this.attachment = make.apply(this);
		}
		return (T) this.attachment;
	}

	/**
	 * Word 0 of the next message, for those who write the other words themselves.
	 * @return thread and sequence number
	 */
	public long nextSequence() {
		return this.thread | this.nextSequence++;
	}

	/**
	 * The next message to send, for systems that take arrays.
	 * @return always the same array
	 */
	public byte[] nextArray() {
		if (this.array == null) {
			this.array = new byte[this.length];
			this.buffer.get(0, this.array);
		}
		long word = nextSequence();
		for (int i = 0; i < Long.BYTES; i++) {
			this.array[i] = (byte) (word >>> (Byte.SIZE * i));
		}
		return this.array;
	}

	/**
	 * Notes a message that came.
	 * @param sequence its word 0
	 * @param messageSum the sum of all its words, word 0 included
	 */
	public void received(long sequence, long messageSum) {
		int sender = (int) (sequence >>> THREAD_SHIFT) & (THREADS - 1);
		if (sequence != ((long) sender << THREAD_SHIFT | this.expected[sender])) {
			outOfOrder(sequence, sender);
		}
		this.expected[sender]++;
		this.sum += messageSum;
	}

	private void outOfOrder(long sequence, int sender) {
		if (this.failure == null) {
			this.failure = "message 0x" + Long.toHexString(sequence) + " came where number " + this.expected[sender]
					+ " of thread " + sender + " was due";
		}
	}

	/** Begins a round: sequence numbers and sums start over. */
	public void restart() {
		this.nextSequence = 0;
		Arrays.fill(this.expected, 0);
		this.sum = 0;
		this.failure = null;
	}

	/**
	 * Checks the messages that came in this round.
	 * @param messages how many should have come
	 * @throws IllegalStateException when the number, the order or a byte was wrong
	 */
	public void verify(long messages) {
		if (this.failure != null) {
			throw new IllegalStateException(this.failure);
		}
		long count = 0;
		long expectedSum = messages * this.constantSum;
		for (int i = 0; i < THREADS; i++) {
			long n = this.expected[i];
			count += n;
			expectedSum += ((long) i << THREAD_SHIFT) * n + n * (n - 1) / 2;
		}
		if (count != messages) {
			throw new IllegalStateException(count + " messages came, " + messages + " were due");
		}
		if (this.sum != expectedSum) {
			throw new IllegalStateException("the sum of all words of " + messages + " messages is 0x"
					+ Long.toHexString(this.sum) + " instead of 0x" + Long.toHexString(expectedSum));
		}
	}

	/**
	 * Writes the next message straight to where it is wanted.
	 * @param words a little-endian buffer, filled from 0 to {@link #length()}
	 */
	void fill(ByteBuffer words) {
		LongBuffer longs = words.asLongBuffer();
		int count = this.length / Long.BYTES;
		longs.put(0, nextSequence());
		long word = STEP;
		for (int i = 1; i < count; i++) {
			longs.put(i, word);
			word += STEP;
		}
	}

	/**
	 * Adds up words. Four accumulators, because one would wait for each addition, and a
	 * buffer of longs, because a buffer of bytes checks and swaps each of them: a loop
	 * over it is ten times slower.
	 * @param words a little-endian buffer
	 * @param offset where to begin, in bytes
	 * @param length how many bytes, a multiple of 8
	 * @return the sum of the 64-bit words
	 */
	public static long sum(ByteBuffer words, int offset, int length) {
		LongBuffer longs = words.slice(offset, length).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
		int count = length / Long.BYTES;
		long a = 0;
		long b = 0;
		long c = 0;
		long d = 0;
		int i = 0;
		for (; i <= count - 4; i += 4) {
			a += longs.get(i);
			b += longs.get(i + 1);
			c += longs.get(i + 2);
			d += longs.get(i + 3);
		}
		for (; i < count; i++) {
			a += longs.get(i);
		}
		return a + b + c + d;
	}

}
