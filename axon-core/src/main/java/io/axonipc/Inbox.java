package io.axonipc;

import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.axonipc.ring.CorruptRingException;
import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.RingConsumer;
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

	private final AxonChannel channel;

	private final Endpoint endpoint;

	private final RingConsumer ring;

	private final ChannelCounters counters;

	private final SemaphoreGate data;

	final SpinLock consuming = new SpinLock();

	private final SpinLock window = new SpinLock();

	/** Whose turn it is to wait on the semaphore; the others are woken by that thread. */
	private final SpinLock turn = new SpinLock();

	private final Queue<Thread> waiters = new ConcurrentLinkedQueue<>();

	private final Map<Long, PendingReply> pending = new HashMap<>();

	private long requests;

	/** Up to where records were looked at, by whomever. */
	private volatile long lookedAt;

	Inbox(AxonChannel channel, RingConsumer ring, ChannelCounters counters) {
		this.channel = channel;
		this.endpoint = channel.endpoint();
		this.ring = ring;
		this.counters = counters;
		this.data = new SemaphoreGate(this.endpoint.data(this.endpoint.incoming()));
	}

	/**
	 * The next message that is no reply. Replies on the way are handed to those who wait
	 * for them, or dropped. The caller holds {@link #consuming}.
	 * @return its header word, or 0 when the ring is dry
	 */
	long next() {
		while (true) {
			long word = this.ring.next();
			if (word == 0 || !RingConsumer.isReply(word)) {
				return word;
			}
			long position = this.ring.position();
			this.window.lock();
			try {
				PendingReply reply = this.pending.get(correlationId(position));
				if (reply == null || reply.isDelivered()) {
					this.counters.add(ChannelCounters.REPLIES_DROPPED, 1);
				}
				else {
					reply.deliver(position, word);
					LockSupport.unpark(reply.thread);
				}
			}
			finally {
				this.window.unlock();
			}
			this.ring.advance(word);
			if ((HeaderWord.flags(word) & HeaderWord.LARGE) != 0 || this.ring.mustPublish()) {
				publish();
			}
		}
	}

	private long correlationId(long position) {
		return Words.get(this.endpoint.memory, this.ring.offset(position) + 8);
	}

	/**
	 * Frees what was read, as far as no reply is still in use, and posts a producer that
	 * waits for it.
	 */
	void publish() {
		this.window.lock();
		boolean wake;
		try {
			wake = this.ring.publish(oldestPinned());
		}
		finally {
			this.window.unlock();
		}
		if (wake) {
			this.endpoint.space(this.endpoint.incoming()).post();
			this.counters.add(ChannelCounters.RECEIVER_WAKEUPS, 1);
		}
	}

	private long oldestPinned() {
		long oldest = Long.MAX_VALUE;
		if (!this.pending.isEmpty()) {
			for (PendingReply reply : this.pending.values()) {
				if (reply.isDelivered()) {
					oldest = Math.min(oldest, reply.position());
				}
			}
		}
		return oldest;
	}

	/** A new request, to be ended by {@link #finish}. */
	PendingReply register() {
		this.window.lock();
		try {
			this.channel.ensureOpen();
			long id = (this.endpoint.incarnation() << 40) | (++this.requests & 0xff_ffff_ffffL);
			PendingReply reply = new PendingReply(id);
			this.pending.put(id, reply);
			return reply;
		}
		finally {
			this.window.unlock();
		}
	}

	/** Looks for the reply beyond the messages that wait for the receiver. */
	boolean look(PendingReply reply) {
		if (reply.isDelivered()) {
			return true;
		}
		if (!this.ring.isCommitted(Math.max(reply.scanned, this.ring.position()))) {
			return false;
		}
		this.window.lock();
		try {
			this.channel.ensureOpen();
			return reply.isDelivered() || scan(reply);
		}
		finally {
			this.window.unlock();
		}
	}

	private boolean scan(PendingReply reply) {
		long position = Math.max(reply.scanned, this.ring.position());
		long limit = position + this.endpoint.capacity;
		while (position < limit) {
			long word = this.ring.recordAt(position);
			if (word == 0) {
				break;
			}
			if (RingConsumer.isReply(word)) {
				PendingReply owner = this.pending.get(correlationId(position));
				if (owner == reply) {
					this.ring.setDone(position, word);
					reply.deliver(position, word);
					return true;
				}
				if (owner != null) {
					LockSupport.unpark(owner.thread);
				}
			}
			else if (position >= this.lookedAt && HeaderWord.isMessage(word)) {
				// For the receiver, which may have parked behind another thread's turn.
				wakeWaiters();
			}
			position += HeaderWord.aligned(HeaderWord.length(word));
		}
		reply.scanned = position;
		this.lookedAt = Math.max(this.lookedAt, position);
		return false;
	}

	/** Ends a request: unpins its reply, and moves the ring on if no receiver does. */
	void finish(PendingReply reply) {
		this.window.lock();
		try {
			this.pending.remove(reply.id);
		}
		finally {
			this.window.unlock();
		}
		if (this.channel.isOpen() && this.consuming.tryLock()) {
			try {
				next();
				if (this.ring.hasUnpublished()) {
					publish();
				}
			}
			catch (CorruptRingException ex) {
				this.channel.fail(ex);
			}
			finally {
				this.consuming.unlock();
			}
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
	 * waits in turn still writes to shared memory when it wakes.
	 */
	void shut() {
		this.consuming.lock();
		while (!isIdle() || !this.turn.tryLock()) {
			wake();
			LockSupport.parkNanos(100_000);
		}
	}

	private boolean isIdle() {
		this.window.lock();
		try {
			return this.pending.isEmpty();
		}
		finally {
			this.window.unlock();
		}
	}

	boolean isRequesting(Thread thread) {
		this.window.lock();
		try {
			return this.pending.values().stream().anyMatch((reply) -> reply.thread == thread);
		}
		finally {
			this.window.unlock();
		}
	}

	/**
	 * Spins, then waits at most once on the semaphore; returns at the latest after the
	 * spin and one bounded wait.
	 * @param ready what is waited for
	 * @param nanos the longest wait
	 * @return whether it came
	 */
	boolean await(BooleanSupplier ready, long nanos) {
		long start = System.nanoTime();
		long spin = Math.min(nanos, Math.min(this.channel.spinNanos(), AxonChannel.BOUNDED_WAIT_NANOS));
		do {
			if (ready.getAsBoolean()) {
				return true;
			}
			this.channel.ensureOpen();
			if (Thread.currentThread().isInterrupted()) {
				return false;
			}
			Thread.onSpinWait();
		}
		while (System.nanoTime() - start < spin);
		long left = nanos - (System.nanoTime() - start);
		if (left > 0 && spin < AxonChannel.BOUNDED_WAIT_NANOS) {
			park(ready, Math.min(left, AxonChannel.BOUNDED_WAIT_NANOS));
			this.channel.ensureOpen();
		}
		return ready.getAsBoolean();
	}

	private void park(BooleanSupplier ready, long nanos) {
		Thread me = Thread.currentThread();
		this.waiters.add(me);
		try {
			if (this.turn.tryLock()) {
				parkInTurn(ready, nanos);
			}
			else if (!ready.getAsBoolean() && this.channel.isOpen()) {
				LockSupport.parkNanos(this, nanos);
			}
		}
		finally {
			this.waiters.remove(me);
		}
	}

	private void parkInTurn(BooleanSupplier ready, long nanos) {
		try {
			// Before the flag is raised: a permit that comes afterwards is this park's
			// only one.
			this.data.drain();
			publish();
			setParked(true);
			try {
				if (isQuiet(ready)) {
					this.counters.add(ChannelCounters.RECEIVER_PARKS, 1);
					this.data.block(nanos);
				}
			}
			finally {
				setParked(false);
			}
		}
		finally {
			this.turn.unlock();
			wakeWaiters();
		}
	}

	/**
	 * The flag is up. Keeps looking for the grace period, in which a commit becomes
	 * visible whose producer did not see the flag.
	 */
	private boolean isQuiet(BooleanSupplier ready) {
		long graceEnd = System.nanoTime() + AxonChannel.GRACE_NANOS;
		do {
			if (ready.getAsBoolean() || hasNews()) {
				return false;
			}
			Thread.onSpinWait();
		}
		while (System.nanoTime() < graceEnd);
		return this.channel.isOpen() && !Thread.currentThread().isInterrupted();
	}

	/** Whether there is a record that nobody has looked at yet, for whomever it is. */
	private boolean hasNews() {
		return this.ring.isCommitted(Math.max(this.lookedAt, this.ring.position()));
	}

	private void setParked(boolean parked) {
		this.window.lock();
		try {
			if (parked) {
				this.ring.park();
			}
			else {
				this.ring.unpark();
			}
		}
		finally {
			this.window.unlock();
		}
	}

	/**
	 * Ends all waits of this process: they look at what they wait for, and whether the
	 * channel is open.
	 */
	void wake() {
		this.data.wake();
		wakeWaiters();
	}

	private void wakeWaiters() {
		this.waiters.forEach(LockSupport::unpark);
	}

	/**
	 * Steps over what is done with, and tells whether nothing is left to be handled. The
	 * caller holds {@link #consuming} for good.
	 */
	boolean isEmpty() {
		try {
			long word = next();
			publish();
			return word == 0;
		}
		catch (CorruptRingException ex) {
			return false;
		}
	}

	RingConsumer ring() {
		return this.ring;
	}

}
