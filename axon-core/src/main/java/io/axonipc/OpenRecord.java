package io.axonipc;

import java.nio.ByteBuffer;

import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.RingProducer;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.ring.Words;

/**
 * A record that is being written, in the ring or with its payload in a slot: of any size,
 * with metadata, and when room has to be waited for. Used by one thread at a time, which
 * holds the outbox's lock.
 */
final class OpenRecord {

	private static final int NO_SLOT = SlotPool.FULL - 1;

	private final Endpoint endpoint;

	private final RingProducer ring;

	private final SlotPool slots;

	private final ChannelCounters counters;

	private final RoomWait room;

	private long word;

	/** Where the payload goes. */
	private ByteBuffer memory;

	private int offset;

	private int length;

	/** The slot of a large payload, or negative. */
	private int slot;

	OpenRecord(AxonChannel channel, RingProducer ring, SlotPool slots, ChannelCounters counters) {
		this.endpoint = channel.endpoint();
		this.ring = ring;
		this.slots = slots;
		this.counters = counters;
		this.room = new RoomWait(channel, ring, counters);
	}

	/**
	 * Takes room, waiting for it if there is none, and writes all but the payload.
	 * @param started when the send began, 0 for now
	 * @param nanos the longest wait for room
	 * @return false when there was none in time
	 */
	boolean write(String tag, TagCache.Encoded encoded, byte[] metadata, int messageFlags, long id, int length,
			long started, long nanos) {
		int tagLength = encoded.bytes.length;
		int start = HeaderWord.payloadOffset(tagLength, messageFlags, metadata.length);
		int limit = this.endpoint.capacity / 4;
		boolean large = start + (long) length > limit;
		int recordLength = large ? start + HeaderWord.REFERENCE : start + length;
		if (large || length > this.endpoint.maxMessage) {
			checkSize(tag, start, recordLength, length);
		}
		int record = reserve(recordLength, large ? length : -1);
		if (record < 0) {
			this.counters.add(ChannelCounters.BLOCKED, 1);
			int largeLength = large ? length : -1;
			record = this.room.await(() -> reserve(recordLength, largeLength), () -> wanted(recordLength), started,
					nanos);
			if (record < 0) {
				return false;
			}
		}
		ByteBuffer ringMemory = this.endpoint.memory;
		int flags = large ? messageFlags | HeaderWord.LARGE : messageFlags;
		if ((flags & HeaderWord.CORRELATED) != 0) {
			Words.put(this.endpoint.words, record + 8, id);
		}
		int tagStart = record + HeaderWord.tagOffset(flags);
		encoded.write(this.endpoint.words, tagStart);
		if (metadata.length > 0) {
			ringMemory.put(tagStart + tagLength, metadata);
		}
		this.word = HeaderWord.of(recordLength, tagLength, flags, metadata.length);
		this.length = length;
		if (large) {
			ringMemory.putLong(record + start, length);
			ringMemory.putLong(record + start + 8, this.slots.generation(this.slot));
			ringMemory.putLong(record + start + 16, this.slot);
			this.memory = this.slots.memory(this.slot);
			this.offset = SegmentLayout.PAGE;
		}
		else {
			this.memory = ringMemory;
			this.offset = record + start;
		}
		return true;
	}

	private void checkSize(String tag, int start, int recordLength, int length) {
		int limit = this.endpoint.capacity / 4;
		if (recordLength > limit) {
			throw Errors.tooLarge(this.endpoint.names, tag, "tag and metadata", start, limit - HeaderWord.REFERENCE);
		}
		long most = Math.min(this.endpoint.maxMessage, this.endpoint.largeMemory);
		if (length > most) {
			throw Errors.tooLarge(this.endpoint.names, tag, "payload", length, most);
		}
	}

	/**
	 * Takes a slot for a large payload, and room for the record; returns its offset or a
	 * negative number.
	 */
	private int reserve(int recordLength, int largeLength) {
		this.slot = NO_SLOT;
		if (largeLength >= 0) {
			this.slot = this.slots.claim(largeLength);
			if (this.slot == SlotPool.FULL) {
				return RingProducer.FULL;
			}
		}
		return this.ring.tryClaim(recordLength);
	}

	/** The value of the consumer's {@code free} that the last {@link #reserve} lacked. */
	private long wanted(int recordLength) {
		return (this.slot == SlotPool.FULL) ? this.slots.wanted() : this.ring.wantedFor(recordLength);
	}

	/** The payload's memory, to be written before the commit. */
	ByteBuffer payload() {
		return this.memory.slice(this.offset, this.length);
	}

	/** Bytes of payload. */
	int length() {
		return this.length;
	}

	/** Copies the payload, as long as it was when room was taken. */
	void put(ByteBuffer payload) {
		this.memory.put(this.offset, payload, payload.position(), this.length);
	}

	void put(byte[] payload) {
		this.memory.put(this.offset, payload);
	}

	/** Makes the record visible; returns its header word. */
	long commit() {
		long end = this.ring.commit(this.word);
		if (this.slot >= 0) {
			this.slots.commit(this.slot, end);
		}
		return this.word;
	}

	void wake() {
		this.room.wake();
	}

}
