package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.ring.Words;

/**
 * A message in place, in shared memory. Valid until its handler returns or, for
 * {@link Receiver#receive}, until it is closed or the next one is received; afterwards
 * every method throws {@link IllegalStateException}. Used by one thread at a time.
 * Indices count bytes of the payload; numbers are little-endian.
 */
public final class MessageView implements AutoCloseable {

	private final SlotMappings mappings;

	private final TagCache tags;

	private final ByteBuffer ring;

	private final LongBuffer words;

	private final ByteBuffer readOnly;

	private final Receiver receiver;

	private long word;

	/** Where the payload, or the reference to it, starts in the record. */
	private int start;

	private int record;

	private ByteBuffer memory;

	private int offset;

	/** -1 after the message was acknowledged. */
	private int length = -1;

	private int deliveries;

	/**
	 * A view that is not of any message yet.
	 * @param tags remembers tags, null for a view that is used once
	 * @param receiver whose message it is to release, null for a view that belongs to a
	 * call
	 */
	MessageView(Endpoint endpoint, SlotMappings mappings, TagCache tags, Receiver receiver) {
		this.mappings = mappings;
		this.tags = tags;
		this.ring = endpoint.memory;
		this.words = endpoint.words;
		this.readOnly = endpoint.readOnly;
		this.memory = this.ring;
		this.receiver = receiver;
	}

	MessageView open(int recordOffset, long headerWord, int deliveryCount) {
		if (headerWord != this.word) {
			this.word = headerWord;
			this.start = HeaderWord.payloadOffset(headerWord);
			this.memory = this.ring;
		}
		this.record = recordOffset;
		this.offset = recordOffset + this.start;
		this.length = HeaderWord.length(headerWord) - this.start;
		if (this.deliveries != deliveryCount) {
			this.deliveries = deliveryCount;
		}
		if ((HeaderWord.flags(headerWord) & HeaderWord.LARGE) != 0) {
			openLarge(this.offset);
		}
		return this;
	}

	private void openLarge(int reference) {
		// Not valid when what the record refers to is refused.
		this.length = -1;
		long large = this.ring.getLong(reference);
		this.memory = this.mappings.map(this.ring.getLong(reference + 16), this.ring.getLong(reference + 8), large);
		this.offset = SegmentLayout.PAGE;
		this.length = (int) large;
	}

	void invalidate() {
		this.length = -1;
	}

	boolean isValid() {
		return this.length >= 0;
	}

	private void requireValid() {
		if (this.length < 0) {
			throw new IllegalStateException("this message was acknowledged; copy what is needed longer");
		}
	}

	/**
	 * The message's name. A name seen lately is not allocated again.
	 * @return the tag; malformed UTF-8 is replaced
	 */
	public String tag() {
		requireValid();
		int start = this.record + HeaderWord.tagOffset(flags());
		int size = HeaderWord.tagLength(this.word);
		return (this.tags != null) ? this.tags.decode(this.ring, start, size)
				: TagCache.decodeNew(this.ring, start, size);
	}

	/**
	 * The size of the payload.
	 * @return bytes
	 */
	public int length() {
		requireValid();
		return this.length;
	}

	/**
	 * The payload in place: read-only, little-endian, from 0 to {@link #length()}. Kept
	 * longer than this message is valid it may show bytes of later messages, but never
	 * faults.
	 * @return a new buffer
	 */
	public ByteBuffer payload() {
		requireValid();
		ByteBuffer bytes = (this.memory != this.ring) ? this.memory : this.readOnly;
		return bytes.slice(this.offset, this.length).order(ByteOrder.LITTLE_ENDIAN);
	}

	/**
	 * A copy of the payload.
	 * @return a new array
	 */
	public byte[] toByteArray() {
		byte[] bytes = new byte[length()];
		this.memory.get(this.offset, bytes);
		return bytes;
	}

	/**
	 * Reads a byte of the payload.
	 * @param index 0 to length - 1
	 * @return the value
	 */
	public byte getByte(int index) {
		return this.memory.get(checked(index, 1));
	}

	/**
	 * Reads an int of the payload.
	 * @param index 0 to length - 4
	 * @return the value
	 */
	public int getInt(int index) {
		return this.memory.getInt(checked(index, 4));
	}

	/**
	 * Reads a long of the payload.
	 * @param index 0 to length - 8
	 * @return the value
	 */
	public long getLong(int index) {
		return this.memory.getLong(checked(index, 8));
	}

	/**
	 * Reads a double of the payload.
	 * @param index 0 to length - 8
	 * @return the value
	 */
	public double getDouble(int index) {
		return this.memory.getDouble(checked(index, 8));
	}

	private int checked(int index, int size) {
		if (index < 0 || index > this.length - size) {
			requireValid();
			throw new IndexOutOfBoundsException(
					"index " + index + " with " + size + " bytes, the payload has " + this.length);
		}
		return this.offset + index;
	}

	/**
	 * What the sender sent beside the payload.
	 * @return a copy, or null when there is none
	 */
	public byte[] metadata() {
		requireValid();
		int size = HeaderWord.metadataLength(this.word);
		if (size == 0) {
			return null;
		}
		byte[] metadata = new byte[size];
		this.ring.get(this.record + HeaderWord.tagOffset(flags()) + HeaderWord.tagLength(this.word), metadata);
		return metadata;
	}

	/**
	 * What ties a request and its reply together.
	 * @return the id, 0 when there is none
	 */
	public long correlationId() {
		return ((flags() & HeaderWord.CORRELATED) != 0) ? Words.get(this.words, this.record + 8) : 0;
	}

	/**
	 * Whether the sender waits for a reply.
	 * @return true for a request
	 */
	public boolean isRequest() {
		return (flags() & (HeaderWord.CORRELATED | HeaderWord.REPLY)) == HeaderWord.CORRELATED;
	}

	/**
	 * Whether this answers a request.
	 * @return true for a reply
	 */
	public boolean isReply() {
		return (flags() & HeaderWord.REPLY) != 0;
	}

	/**
	 * Whether this reply is an error, with its text as payload.
	 * @return true for an error
	 */
	public boolean isError() {
		return (flags() & HeaderWord.ERROR) != 0;
	}

	private int flags() {
		requireValid();
		return HeaderWord.flags(this.word);
	}

	/**
	 * How often this message has been delivered, this time included.
	 * @return 1, or more when a predecessor of this process died with it in hand; at most
	 * 63
	 */
	public int deliveries() {
		requireValid();
		return this.deliveries;
	}

	/**
	 * Whether a predecessor of this process died with this message in hand.
	 * @return true for a redelivery
	 */
	public boolean isRedelivered() {
		return deliveries() > 1;
	}

	/**
	 * Acknowledges a message of {@link Receiver#receive}. Does nothing for one that a
	 * handler got, or that was acknowledged before.
	 */
	@Override
	public void close() {
		if (this.receiver != null && isValid()) {
			this.receiver.release();
		}
	}

}
