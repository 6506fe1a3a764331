package io.axonipc.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The bytes that a fuzzer made up, read as numbers; after their end all are 0. */
public final class FuzzInput {

	/** Values that find more than others. */
	private static final long[] EDGES = { -1, 1, 63, 64, 4096, Integer.MAX_VALUE, Integer.MIN_VALUE, 1L << 32,
			(1L << 62) - 64, 1L << 62, (1L << 62) + 64, Long.MAX_VALUE, Long.MAX_VALUE - 63, Long.MIN_VALUE, -64 };

	private final ByteBuffer bytes;

	/**
	 * Starts at the first byte.
	 * @param bytes the input
	 */
	public FuzzInput(byte[] bytes) {
		this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
	}

	/**
	 * Whether there is more.
	 * @return false at the end
	 */
	public boolean hasMore() {
		return this.bytes.hasRemaining();
	}

	/**
	 * A small number.
	 * @param bound at most 256
	 * @return 0 to bound - 1
	 */
	public int below(int bound) {
		return (hasMore() ? this.bytes.get() & 0xff : 0) % bound;
	}

	/**
	 * A larger number.
	 * @param bound at most 65536
	 * @return 0 to bound - 1
	 */
	public int upTo(int bound) {
		return (below(256) | (below(256) << 8)) % bound;
	}

	/**
	 * A word to write where another one is: at an edge, near the old one, or any.
	 * @param old the word that is there
	 * @return the word to write
	 */
	public long word(long old) {
		return switch (below(4)) {
			case 0 -> EDGES[below(EDGES.length)];
			case 1 -> old + 64L * (byte) below(256);
			case 2 -> old ^ (1L << below(64));
			default -> any();
		};
	}

	private long any() {
		byte[] some = new byte[Long.BYTES];
		this.bytes.get(some, 0, Math.min(some.length, this.bytes.remaining()));
		return ByteBuffer.wrap(some).order(ByteOrder.LITTLE_ENDIAN).getLong();
	}

	/**
	 * What is left.
	 * @return a copy
	 */
	public byte[] rest() {
		return Arrays.copyOfRange(this.bytes.array(), this.bytes.position(), this.bytes.limit());
	}

}
