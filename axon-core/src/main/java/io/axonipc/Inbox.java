package io.axonipc;

import java.util.function.BooleanSupplier;

import io.axonipc.ring.CorruptRingException;
import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.RingConsumer;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.ring.Words;

/**
 * The reading end of a channel, shared by the thread that receives and the threads that
 * wait for replies.
 * <p>
 * Two locks keep them apart. Who holds {@link #consuming} may move the position; the
 * receiver holds it for a whole poll. Who holds {@link #window}, always for a short time
 * only, may look at records from the position on: nothing is freed for the producer
 * meanwhile. A reply is marked as done and its bytes stay where they are, readable in
 * place by the thread that asked, until that request ends: it pins the ring.
 */
final class Inbox {

	/** How long a close waits before it wakes again who did not hear the first time. */
	private static final long WAKE_PAUSE_NANOS = 5_000_000;

	private final AxonChannel channel;

	private final Endpoint endpoint;

	private final RingConsumer ring;

	private final ChannelCounters counters;

	final BiasedLock consuming = new BiasedLock();

	final SpinLock window = new SpinLock();

	/** Guarded by {@link #window}. */
	private final PendingReplies replies;

	private final Parking parking;

	private final BooleanSupplier messageReady;

	/** Up to where records were looked at, by whomever. */
	private volatile long lookedAt;

	Inbox(AxonChannel channel, RingConsumer ring, ChannelCounters counters) {
		this.channel = channel;
		this.endpoint = channel.endpoint();
		this.ring = ring;
		this.counters = counters;
		this.replies = new PendingReplies(this.endpoint);
		this.parking = new Parking(channel, this);
		this.messageReady = ring::isReady;
	}

	/**
	 * The next message that is no reply. Replies on the way are handed to those who wait
	 * for them, or dropped. The caller holds {@link #consuming}.
	 * @return its header word, or 0 when the ring is dry
	 */
	long next() {
		long position = this.ring.position();
		// Loaded first: another thread may look at records meanwhile.
		long seen = this.lookedAt;
		long word = this.ring.next();
		while (word != 0 && RingConsumer.isReply(word)) {
			long reply = this.ring.position();
			this.window.lock();
			try {
				resolve();
			}
			finally {
				this.window.unlock();
			}
			word = this.ring.next();
			if (word != 0 && this.ring.position() == reply) {
				throw changed();
			}
		}
		if (word == 0 && this.ring.position() < seen) {
			throw changed();
		}
		// A reply out of turn may have been large: its slot is wanted back at once.
		if (this.ring.position() != position && (word == 0 || this.ring.mustPublish())) {
			publish();
		}
		return word;
	}

	/** A receiver would look at such a record for ever, and not get past it. */
	private CorruptRingException changed() {
		return new CorruptRingException("the record at position " + this.ring.position() + " changed after its commit");
	}

	/**
	 * Looks at the records that nobody has looked at yet: replies are handed to those who
	 * wait for them, or dropped, and are done with. The caller holds {@link #window}.
	 */
	private void resolve() {
		long position = Math.max(this.lookedAt, this.ring.position());
		long limit = this.ring.position() + this.endpoint.capacity;
		boolean message = false;
		for (long word = this.ring.recordAt(position); word != 0; word = this.ring.recordAt(position)) {
			if (RingConsumer.isReply(word)) {
				this.ring.setDone(position, word);
				if (!this.replies.deliver(correlationId(position), position, word)) {
					this.counters.add(ChannelCounters.REPLIES_DROPPED, 1);
				}
			}
			else {
				message |= HeaderWord.isMessage(word);
			}
			position += HeaderWord.aligned(HeaderWord.length(word));
			if (position > limit) {
				throw new CorruptRingException("no end of the records before position " + position);
			}
		}
		this.lookedAt = position;
		if (message) {
			// For the receiver, which may have parked behind another thread's turn.
			this.parking.wakeWaiters();
		}
	}

	private long correlationId(long position) {
		return Words.get(this.endpoint.words, this.ring.offset(position) + 8);
	}

	/**
	 * Frees what was handled, as far as no reply is still in use, and posts a producer
	 * that waits for it. Any thread may, and does before it waits for the peer.
	 */
	void publish() {
		if (!this.ring.hasUnpublished() && !this.ring.mustPublish()) {
			return;
		}
		boolean wake;
		this.window.lock();
		try {
			wake = this.ring.publish(this.replies.oldest());
			this.counters.add(ChannelCounters.RECEIVER_WAKEUPS, wake ? 1 : 0);
		}
		finally {
			this.window.unlock();
		}
		if (wake) {
			this.endpoint.space(this.endpoint.incoming()).post();
		}
	}

	/** A new request, to be ended by {@link #finish}. */
	PendingReply register() {
		this.window.lock();
		try {
			this.channel.ensureOpen();
			return this.replies.register();
		}
		finally {
			this.window.unlock();
		}
	}

	/** Looks for a reply, also beyond the messages that wait for the receiver. */
	boolean look(PendingReply reply) {
		if (!reply.isDelivered() && hasNews()) {
			this.window.lock();
			try {
				this.channel.ensureOpen();
				resolve();
			}
			finally {
				this.window.unlock();
			}
			if (!reply.isDelivered()) {
				stepOver();
			}
		}
		return reply.isDelivered();
	}

	/** Moves the ring over what is done with, if no receiver is at it, and frees it. */
	private void stepOver() {
		if (this.consuming.tryLock()) {
			try {
				next();
			}
			finally {
				this.consuming.unlock();
			}
		}
		publish();
	}

	/** Ends a request: its reply may be overwritten. */
	void finish(PendingReply reply) {
		this.window.lock();
		try {
			this.replies.remove(reply);
		}
		finally {
			this.window.unlock();
		}
		try {
			if (this.channel.isOpen()) {
				stepOver();
			}
		}
		catch (CorruptRingException | InternalError ex) {
			this.channel.fail(ex);
		}
	}

	void countReply(int length) {
		this.window.lock();
		try {
			this.counters.add(ChannelCounters.REPLIES, 1);
			this.counters.add(ChannelCounters.REPLY_BYTES, length);
		}
		finally {
			this.window.unlock();
		}
	}

	/**
	 * Wakes and keeps out every thread, for good, before the role is let go of. Whoever
	 * waits still writes to shared memory when it wakes.
	 */
	void shut() {
		this.consuming.lock();
		while (!isIdle() || !this.parking.tryShut()) {
			this.parking.wake();
			Pause.nanos(WAKE_PAUSE_NANOS);
		}
	}

	private boolean isIdle() {
		this.window.lock();
		try {
			return this.replies.isEmpty() && this.parking.isEmpty();
		}
		finally {
			this.window.unlock();
		}
	}

	boolean isRequesting(Thread thread) {
		this.window.lock();
		try {
			return this.replies.isWaiting(thread);
		}
		finally {
			this.window.unlock();
		}
	}

	/**
	 * Waits for a message: spins, then waits on the semaphore.
	 * @param nanos the longest wait
	 * @return whether one came
	 */
	boolean awaitMessage(long nanos) {
		return this.parking.await(this.messageReady, nanos, SegmentLayout.FOR_MESSAGES);
	}

	/**
	 * How often a thread that waits for messages may look for them right away, where
	 * spinning is worth it.
	 */
	int quickLooks() {
		return this.parking.quickLooks();
	}

	/** The same for a reply, but for one bounded wait after the spin. */
	boolean awaitReply(PendingReply reply, long nanos) {
		return this.parking.await(() -> look(reply), nanos, SegmentLayout.FOR_REPLIES);
	}

	/** Whether there is a record that nobody has looked at yet, for whomever it is. */
	boolean hasNews() {
		return this.ring.isCommitted(Math.max(this.lookedAt, this.ring.position()));
	}

	/**
	 * Ends all waits of this process: they look at what they wait for, and whether the
	 * channel is open.
	 */
	void wake() {
		this.parking.wake();
	}

	/**
	 * Steps over what is done with, and tells whether nothing is left to be handled. The
	 * caller holds {@link #consuming} for good.
	 */
	boolean isEmpty() {
		try {
			boolean empty = next() == 0;
			publish();
			return empty;
		}
		catch (CorruptRingException ex) {
			return false;
		}
	}

	RingConsumer ring() {
		return this.ring;
	}

}
