package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.LongBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import io.axonipc.ring.Words;

/**
 * Remembers the encoded form of recent tags, so that sending and receiving the usual ones
 * allocates nothing. Used by one thread at a time.
 */
final class TagCache {

	private static final int SIZE = 64;

	static final int MAX_LENGTH = 255;

	private final String[] tags = new String[SIZE];

	private final Encoded[] encoded = new Encoded[SIZE];

	/** A tag in UTF-8. */
	static final class Encoded {

		final byte[] bytes;

		/** The same, little-endian, filled up with zeros: a few stores write it. */
		final long[] words;

		Encoded(byte[] bytes) {
			this.bytes = bytes;
			this.words = new long[(bytes.length + 7) / 8];
			ByteBuffer.wrap(Arrays.copyOf(bytes, 8 * this.words.length))
				.order(ByteOrder.LITTLE_ENDIAN)
				.asLongBuffer()
				.get(this.words);
		}

		/**
		 * Writes the tag; its last word may reach into the padding before what follows.
		 */
		void write(LongBuffer memory, int offset) {
			for (int i = 0; i < this.words.length; i++) {
				Words.put(memory, offset + Long.BYTES * i, this.words[i]);
			}
		}

	}

	/** The tag in UTF-8; the caller must not change it. */
	Encoded encode(String tag) {
		int slot = tag.hashCode() & (SIZE - 1);
		if (!tag.equals(this.tags[slot])) {
			this.encoded[slot] = new Encoded(toBytes(tag));
			this.tags[slot] = tag;
		}
		return this.encoded[slot];
	}

	private static byte[] toBytes(String tag) {
		try {
			ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(tag));
			if (encoded.remaining() == 0 || encoded.remaining() > MAX_LENGTH) {
				throw new IllegalArgumentException(
						"A tag has 1 to " + MAX_LENGTH + " bytes of UTF-8, '" + tag + "' has " + encoded.remaining());
			}
			byte[] bytes = new byte[encoded.remaining()];
			encoded.get(bytes);
			return bytes;
		}
		catch (CharacterCodingException ex) {
			throw new IllegalArgumentException("The tag '" + tag + "' is not valid Unicode", ex);
		}
	}

	/** The tag at an offset of a mapping; malformed UTF-8 is replaced. */
	String decode(ByteBuffer memory, int offset, int length) {
		int hash = length;
		for (int i = 0; i < length; i++) {
			hash = 31 * hash + memory.get(offset + i);
		}
		int slot = hash & (SIZE - 1);
		Encoded known = this.encoded[slot];
		if (known == null || !matches(known.bytes, memory, offset, length)) {
			byte[] bytes = new byte[length];
			memory.get(offset, bytes);
			this.encoded[slot] = new Encoded(bytes);
			this.tags[slot] = new String(bytes, StandardCharsets.UTF_8);
		}
		return this.tags[slot];
	}

	static String decodeNew(ByteBuffer memory, int offset, int length) {
		byte[] bytes = new byte[length];
		memory.get(offset, bytes);
		return new String(bytes, StandardCharsets.UTF_8);
	}

	private static boolean matches(byte[] known, ByteBuffer memory, int offset, int length) {
		if (known.length != length) {
			return false;
		}
		for (int i = 0; i < length; i++) {
			if (known[i] != memory.get(offset + i)) {
				return false;
			}
		}
		return true;
	}

}
