package io.axonipc;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A lock that costs one atomic instruction to take and a plain store to give back. For
 * short sections, or where waiting long is rare: a waiter spins, yields, and then naps.
 */
final class SpinLock {

	/** The id of the thread that holds the lock; a number, so that no card is marked. */
	private final AtomicLong owner = new AtomicLong();

	boolean tryLock() {
		return this.owner.getPlain() == 0 && this.owner.compareAndSet(0, Thread.currentThread().getId());
	}

	void lock() {
		for (int looks = 0; !tryLock(); looks++) {
			Pause.between(looks);
		}
	}

	void unlock() {
		this.owner.setRelease(0);
	}

	boolean isMine() {
		return this.owner.getPlain() == Thread.currentThread().getId();
	}

}
