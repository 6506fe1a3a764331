package io.axonipc;

import java.util.concurrent.atomic.AtomicReference;

/**
 * A lock that costs one atomic instruction to take and a plain store to give back. For
 * short sections, or where waiting long is rare: a waiter spins and then naps.
 */
final class SpinLock {

	private static final int SPINS = 200;

	private static final long NAP_NANOS = 50_000;

	private final AtomicReference<Thread> owner = new AtomicReference<>();

	boolean tryLock() {
		return this.owner.compareAndSet(null, Thread.currentThread());
	}

	void lock() {
		tryLock(Long.MAX_VALUE);
	}

	/**
	 * Waits for the lock.
	 * @param nanos the longest wait
	 * @return whether it was taken
	 */
	boolean tryLock(long nanos) {
		if (tryLock()) {
			return true;
		}
		return awaitLock(nanos);
	}

	private boolean awaitLock(long nanos) {
		long start = System.nanoTime();
		for (int spins = 0; !tryLock(); spins++) {
			if (spins < SPINS) {
				Thread.onSpinWait();
			}
			else if (System.nanoTime() - start >= nanos) {
				return false;
			}
			else {
				Pause.nanos(NAP_NANOS);
			}
		}
		return true;
	}

	void unlock() {
		this.owner.setRelease(null);
	}

	boolean isMine() {
		return this.owner.getPlain() == Thread.currentThread();
	}

}
