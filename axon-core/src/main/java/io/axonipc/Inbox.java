package io.axonipc;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
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

	/** A yield that took so long gave the processor to another thread. */
	private static final long SWITCH_NANOS = 1_000;

	/** Looks between two readings of the clock, which costs more than a look. */
	private static final int LOOKS = 16;

	private final AxonChannel channel;

	private final Endpoint endpoint;

	private final RingConsumer ring;

	private final ChannelCounters counters;

	private final SemaphoreGate data;

	final BiasedLock consuming = new BiasedLock();

	private final SpinLock window = new SpinLock();

	/** Whose turn it is to wait on the semaphore; the others are woken by that thread. */
	private final SpinLock turn = new SpinLock();

	private final Queue<Thread> waiters = new ConcurrentLinkedQueue<>();

	/** Guarded by {@link #window}. */
	private final PendingReplies replies;

	/** Threads that wait for messages and for replies; guarded by {@link #window}. */
	private final int[] parked = new int[SegmentLayout.FOR_REPLIES + 1];

	private final Patience patience;

	private final BooleanSupplier messageReady;

	/** Up to where records were looked at, by whomever. */
	private volatile long lookedAt;

	Inbox(AxonChannel channel, RingConsumer ring, ChannelCounters counters) {
		this.channel = channel;
		this.endpoint = channel.endpoint();
		this.ring = ring;
		this.counters = counters;
		this.replies = new PendingReplies(this.endpoint);
		this.patience = new Patience(channel.spinNanos());
		this.messageReady = ring::isReady;
		this.data = new SemaphoreGate(this.endpoint.data(this.endpoint.incoming()));
	}

	/**
	 * The next message that is no reply. Replies on the way are handed to those who wait
	 * for them, or dropped. The caller holds {@link #consuming}.
	 * @return its header word, or 0 when the ring is dry
	 */
	long next() {
		long position = this.ring.position();
		long word = this.ring.next();
		while (word != 0 && RingConsumer.isReply(word)) {
			this.window.lock();
			try {
				resolve();
			}
			finally {
				this.window.unlock();
			}
			word = this.ring.next();
		}
		if (this.ring.position() != position && this.ring.mustPublish()) {
			publish();
		}
		return word;
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
			wakeWaiters();
		}
	}

	private long correlationId(long position) {
		return Words.get(this.endpoint.memory, this.ring.offset(position) + 8);
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
		catch (CorruptRingException ex) {
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
	 * waits in turn still writes to shared memory when it wakes.
	 */
	void shut() {
		this.consuming.lock();
		while (!isIdle() || !this.turn.tryLock()) {
			wake();
			Pause.nanos(WAKE_PAUSE_NANOS);
		}
	}

	private boolean isIdle() {
		this.window.lock();
		try {
			return this.replies.isEmpty();
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
		return await(this.messageReady, nanos, SegmentLayout.FOR_MESSAGES);
	}

	/** The same for a reply, but for one bounded wait after the spin. */
	boolean awaitReply(PendingReply reply, long nanos) {
		return await(() -> look(reply), nanos, SegmentLayout.FOR_REPLIES);
	}

	private boolean await(BooleanSupplier ready, long nanos, int what) {
		if (ready.getAsBoolean()) {
			return true;
		}
		publish();
		long start = System.nanoTime();
		boolean parks = this.channel.spinNanos() < AxonChannel.BOUNDED_WAIT_NANOS;
		long spin = Math.min(nanos, parks ? this.patience.next() : AxonChannel.BOUNDED_WAIT_NANOS);
		if (spin(ready, start, spin)) {
			this.patience.spun();
			return true;
		}
		long left = nanos - (System.nanoTime() - start);
		if (left > 0 && parks && !Thread.currentThread().isInterrupted()) {
			park(ready, left, what);
			this.channel.ensureOpen();
		}
		return ready.getAsBoolean();
	}

	private boolean spin(BooleanSupplier ready, long start, long nanos) {
		for (int looks = 1; nanos > 0; looks++) {
			if (ready.getAsBoolean()) {
				return true;
			}
			Thread.onSpinWait();
			if (looks % LOOKS == 0) {
				this.channel.ensureOpen();
				if (System.nanoTime() - start >= nanos || Thread.currentThread().isInterrupted()) {
					return false;
				}
			}
		}
		return false;
	}

	private void park(BooleanSupplier ready, long nanos, int what) {
		Thread me = Thread.currentThread();
		this.waiters.add(me);
		boolean inTurn = this.turn.tryLock();
		try {
			if (inTurn) {
				// Before the flag is raised: a permit that comes afterwards is this
				// park's
				// only one.
				this.data.drain();
			}
			raise(what);
			if (isQuiet(ready)) {
				this.counters.add(ChannelCounters.RECEIVER_PARKS, 1);
				sleep(ready, nanos, what, inTurn);
				this.patience.slept(ready.getAsBoolean());
			}
		}
		finally {
			lower(what);
			this.waiters.remove(me);
			if (inTurn) {
				this.turn.unlock();
				wakeWaiters();
			}
		}
	}

	/**
	 * One bounded wait after the other as long as nothing happens at all, with the flag
	 * up; a requester looks after its peer at the end of each.
	 */
	private void sleep(BooleanSupplier ready, long nanos, int what, boolean inTurn) {
		long start = System.nanoTime();
		long left = nanos;
		boolean over = false;
		while (left > 0 && !over) {
			long bound = Math.min(left, AxonChannel.BOUNDED_WAIT_NANOS);
			if (inTurn) {
				over = this.data.block(bound);
			}
			else {
				LockSupport.parkNanos(this, bound);
				over = true;
			}
			over |= what == SegmentLayout.FOR_REPLIES || ready.getAsBoolean() || hasNews() || !mayWait();
			if (!over) {
				this.channel.checkNames();
			}
			left = nanos - (System.nanoTime() - start);
		}
	}

	private boolean mayWait() {
		return this.channel.isOpen() && !Thread.currentThread().isInterrupted();
	}

	/**
	 * The flag is up. Keeps looking for the grace period, in which a commit becomes
	 * visible whose producer did not see the flag. Yields meanwhile, to a peer that may
	 * need this very processor.
	 */
	private boolean isQuiet(BooleanSupplier ready) {
		long now = System.nanoTime();
		long graceEnd = now + AxonChannel.GRACE_NANOS;
		boolean yielded = false;
		do {
			if (ready.getAsBoolean() || hasNews()) {
				this.patience.graced(yielded);
				return false;
			}
			Thread.yield();
			long before = now;
			now = System.nanoTime();
			yielded = now - before >= SWITCH_NANOS;
		}
		while (now < graceEnd);
		if (ready.getAsBoolean()) {
			this.patience.graced(yielded);
			return false;
		}
		return mayWait();
	}

	private void raise(int what) {
		this.window.lock();
		try {
			this.parked[what]++;
			this.ring.park(what);
		}
		finally {
			this.window.unlock();
		}
	}

	private void lower(int what) {
		this.window.lock();
		try {
			if (--this.parked[what] == 0) {
				this.ring.unpark(what);
			}
		}
		finally {
			this.window.unlock();
		}
	}

	/** Whether there is a record that nobody has looked at yet, for whomever it is. */
	private boolean hasNews() {
		return this.ring.isCommitted(Math.max(this.lookedAt, this.ring.position()));
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
