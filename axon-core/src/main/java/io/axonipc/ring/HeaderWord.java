package io.axonipc.ring;

/**
 * The first word of a record; storing it is the commit. 0 means that nothing is there
 * yet.
 *
 * <pre>
 *  63            48 47         40 39         32 31                            0
 *  +---------------+-------------+-------------+-------------------------------+
 *  | metadata u16  |  flags u8   | tag length  | length u32                    |
 *  +---------------+-------------+-------------+-------------------------------+
 *
 *  the record: header word, [correlation id], tag, metadata, padding to 8, payload
 * </pre>
 */
public final class HeaderWord {

	/** A correlation id follows the header word. */
	public static final int CORRELATED = 0x01;

	/** The record answers a request. */
	public static final int REPLY = 0x02;

	/** The reply is an error. */
	public static final int ERROR = 0x04;

	/** The payload lies in a slot; the record holds a reference. */
	public static final int LARGE = 0x08;

	/** Bytes of a reference to a slot: length u64, generation u64, slot u32, 0 u32. */
	public static final int REFERENCE = 24;

	/** Records start at multiples of this. */
	public static final int ALIGNMENT = 64;

	static final int DONE = 0x40;

	static final int PADDING = 0x80;

	private static final int UNKNOWN = 0x30;

	private HeaderWord() {
	}

	/**
	 * Puts a header word together.
	 * @param length bytes of the record without its last padding
	 * @param tagLength bytes
	 * @param flags the flags
	 * @param metadataLength bytes
	 * @return the word, never 0
	 */
	public static long of(int length, int tagLength, int flags, int metadataLength) {
		return (length & 0xffffffffL) | ((long) tagLength << 32) | ((long) flags << 40) | ((long) metadataLength << 48);
	}

	/**
	 * The record's length without its last padding.
	 * @param word a checked header word
	 * @return bytes
	 */
	public static int length(long word) {
		return (int) word;
	}

	/**
	 * The tag's length.
	 * @param word a header word
	 * @return bytes
	 */
	public static int tagLength(long word) {
		return (int) (word >>> 32) & 0xff;
	}

	/**
	 * The flags.
	 * @param word a header word
	 * @return the flags of this class
	 */
	public static int flags(long word) {
		return (int) (word >>> 40) & 0xff;
	}

	/**
	 * The length of the metadata.
	 * @param word a header word
	 * @return bytes
	 */
	public static int metadataLength(long word) {
		return (int) (word >>> 48);
	}

	/**
	 * Where the tag starts.
	 * @param flags the record's flags
	 * @return bytes from the record's start
	 */
	public static int tagOffset(int flags) {
		return ((flags & CORRELATED) != 0) ? 16 : 8;
	}

	/**
	 * Where the payload, or the reference to it, starts.
	 * @param tagLength bytes
	 * @param flags the record's flags
	 * @param metadataLength bytes
	 * @return bytes from the record's start, a multiple of 8
	 */
	public static int payloadOffset(int tagLength, int flags, int metadataLength) {
		return (tagOffset(flags) + tagLength + metadataLength + 7) & -8;
	}

	/**
	 * Where the payload, or the reference to it, starts.
	 * @param word a header word
	 * @return bytes from the record's start, a multiple of 8
	 */
	public static int payloadOffset(long word) {
		return payloadOffset(tagLength(word), flags(word), metadataLength(word));
	}

	/**
	 * What a record takes in the ring.
	 * @param length bytes of the record
	 * @return bytes, a multiple of {@link #ALIGNMENT}
	 */
	public static int aligned(int length) {
		return (length + ALIGNMENT - 1) & -ALIGNMENT;
	}

	/**
	 * Whether a record is a message that is not done with.
	 * @param word its header word
	 * @return false for padding and for what was taken out of turn
	 */
	public static boolean isMessage(long word) {
		return (flags(word) & (DONE | PADDING)) == 0;
	}

	static boolean isPadding(long word) {
		return (flags(word) & PADDING) != 0;
	}

	/** The checks of PROTOCOL.md, "What a consumer checks". */
	static boolean isValid(long word, int index, int capacity) {
		int flags = flags(word);
		if ((flags & PADDING) != 0) {
			return word == of(capacity - index, 0, PADDING, 0);
		}
		if (flags != 0 && !areValid(flags, word)) {
			return false;
		}
		// A negative length is less than any payload's offset.
		int length = length(word);
		return tagLength(word) != 0 && length >= payloadOffset(word) && length <= capacity >>> 2
				&& aligned(length) <= capacity - index;
	}

	private static boolean areValid(int flags, long word) {
		return (flags & UNKNOWN) == 0 && ((flags & REPLY) == 0 || (flags & CORRELATED) != 0)
				&& ((flags & ERROR) == 0 || (flags & REPLY) != 0)
				&& ((flags & LARGE) == 0 || length(word) - payloadOffset(word) == REFERENCE);
	}

}
