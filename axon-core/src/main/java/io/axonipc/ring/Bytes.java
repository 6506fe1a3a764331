package io.axonipc.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Copies a payload into shared memory. Small ones in straight lines: a loop of so few
 * turns costs more for its set-up, and the call of a copying routine more than both.
 */
public final class Bytes {

	private static final int SMALL = 128;

	private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

	private Bytes() {
	}

	/**
	 * Copies an array.
	 * @param source all of it is copied
	 * @param memory where to, a direct little-endian buffer
	 * @param offset where they go
	 */
	public static void copy(byte[] source, ByteBuffer memory, int offset) {
		if (source.length < SMALL) {
			copySmall(source, memory, offset);
		}
		else {
			memory.put(offset, source);
		}
	}

	/**
	 * Copies a buffer.
	 * @param source copied from its position to its limit
	 * @param memory where to, a direct little-endian buffer
	 * @param offset where they go
	 */
	public static void copy(ByteBuffer source, ByteBuffer memory, int offset) {
		int start = source.position();
		int length = source.limit() - start;
		if (length < SMALL && source.order() == memory.order()) {
			copySmall(source, start, length, memory, offset);
		}
		else {
			memory.put(offset, source, start, length);
		}
	}

	/** A buffer around the array would be an object for each message. */
	private static void copySmall(byte[] source, ByteBuffer memory, int offset) {
		int words = source.length & -Long.BYTES;
		for (int i = 0; i < words; i += Long.BYTES) {
			memory.putLong(offset + i, (long) WORDS.get(source, i));
		}
		for (int i = words; i < source.length; i++) {
			memory.put(offset + i, source[i]);
		}
	}

	private static void copySmall(ByteBuffer source, int start, int length, ByteBuffer memory, int offset) {
		int from = start;
		int to = offset;
		if ((length & 64) != 0) {
			copy32(source, from, memory, to);
			copy32(source, from + 32, memory, to + 32);
			from += 64;
			to += 64;
		}
		if ((length & 32) != 0) {
			copy32(source, from, memory, to);
			from += 32;
			to += 32;
		}
		if ((length & 16) != 0) {
			memory.putLong(to, source.getLong(from));
			memory.putLong(to + 8, source.getLong(from + 8));
			from += 16;
			to += 16;
		}
		if ((length & 8) != 0) {
			memory.putLong(to, source.getLong(from));
			from += 8;
			to += 8;
		}
		if ((length & 4) != 0) {
			memory.putInt(to, source.getInt(from));
			from += 4;
			to += 4;
		}
		if ((length & 2) != 0) {
			memory.putShort(to, source.getShort(from));
			from += 2;
			to += 2;
		}
		if ((length & 1) != 0) {
			memory.put(to, source.get(from));
		}
	}

	private static void copy32(ByteBuffer source, int from, ByteBuffer memory, int to) {
		memory.putLong(to, source.getLong(from));
		memory.putLong(to + 8, source.getLong(from + 8));
		memory.putLong(to + 16, source.getLong(from + 16));
		memory.putLong(to + 24, source.getLong(from + 24));
	}

}
