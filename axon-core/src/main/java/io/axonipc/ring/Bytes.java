package io.axonipc.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/**
 * Copies payloads into shared memory. Few bytes of a buffer are copied in straight lines:
 * a loop of so few turns costs more for its set-up, and the call of a copying routine
 * more than both. What is left of a word behind the payload is filled with zeros; it
 * belongs to the record's padding.
 */
public final class Bytes {

	private static final int FEW = 128;

	private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

	private Bytes() {
	}

	/**
	 * Copies bytes of an array.
	 * @param source an array
	 * @param start the first byte to copy
	 * @param length how many
	 * @param memory where to, a direct little-endian buffer
	 * @param words the same memory
	 * @param offset where the bytes go, a multiple of 8
	 */
	public static void copy(byte[] source, int start, int length, ByteBuffer memory, LongBuffer words, int offset) {
		if (length < FEW) {
			copyFew(source, start, length, words, offset);
		}
		else {
			memory.put(offset, source, start, length);
		}
	}

	/**
	 * Copies bytes of a buffer.
	 * @param source a buffer
	 * @param start the first byte to copy
	 * @param length how many
	 * @param memory where to, a direct little-endian buffer
	 * @param words the same memory
	 * @param offset where the bytes go, a multiple of 8
	 */
	public static void copy(ByteBuffer source, int start, int length, ByteBuffer memory, LongBuffer words, int offset) {
		if (length < FEW && source.order() == ByteOrder.LITTLE_ENDIAN) {
			copyFew(source, start, length, words, offset >>> 3);
		}
		else {
			memory.put(offset, source, start, length);
		}
	}

	/** A buffer around the array would be an object for each message. */
	private static void copyFew(byte[] source, int start, int length, LongBuffer words, int offset) {
		int whole = length & -Long.BYTES;
		for (int i = 0; i < whole; i += Long.BYTES) {
			Words.put(words, offset + i, (long) WORDS.get(source, start + i));
		}
		if (whole < length) {
			long last = 0;
			for (int i = start + length - 1; i >= start + whole; i--) {
				last = last << Byte.SIZE | source[i] & 0xff;
			}
			Words.put(words, offset + whole, last);
		}
	}

	private static void copyFew(ByteBuffer source, int start, int length, LongBuffer words, int index) {
		int from = start;
		int to = index;
		if ((length & 64) != 0) {
			copy32(source, from, words, to);
			copy32(source, from + 32, words, to + 4);
			from += 64;
			to += 8;
		}
		if ((length & 32) != 0) {
			copy32(source, from, words, to);
			from += 32;
			to += 4;
		}
		if ((length & 31) != 0) {
			copyLast(source, from, length & 31, words, to);
		}
	}

	private static void copy32(ByteBuffer source, int from, LongBuffer words, int to) {
		words.put(to, source.getLong(from));
		words.put(to + 1, source.getLong(from + 8));
		words.put(to + 2, source.getLong(from + 16));
		words.put(to + 3, source.getLong(from + 24));
	}

	private static void copyLast(ByteBuffer source, int start, int length, LongBuffer words, int index) {
		int from = start;
		int to = index;
		int left = length;
		for (; left >= Long.BYTES; left -= Long.BYTES) {
			words.put(to, source.getLong(from));
			from += Long.BYTES;
			to++;
		}
		if (left > 0) {
			long last = 0;
			for (int i = from + left - 1; i >= from; i--) {
				last = last << Byte.SIZE | source.get(i) & 0xff;
			}
			words.put(to, last);
		}
	}

}
