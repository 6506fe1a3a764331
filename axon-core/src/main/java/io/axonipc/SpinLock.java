package io.axonipc;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A lock that costs one atomic instruction to take and a plain store to give back. For
 * short sections, or where waiting long is rare: a waiter spins, yields, and then naps.
 */
final class SpinLock {

	/**
	 * Who holds the lock, 0 for nobody. A number, because storing a reference costs the
	 * garbage collector's barrier.
	 */
	private final AtomicLong owner = new AtomicLong();

	boolean tryLock() {
		return this.owner.getPlain() == 0 && this.owner.compareAndSet(0, me());
	}

	void lock() {
		for (int looks = 0; !tryLock(); looks++) {
			Pause.between(looks);
		}
	}

	/** Whether a thread holds the lock, or held it a moment ago. */
	boolean isTaken() {
		return this.owner.getAcquire() != 0;
	}

	void unlock() {
		this.owner.setRelease(0);
	}

	/** Never 0, whatever a subclass of Thread makes of its id. */
	private static long me() {
		return Thread.currentThread().getId() | Long.MIN_VALUE;
	}

	boolean isMine() {
		return this.owner.getPlain() == me();
	}

}
