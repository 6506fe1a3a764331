package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;

import io.axonipc.ring.CorruptRingException;
import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.RingProducer;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.ring.Words;

/**
 * The sending side of a channel. Thread-safe: messages of one thread arrive in the order
 * in which it sent them, and what a thread did before a send is visible to whoever
 * handles the message.
 * <p>
 * A {@code ByteBuffer} is sent from its position to its limit, and neither changes. The
 * payload is copied once, into shared memory; {@link #claim claim} avoids even that.
 * Sending allocates nothing and makes no system call unless the ring is full, the
 * receiver is parked, or a large message needs memory that is not there yet.
 */
public final class Sender {

	private static final byte[] NO_METADATA = {};

	/**
	 * How long a send that does not wait for room waits for another thread's send to end.
	 */
	private static final long LOCK_NANOS = 1_000_000;

	private final AxonChannel channel;

	private final Endpoint endpoint;

	private final RingProducer ring;

	private final SlotPool slots;

	private final ChannelCounters counters;

	private final SemaphoreGate room;

	private final TagCache tags = new TagCache();

	private final SpinLock lock = new SpinLock();

	private final Claim claim = new Claim(this);

	/**
	 * The record being written: its header word, where its payload goes, and its slot or
	 * -1.
	 */
	private long word;

	private ByteBuffer payloadMemory;

	private int payloadOffset;

	private int payloadLength;

	private int slot;

	Sender(AxonChannel channel, RingProducer ring, SlotPool slots, ChannelCounters counters) {
		this.channel = channel;
		this.endpoint = channel.endpoint();
		this.ring = ring;
		this.slots = slots;
		this.counters = counters;
		this.room = new SemaphoreGate(this.endpoint.space(this.endpoint.outgoing()));
	}

	/**
	 * Sends a copy if there is room now.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param payload the bytes
	 * @return false when the ring is full, or another thread keeps it claimed
	 */
	public boolean trySend(String tag, byte[] payload) {
		return send(tag, NO_METADATA, 0, 0, payload, 0);
	}

	/**
	 * Sends a copy if there is room now.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param payload the bytes from position to limit
	 * @return false when the ring is full
	 */
	public boolean trySend(String tag, ByteBuffer payload) {
		return send(tag, NO_METADATA, 0, 0, payload, 0);
	}

	/**
	 * Sends a copy, and waits for room up to the channel's send time-out.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param payload the bytes
	 * @throws SendTimeoutException when no room was made in time; nothing was sent
	 */
	public void send(String tag, byte[] payload) {
		long timeout = this.channel.sendTimeoutNanos();
		if (!send(tag, NO_METADATA, 0, 0, payload, timeout)) {
			throw timedOut(tag, timeout);
		}
	}

	/**
	 * Sends a copy, and waits for room up to the channel's send time-out.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param payload the bytes from position to limit
	 * @throws SendTimeoutException when no room was made in time; nothing was sent
	 */
	public void send(String tag, ByteBuffer payload) {
		long timeout = this.channel.sendTimeoutNanos();
		if (!send(tag, NO_METADATA, 0, 0, payload, timeout)) {
			throw timedOut(tag, timeout);
		}
	}

	/**
	 * Sends a copy, and waits for room.
	 * @param header tag and metadata
	 * @param payload the bytes from position to limit
	 * @param timeout the longest wait
	 * @throws SendTimeoutException when no room was made in time; nothing was sent
	 */
	public void send(MessageHeader header, ByteBuffer payload, Duration timeout) {
		if (!send(header.tag(), metadata(header), 0, 0, payload, timeout.toNanos())) {
			throw timedOut(header.tag(), timeout.toNanos());
		}
	}

	/**
	 * Takes room for a payload that is then written in place, if there is room now.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param length bytes of payload
	 * @return the claim, or null when the ring is full
	 */
	public Claim tryClaim(String tag, int length) {
		return open(tag, NO_METADATA, 0, 0, length, 0) ? this.claim : null;
	}

	/**
	 * Takes room for a payload that is then written in place, and waits for room up to
	 * the channel's send time-out. Until the claim is committed or aborted, by this same
	 * thread, the other threads' sends wait.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param length bytes of payload
	 * @return the claim
	 * @throws SendTimeoutException when no room was made in time
	 */
	public Claim claim(String tag, int length) {
		return claim(tag, NO_METADATA, 0, 0, length, this.channel.sendTimeoutNanos());
	}

	/**
	 * Takes room for a payload that is then written in place.
	 * @param header tag and metadata
	 * @param length bytes of payload
	 * @param timeout the longest wait for room
	 * @return the claim
	 * @throws SendTimeoutException when no room was made in time
	 */
	public Claim claim(MessageHeader header, int length, Duration timeout) {
		return claim(header.tag(), metadata(header), 0, 0, length, timeout.toNanos());
	}

	/**
	 * Answers a request with a copy of a payload, and waits for room up to the channel's
	 * send time-out.
	 * @param request the request in hand
	 * @param payload the bytes from position to limit
	 */
	public void reply(MessageView request, ByteBuffer payload) {
		reply(request, HeaderWord.REPLY, payload);
	}

	/**
	 * Takes room for a reply that is then written in place.
	 * @param request the request in hand
	 * @param length bytes of payload
	 * @return the claim
	 */
	public Claim claimReply(MessageView request, int length) {
		return claim(request.tag(), NO_METADATA, HeaderWord.CORRELATED | HeaderWord.REPLY, requestId(request), length,
				this.channel.sendTimeoutNanos());
	}

	/**
	 * Answers a request with an error, which its sender gets as an
	 * {@link AxonRemoteException}.
	 * @param request the request in hand
	 * @param text what went wrong
	 */
	public void replyError(MessageView request, String text) {
		reply(request, HeaderWord.REPLY | HeaderWord.ERROR, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
	}

	private void reply(MessageView request, int flags, ByteBuffer payload) {
		long timeout = this.channel.sendTimeoutNanos();
		if (!send(request.tag(), NO_METADATA, HeaderWord.CORRELATED | flags, requestId(request), payload, timeout)) {
			throw timedOut(request.tag(), timeout);
		}
	}

	private static long requestId(MessageView request) {
		if (!request.isRequest()) {
			throw new IllegalArgumentException("The message with tag '" + request.tag() + "' is no request");
		}
		return request.correlationId();
	}

	void request(MessageHeader header, long id, ByteBuffer payload, long nanos) {
		if (!send(header.tag(), metadata(header), HeaderWord.CORRELATED, id, payload, nanos)) {
			throw timedOut(header.tag(), nanos);
		}
	}

	private static byte[] metadata(MessageHeader header) {
		return (header.metadata() != null) ? header.metadata() : NO_METADATA;
	}

	private boolean send(String tag, byte[] metadata, int flags, long id, byte[] payload, long nanos) {
		if (!begin(tag, metadata, flags, id, payload.length, nanos)) {
			return false;
		}
		try {
			this.payloadMemory.put(this.payloadOffset, payload);
			finish();
			return true;
		}
		finally {
			this.lock.unlock();
		}
	}

	private boolean send(String tag, byte[] metadata, int flags, long id, ByteBuffer payload, long nanos) {
		if (!begin(tag, metadata, flags, id, payload.remaining(), nanos)) {
			return false;
		}
		try {
			this.payloadMemory.put(this.payloadOffset, payload, payload.position(), this.payloadLength);
			finish();
			return true;
		}
		finally {
			this.lock.unlock();
		}
	}

	private Claim claim(String tag, byte[] metadata, int flags, long id, int length, long nanos) {
		if (!open(tag, metadata, flags, id, length, nanos)) {
			throw timedOut(tag, nanos);
		}
		return this.claim;
	}

	private boolean open(String tag, byte[] metadata, int flags, long id, int length, long nanos) {
		if (length < 0) {
			throw new IllegalArgumentException("length = " + length + " is negative");
		}
		if (!begin(tag, metadata, flags, id, length, nanos)) {
			return false;
		}
		this.claim.open(this.payloadMemory.slice(this.payloadOffset, length));
		return true;
	}

	/**
	 * Takes the lock and room, and writes all but the payload. Without room the lock is
	 * free again.
	 */
	private boolean begin(String tag, byte[] metadata, int flags, long id, int length, long nanos) {
		Objects.requireNonNull(tag, "tag");
		if (metadata.length > 0xffff) {
			throw new IllegalArgumentException("metadata of " + metadata.length + " bytes; at most 65535 are possible");
		}
		this.channel.ensureOpen();
		if (!this.lock.tryLock()) {
			if (this.lock.isMine()) {
				throw new IllegalStateException("Channel '" + this.endpoint.names
						+ "': this thread has an open claim; commit or abort it before sending");
			}
			if (!this.lock.tryLock(Math.max(nanos, LOCK_NANOS))) {
				return false;
			}
		}
		boolean done = false;
		try {
			this.channel.ensureOpen();
			done = write(tag, this.tags.encode(tag), metadata, flags, id, length, nanos);
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

	private boolean write(String tag, byte[] tagBytes, byte[] metadata, int messageFlags, long id, int length,
			long nanos) {
		int start = HeaderWord.payloadOffset(tagBytes.length, messageFlags, metadata.length);
		int limit = this.endpoint.capacity / 4;
		boolean large = start + (long) length > limit;
		int recordLength = large ? start + HeaderWord.REFERENCE : start + length;
		if (large) {
			checkSize(tag, start, recordLength, length);
		}
		int record = reserve(recordLength, large ? length : -1);
		if (record < 0) {
			this.counters.add(ChannelCounters.BLOCKED, 1);
			record = awaitRoom(recordLength, large ? length : -1, nanos);
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
		memory.put(tagStart, tagBytes);
		memory.put(tagStart + tagBytes.length, metadata);
		this.word = HeaderWord.of(recordLength, tagBytes.length, flags, metadata.length);
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
		this.slot = -1;
		if (largeLength >= 0) {
			this.slot = this.slots.claim(largeLength);
			if (this.slot == SlotPool.FULL) {
				return RingProducer.FULL;
			}
		}
		return this.ring.tryClaim(recordLength);
	}

	/**
	 * Spins and then parks until the consumer has made room. The lock is held meanwhile.
	 */
	private int awaitRoom(int recordLength, int largeLength, long nanos) {
		long start = System.nanoTime();
		long spin = this.channel.spinNanos();
		for (long waited = 0; waited < nanos; waited = System.nanoTime() - start) {
			int record = (waited < spin) ? spin(recordLength, largeLength, Math.min(spin, nanos) - waited)
					: park(recordLength, largeLength, nanos - waited);
			if (record >= 0) {
				return record;
			}
			this.channel.ensureOpen();
			this.channel.checkNames();
			if (Thread.currentThread().isInterrupted()) {
				throw new WaitInterruptedException(
						"Channel '" + this.endpoint.names + "': interrupted while waiting for room");
			}
		}
		return RingProducer.FULL;
	}

	private int spin(int recordLength, int largeLength, long nanos) {
		long end = System.nanoTime() + Math.min(nanos, AxonChannel.BOUNDED_WAIT_NANOS);
		int record;
		do {
			Thread.onSpinWait();
			record = reserve(recordLength, largeLength);
		}
		while (record < 0 && this.channel.isOpen() && System.nanoTime() < end);
		return record;
	}

	private int park(int recordLength, int largeLength, long nanos) {
		boolean slotWanted = largeLength >= 0 && this.slot == SlotPool.FULL;
		this.ring.want(slotWanted ? this.slots.wanted() : this.ring.wantedFor(recordLength));
		try {
			long graceEnd = System.nanoTime() + AxonChannel.GRACE_NANOS;
			do {
				int record = reserve(recordLength, largeLength);
				if (record >= 0) {
					return record;
				}
				Thread.onSpinWait();
			}
			while (System.nanoTime() < graceEnd);
			this.room.drain();
			int record = reserve(recordLength, largeLength);
			if (record < 0 && this.channel.isOpen() && !Thread.currentThread().isInterrupted()) {
				this.counters.add(ChannelCounters.SENDER_PARKS, 1);
				this.room.block(Math.min(nanos, AxonChannel.BOUNDED_WAIT_NANOS));
				record = reserve(recordLength, largeLength);
			}
			return record;
		}
		finally {
			this.ring.want(0);
		}
	}

	/** Commits the record and wakes the receiver if it sleeps. The lock is held. */
	private void finish() {
		this.channel.ensureOpen();
		long end = this.ring.commit(this.word);
		if (this.slot >= 0) {
			this.slots.commit(this.slot, end);
		}
		this.counters.add(ChannelCounters.SENT, 1);
		this.counters.add(ChannelCounters.BYTES_SENT, this.payloadLength);
		if (this.ring.mustWake()) {
			this.endpoint.data(this.endpoint.outgoing()).post();
			this.counters.add(ChannelCounters.SENDER_WAKEUPS, 1);
		}
	}

	void commitClaim() {
		try {
			finish();
		}
		finally {
			this.lock.unlock();
		}
	}

	void abortClaim() {
		this.lock.unlock();
	}

	boolean isMine() {
		return this.lock.isMine();
	}

	/** Keeps every other thread out for good; called once, by close. */
	void shut() {
		if (this.lock.isMine()) {
			this.claim.abort();
		}
		this.lock.lock();
	}

	void wake() {
		this.room.wake();
	}

	private SendTimeoutException timedOut(String tag, long nanos) {
		return new SendTimeoutException("Channel '" + this.endpoint.names + "': no room for the message with tag '"
				+ tag + "' within " + Duration.ofNanos(nanos) + ": " + this.counters.ringUsed() + " of "
				+ this.endpoint.capacity + " bytes wait for the peer, which "
				+ (this.channel.isPeerAlive() ? "is slower than this sender" : "is not attached")
				+ ". Nothing was sent; try again, or give it more capacity or a longer sendTimeout");
	}

}
