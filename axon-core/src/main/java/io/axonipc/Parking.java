package io.axonipc;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.axonipc.ring.SegmentLayout;

/**
 * How the threads of a process wait for what comes in: each spins, tells the producer
 * what it waits for, and then one of them waits on the data semaphore, in turn, and wakes
 * the others when it wakes. See PROTOCOL.md, "Waiting".
 */
final class Parking {

	/** A yield that took so long gave the processor to another thread. */
	private static final long SWITCH_NANOS = 1_000;

	/** Looks between two readings of the clock, which costs more than a look. */
	private static final int LOOKS = 16;

	/** Looks without a glance at the clock: a few microseconds. */
	private static final int QUICK_LOOKS = 64;

	private final AxonChannel channel;

	private final Inbox inbox;

	private final SemaphoreGate data;

	/** Whose turn it is to wait on the semaphore. */
	private final SpinLock turn = new SpinLock();

	private final Queue<Thread> waiters = new ConcurrentLinkedQueue<>();

	/**
	 * Threads that wait for messages and for replies; guarded by the inbox's window.
	 */
	private final int[] parked = new int[SegmentLayout.FOR_REPLIES + 1];

	/** By what is waited for. */
	private final Patience[] patience = new Patience[SegmentLayout.FOR_REPLIES + 1];

	Parking(AxonChannel channel, Inbox inbox) {
		Endpoint endpoint = channel.endpoint();
		this.channel = channel;
		this.inbox = inbox;
		this.patience[SegmentLayout.FOR_MESSAGES] = new Patience(channel.spinNanos());
		this.patience[SegmentLayout.FOR_REPLIES] = new Patience(channel.spinNanos());
		this.data = new SemaphoreGate(endpoint.data(endpoint.incoming()));
	}

	/**
	 * Spins, and then waits on the semaphore.
	 * @param ready what is waited for
	 * @param nanos the longest wait; for a reply at most one bounded wait after the spin
	 * @param what {@link SegmentLayout#FOR_MESSAGES} or {@link SegmentLayout#FOR_REPLIES}
	 * @return whether it came
	 */
	boolean await(BooleanSupplier ready, long nanos, int what) {
		if (ready.getAsBoolean()) {
			return true;
		}
		this.inbox.publish();
		long start = System.nanoTime();
		boolean parks = this.channel.spinNanos() < AxonChannel.BOUNDED_WAIT_NANOS;
		long spin = Math.min(nanos, parks ? this.patience[what].next() : AxonChannel.BOUNDED_WAIT_NANOS);
		if (spin(ready, start, spin)) {
			this.patience[what].spun();
			return true;
		}
		long left = nanos - (System.nanoTime() - start);
		if (left > 0 && parks && !Thread.currentThread().isInterrupted()) {
			park(ready, left, what);
			this.channel.ensureOpen();
		}
		return ready.getAsBoolean();
	}

	/** How often to look for a message before {@link #await}. */
	int quickLooks() {
		return this.patience[SegmentLayout.FOR_MESSAGES].isSpinning() ? QUICK_LOOKS : 0;
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
		boolean raised = false;
		try {
			if (inTurn) {
				// First: a permit that comes after the flag is this park's only one.
				this.data.drain();
			}
			raised = raise(what);
			if (raised && isQuiet(ready, what)) {
				count();
				sleep(ready, nanos, what, inTurn);
				this.patience[what].slept(ready.getAsBoolean());
			}
		}
		finally {
			if (raised) {
				lower(what);
			}
			this.waiters.remove(me);
			if (inTurn) {
				this.turn.unlock();
				wakeWaiters();
			}
		}
	}

	/**
	 * One wait after the other as long as nothing happens at all, with the flag up: the
	 * first one mostly ends soon. A requester looks after its peer at the end of each
	 * bounded one.
	 */
	private void sleep(BooleanSupplier ready, long nanos, int what, boolean inTurn) {
		long start = System.nanoTime();
		long left = nanos;
		boolean over = false;
		// An idle thread has looked for longer instead.
		long firstEnd = this.patience[what].isSilent() ? 0 : AxonChannel.FIRST_WAIT_NANOS;
		while (left > 0 && !over) {
			long firstLeft = firstEnd - (nanos - left);
			boolean first = firstLeft > 0;
			long bound = Math.min(left, first ? firstLeft : AxonChannel.BOUNDED_WAIT_NANOS);
			if (inTurn) {
				over = this.data.block(bound);
			}
			else {
				// Naps for the locks since may have used up what woke this thread.
				if (!ready.getAsBoolean() && this.turn.isTaken()) {
					LockSupport.parkNanos(this, bound);
				}
				over = !first || !this.turn.isTaken();
			}
			over |= (!first && what == SegmentLayout.FOR_REPLIES) || ready.getAsBoolean() || this.inbox.hasNews()
					|| !mayWait();
			if (!over && !first) {
				this.channel.lookAround();
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
	private boolean isQuiet(BooleanSupplier ready, int what) {
		long now = System.nanoTime();
		long graceEnd = now + (this.patience[what].isSilent() ? AxonChannel.LONG_GRACE_NANOS : AxonChannel.GRACE_NANOS);
		boolean yielded = false;
		do {
			if (ready.getAsBoolean() || this.inbox.hasNews()) {
				this.patience[what].graced(yielded);
				return false;
			}
			Thread.yield();
			long before = now;
			now = System.nanoTime();
			yielded = now - before >= SWITCH_NANOS;
		}
		while (now < graceEnd);
		if (ready.getAsBoolean()) {
			this.patience[what].graced(yielded);
			return false;
		}
		return mayWait();
	}

	/** After the channel was closed the flag is the successor's. */
	private boolean raise(int what) {
		this.inbox.window.lock();
		try {
			if (!this.channel.isOpen()) {
				return false;
			}
			this.parked[what]++;
			this.inbox.ring().park(what);
			return true;
		}
		finally {
			this.inbox.window.unlock();
		}
	}

	/** Under the window, because several threads may come. */
	private void count() {
		this.inbox.window.lock();
		try {
			this.channel.counters().add(ChannelCounters.RECEIVER_PARKS, 1);
		}
		finally {
			this.inbox.window.unlock();
		}
	}

	private void lower(int what) {
		this.inbox.window.lock();
		try {
			if (--this.parked[what] == 0) {
				this.inbox.ring().unpark(what);
			}
		}
		finally {
			this.inbox.window.unlock();
		}
	}

	/** Ends all waits. */
	void wake() {
		this.data.wake();
		wakeWaiters();
	}

	/** Ends the waits of those that do not wait on the semaphore itself. */
	void wakeWaiters() {
		this.waiters.forEach(LockSupport::unpark);
	}

	/** Whether no thread has the flag up. The caller holds the inbox's window. */
	boolean isEmpty() {
		return this.parked[SegmentLayout.FOR_MESSAGES] + this.parked[SegmentLayout.FOR_REPLIES] == 0;
	}

	/** Keeps the semaphore from everybody, for good, unless a thread waits on it. */
	boolean tryShut() {
		return this.turn.tryLock();
	}

}
