package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Objects;

import io.axonipc.ring.Bytes;
import io.axonipc.ring.CorruptRingException;
import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.RingProducer;
import io.axonipc.ring.Words;

/**
 * The writing end of a channel: takes room for one record at a time, in the ring or in a
 * slot, and commits it. Between {@link #begin} and {@link #commit} or {@link #abort} the
 * calling thread holds the lock.
 */
final class Outbox {

	static final byte[] NO_METADATA = {};

	/**
	 * How long a send that does not wait for room waits for another thread's send to end.
	 */
	private static final long LOCK_NANOS = 1_000_000;

	private final AxonChannel channel;

	private final Endpoint endpoint;

	private final RingProducer ring;

	private final ChannelCounters counters;

	/** What {@link #begin} began. */
	private final OpenRecord open;

	private final ByteBuffer memory;

	private final LongBuffer words;

	private final int maxInRing;

	private final TagCache tags = new TagCache();

	/**
	 * The last message of {@link #send}, as the next one is usually like it: its tag,
	 * encoded, flags, payload and record lengths, where its payload starts, and its
	 * header word.
	 */
	private String lastTag = "";

	private long lastTagWord;

	private int lastFlags;

	private int lastLength = -1;

	private int lastRecordLength;

	private int lastStart;

	/**
	 * How much of the payload lies in the line where it starts, and how much does not.
	 */
	private int lastFirst;

	private int lastRest;

	private long lastWord;

	private final BiasedLock lock = new BiasedLock();

	Outbox(AxonChannel channel, RingProducer ring, SlotPool slots, ChannelCounters counters) {
		this.channel = channel;
		this.endpoint = channel.endpoint();
		this.memory = this.endpoint.memory;
		this.words = this.endpoint.words;
		this.maxInRing = this.endpoint.maxInRing;
		this.ring = ring;
		this.counters = counters;
		this.open = new OpenRecord(channel, ring, slots, counters);
	}

	/**
	 * Sends a message without metadata, the usual one, which fits into the ring and finds
	 * room there, in one go. How many stores that takes decides how many messages are on
	 * their way to the other core at a time; so it has few parameters, is one method,
	 * which every caller inlines or calls, and what it knows of the last message it loads
	 * again rather than to keep it on the stack across the copy.
	 * @param nanos the longest wait for room, negative for the channel's
	 * @return false when there was no room
	 */
	boolean send(String tag, ByteBuffer payload, long nanos) {
		BiasedLock.Bias mine = this.lock.enter();
		if (mine == null && !this.lock.tryLock()) {
			return sendSlowly(tag, 0, 0, payload, nanos);
		}
		try {
			int record = tryClaim(tag, 0, payload.remaining());
			if (record >= 0) {
				copy(payload, record);
				commitLast(record, 0, 0);
				return true;
			}
		}
		catch (CorruptRingException | InternalError ex) {
			throw this.channel.fail(ex);
		}
		finally {
			this.lock.exit(mine);
		}
		return sendSlowly(tag, 0, 0, payload, nanos);
	}

	/** The same for an array. */
	boolean send(String tag, byte[] payload, long nanos) {
		BiasedLock.Bias mine = this.lock.enter();
		if (mine == null && !this.lock.tryLock()) {
			return sendSlowly(tag, payload, nanos);
		}
		try {
			int record = tryClaim(tag, 0, payload.length);
			if (record >= 0) {
				copy(payload, record);
				commitLast(record, 0, 0);
				return true;
			}
		}
		catch (CorruptRingException | InternalError ex) {
			throw this.channel.fail(ex);
		}
		finally {
			this.lock.exit(mine);
		}
		return sendSlowly(tag, payload, nanos);
	}

	private boolean sendSlowly(String tag, byte[] payload, long nanos) {
		if (!begin(tag, NO_METADATA, 0, 0, payload.length, nanos)) {
			return false;
		}
		try {
			this.open.put(payload);
			finish();
		}
		catch (InternalError ex) {
			throw this.channel.fail(ex);
		}
		finally {
			this.lock.unlock();
		}
		return true;
	}

	/** The same for a request or a reply. */
	boolean send(String tag, int flags, long id, ByteBuffer payload, long nanos) {
		BiasedLock.Bias mine = this.lock.enter();
		if (mine == null && !this.lock.tryLock()) {
			return sendSlowly(tag, flags, id, payload, nanos);
		}
		try {
			int record = tryClaim(tag, flags, payload.remaining());
			if (record >= 0) {
				copy(payload, record);
				commitLast(record, flags, id);
				return true;
			}
		}
		catch (CorruptRingException | InternalError ex) {
			throw this.channel.fail(ex);
		}
		finally {
			this.lock.exit(mine);
		}
		return sendSlowly(tag, flags, id, payload, nanos);
	}

	private boolean sendSlowly(String tag, int flags, long id, ByteBuffer payload, long nanos) {
		if (!begin(tag, NO_METADATA, flags, id, payload.remaining(), nanos)) {
			return false;
		}
		commit(payload);
		return true;
	}

	/** How many bytes an error's text may have: what always fits into the ring. */
	int maxText() {
		return Math.min(this.endpoint.maxMessage, this.endpoint.capacity / 8);
	}

	/**
	 * Takes room in the ring.
	 * @return where the record starts, or a negative number when {@link #begin} is to
	 * decide
	 */
	private int tryClaim(String tag, int flags, int length) {
		if (!this.channel.isOpen()) {
			return RingProducer.FULL;
		}
		if (tag != this.lastTag || length != this.lastLength || flags != this.lastFlags) {
			remember(Objects.requireNonNull(tag, "tag"), flags, length);
		}
		return this.ring.tryClaim(this.lastRecordLength);
	}

	/** A message that does not fit into the ring gets a length for which is no room. */
	private void remember(String tag, int flags, int length) {
		TagCache.Encoded encoded = this.tags.encode(tag);
		int start = HeaderWord.payloadOffset(encoded.bytes.length, flags, 0);
		this.lastTag = tag;
		this.lastTagWord = encoded.words[0];
		this.lastFlags = flags;
		this.lastLength = length;
		this.lastRecordLength = (length <= this.maxInRing - start) ? start + length : this.endpoint.capacity;
		this.lastStart = start;
		this.lastFirst = Math.min(length, -start & (HeaderWord.ALIGNMENT - 1));
		this.lastRest = length - this.lastFirst;
		this.lastWord = HeaderWord.of(start + length, encoded.bytes.length, flags, 0);
	}

	/**
	 * What lies in the record's first line comes last: the receiver looks at that line
	 * all the time, and would take it away while the others are written, and once more is
	 * a move of it.
	 */
	private void copy(ByteBuffer payload, int record) {
		int start = payload.position();
		int to = record + this.lastStart;
		int first = this.lastFirst;
		if (this.lastRest > 0) {
			Bytes.copy(payload, start + first, this.lastRest, this.memory, this.words, to + first);
		}
		Bytes.copy(payload, start, first, this.memory, this.words, to);
	}

	private void copy(byte[] payload, int record) {
		int to = record + this.lastStart;
		int first = this.lastFirst;
		if (this.lastRest > 0) {
			Bytes.copy(payload, first, this.lastRest, this.memory, this.words, to + first);
		}
		Bytes.copy(payload, 0, first, this.memory, this.words, to);
	}

	/** Writes what is before the payload, and commits. */
	private void commitLast(int record, int flags, long id) {
		int tagStart = record + HeaderWord.tagOffset(flags);
		if (flags != 0) {
			Words.put(this.words, record + 8, id);
		}
		Words.put(this.words, tagStart, this.lastTagWord);
		if (tagStart + 8 < record + this.lastStart) {
			this.tags.encode(this.lastTag).write(this.words, tagStart);
		}
		this.ring.commit(this.lastWord);
		count(this.lastWord, this.lastLength);
	}

	private void count(long word, int length) {
		this.counters.add(ChannelCounters.SENT, 1);
		this.counters.add(ChannelCounters.BYTES_SENT, length);
		if (this.ring.mustWake(word)) {
			this.endpoint.data(this.endpoint.outgoing()).post();
			this.counters.add(ChannelCounters.SENDER_WAKEUPS, 1);
		}
	}

	/**
	 * Takes the lock and room, and writes all but the payload. Without room the lock is
	 * free again.
	 * @param timeout the longest wait for room in nanoseconds, negative for the channel's
	 */
	boolean begin(String tag, byte[] metadata, int flags, long id, int length, long timeout) {
		long nanos = (timeout < 0) ? this.channel.sendTimeoutNanos() : timeout;
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
			done = this.open.write(tag, this.tags.encode(tag), metadata, flags, id, length, start, nanos);
			return done;
		}
		catch (CorruptRingException | InternalError ex) {
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

	/** The payload's memory, to be written between begin and commit. */
	ByteBuffer payload() {
		return this.open.payload();
	}

	/** Writes the payload, as long as it was at begin, and commits. */
	void commit(ByteBuffer payload) {
		try {
			this.open.put(payload);
			finish();
		}
		catch (InternalError ex) {
			throw this.channel.fail(ex);
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
		count(this.open.commit(), this.open.length());
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
		this.open.wake();
	}

}
