package io.axonipc;

import java.nio.ByteBuffer;
import java.util.Objects;

import io.axonipc.ring.Bytes;
import io.axonipc.ring.CorruptRingException;
import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.RingProducer;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.ring.Words;

/**
 * The writing end of a channel: takes room for one record at a time, in the ring or in a
 * slot, and commits it. Between {@link #begin} and {@link #commit} or {@link #abort} the
 * calling thread holds the lock.
 */
final class Outbox {

	private static final int NO_SLOT = SlotPool.FULL - 1;

	/**
	 * How long a send that does not wait for room waits for another thread's send to end.
	 */
	private static final long LOCK_NANOS = 1_000_000;

	private final AxonChannel channel;

	private final Endpoint endpoint;

	private final RingProducer ring;

	private final SlotPool slots;

	private final ChannelCounters counters;

	private final RoomWait room;

	private final ByteBuffer memory;

	private final int maxInRing;

	private final TagCache tags = new TagCache();

	/** The tag of the last small message, encoded: the next one's is usually the same. */
	private String lastTag;

	private long lastTagWord;

	private int lastTagLength;

	private final BiasedLock lock = new BiasedLock();

	/**
	 * The record being written: its header word, where its payload goes, and its slot or
	 * -1.
	 */
	private long word;

	private ByteBuffer payloadMemory;

	private int payloadOffset;

	private int payloadLength;

	private int slot;

	Outbox(AxonChannel channel, RingProducer ring, SlotPool slots, ChannelCounters counters) {
		this.channel = channel;
		this.endpoint = channel.endpoint();
		this.memory = this.endpoint.memory;
		this.maxInRing = this.endpoint.maxInRing;
		this.ring = ring;
		this.slots = slots;
		this.counters = counters;
		this.room = new RoomWait(channel, ring, counters);
	}

	/**
	 * Sends the usual message in one go: without metadata, within the ring, and when
	 * there is room and nobody else sends.
	 * @return false when nothing was sent, and {@link #begin} is to decide
	 */
	boolean trySend(String tag, int messageFlags, long id, ByteBuffer payload) {
		if (!this.lock.tryLock()) {
			return false;
		}
		try {
			int length = payload.remaining();
			int record = tryWrite(tag, messageFlags, id, length);
			if (record < 0) {
				return false;
			}
			Bytes.copy(payload, this.memory, record + this.payloadOffset);
			commitSmall(length);
			return true;
		}
		catch (CorruptRingException ex) {
			throw this.channel.fail(ex);
		}
		finally {
			this.lock.unlock();
		}
	}

	/** The same for an array. */
	boolean trySend(String tag, int messageFlags, long id, byte[] payload) {
		if (!this.lock.tryLock()) {
			return false;
		}
		try {
			int record = tryWrite(tag, messageFlags, id, payload.length);
			if (record < 0) {
				return false;
			}
			Bytes.copy(payload, this.memory, record + this.payloadOffset);
			commitSmall(payload.length);
			return true;
		}
		catch (CorruptRingException ex) {
			throw this.channel.fail(ex);
		}
		finally {
			this.lock.unlock();
		}
	}

	private int tryWrite(String tag, int flags, long id, int length) {
		if (!this.channel.isOpen()) {
			return RingProducer.FULL;
		}
		if (tag != this.lastTag || tag == null) {
			remember(Objects.requireNonNull(tag, "tag"));
		}
		int tagStart = HeaderWord.tagOffset(flags);
		int start = tagStart + ((this.lastTagLength + 7) & -8);
		if (length > this.maxInRing - start) {
			return RingProducer.FULL;
		}
		int record = this.ring.tryClaim(start + length);
		if (record < 0) {
			return record;
		}
		ByteBuffer memory = this.memory;
		if (tagStart != 8) {
			Words.put(memory, record + 8, id);
		}
		Words.put(memory, record + tagStart, this.lastTagWord);
		if (this.lastTagLength > 8) {
			writeTag(memory, record + tagStart, this.tags.encode(tag));
		}
		this.word = HeaderWord.of(start + length, this.lastTagLength, flags, 0);
		this.payloadOffset = start;
		return record;
	}

	private void remember(String tag) {
		TagCache.Encoded encoded = this.tags.encode(tag);
		this.lastTagLength = encoded.bytes.length;
		this.lastTagWord = encoded.words[0];
		this.lastTag = tag;
	}

	/** The words may reach into the padding before what follows. */
	private static void writeTag(ByteBuffer memory, int offset, TagCache.Encoded encoded) {
		long[] words = encoded.words;
		for (int i = 0; i < words.length; i++) {
			Words.put(memory, offset + 8 * i, words[i]);
		}
	}

	private void commitSmall(int length) {
		this.ring.commit(this.word);
		count(length);
	}

	private void count(int length) {
		this.counters.add(ChannelCounters.SENT, 1);
		this.counters.add(ChannelCounters.BYTES_SENT, length);
		if (this.ring.mustWake(this.word)) {
			this.endpoint.data(this.endpoint.outgoing()).post();
			this.counters.add(ChannelCounters.SENDER_WAKEUPS, 1);
		}
	}

	/**
	 * Takes the lock and room, and writes all but the payload. Without room the lock is
	 * free again.
	 */
	boolean begin(String tag, byte[] metadata, int flags, long id, int length, long nanos) {
		Objects.requireNonNull(tag, "tag");
		if (metadata.length > 0xffff) {
			throw new IllegalArgumentException("metadata of " + metadata.length + " bytes; at most 65535 are possible");
		}
		this.channel.ensureOpen();
		long start = 0;
		if (!this.lock.tryLock()) {
			start = System.nanoTime();
			if (!awaitLock(Math.max(nanos, LOCK_NANOS), start)) {
				return false;
			}
		}
		boolean done = false;
		try {
			this.channel.ensureOpen();
			done = write(tag, this.tags.encode(tag), metadata, flags, id, length, start, nanos);
			return done;
		}
		catch (CorruptRingException ex) {
			throw this.channel.fail(ex);
		}
		finally {
			if (!done) {
				this.lock.unlock();
			}
		}
	}

	/**
	 * Waits for another thread's send or claim to end; a close or an interrupt ends the
	 * wait.
	 */
	private boolean awaitLock(long nanos, long start) {
		if (this.lock.isMine()) {
			throw new IllegalStateException("Channel '" + this.endpoint.names
					+ "': this thread has an open claim; commit or abort it before sending");
		}
		while (!this.lock.tryLock(LOCK_NANOS)) {
			this.channel.ensureOpen();
			this.channel.ensureNotInterrupted("another thread's send to end");
			if (System.nanoTime() - start >= nanos) {
				return false;
			}
		}
		return true;
	}

	private boolean write(String tag, TagCache.Encoded encoded, byte[] metadata, int messageFlags, long id, int length,
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
		ByteBuffer memory = this.endpoint.memory;
		int flags = large ? messageFlags | HeaderWord.LARGE : messageFlags;
		if ((flags & HeaderWord.CORRELATED) != 0) {
			Words.put(memory, record + 8, id);
		}
		int tagStart = record + HeaderWord.tagOffset(flags);
		writeTag(memory, tagStart, encoded);
		if (metadata.length > 0) {
			memory.put(tagStart + tagLength, metadata);
		}
		this.word = HeaderWord.of(recordLength, tagLength, flags, metadata.length);
		this.payloadLength = length;
		if (large) {
			memory.putLong(record + start, length);
			memory.putLong(record + start + 8, this.slots.generation(this.slot));
			memory.putLong(record + start + 16, this.slot);
			this.payloadMemory = this.slots.memory(this.slot);
			this.payloadOffset = SegmentLayout.PAGE;
		}
		else {
			this.payloadMemory = memory;
			this.payloadOffset = record + start;
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

	/** The payload's memory, to be written between begin and commit. */
	ByteBuffer payload() {
		return this.payloadMemory.slice(this.payloadOffset, this.payloadLength);
	}

	/** Writes the payload and commits. */
	void commit(byte[] payload) {
		try {
			Bytes.copy(payload, this.payloadMemory, this.payloadOffset);
			finish();
		}
		finally {
			this.lock.unlock();
		}
	}

	/** Writes the payload and commits. */
	void commit(ByteBuffer payload) {
		try {
			Bytes.copy(payload, this.payloadMemory, this.payloadOffset);
			finish();
		}
		finally {
			this.lock.unlock();
		}
	}

	/** Commits what was written to {@link #payload()}. */
	void commit() {
		try {
			finish();
		}
		finally {
			this.lock.unlock();
		}
	}

	/** Makes the record visible and wakes the receiver if it sleeps. */
	private void finish() {
		this.channel.ensureOpen();
		long end = this.ring.commit(this.word);
		if (this.slot >= 0) {
			this.slots.commit(this.slot, end);
		}
		count(this.payloadLength);
	}

	/** Gives the room back and lets the lock go. */
	void abort() {
		this.lock.unlock();
	}

	/** Whether this thread is between begin and commit. */
	boolean isMine() {
		return this.lock.isMine();
	}

	/** Keeps every thread out for good. */
	void shut() {
		this.lock.lock();
	}

	/** Whether the peer has handled all; asked when it is gone. */
	boolean isEmpty() {
		try {
			return this.ring.isEmpty();
		}
		catch (CorruptRingException ex) {
			return false;
		}
	}

	void wake() {
		this.room.wake();
	}

}
