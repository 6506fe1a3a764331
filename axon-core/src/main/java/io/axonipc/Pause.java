package io.axonipc;

import java.util.concurrent.locks.LockSupport;

/**
 * A short pause between two looks at something that another thread or process will
 * change.
 */
final class Pause {

	private static final int SPINS = 8;

	private static final int YIELDS = 8;

	private static final long NAP_NANOS = 50_000;

	private Pause() {
	}

	/**
	 * Pauses longer the more looks were in vain: spins, yields the processor, naps.
	 * @param looks how many looks there were
	 */
	static void between(int looks) {
		if (looks < SPINS) {
			Thread.onSpinWait();
		}
		else if (looks < SPINS + YIELDS) {
			Thread.yield();
		}
		else {
			nanos(NAP_NANOS);
		}
	}

	/**
	 * Pauses also while the thread is interrupted, which stays so.
	 * @param nanos about how long, in nanoseconds
	 */
	static void nanos(long nanos) {
		boolean interrupted = Thread.interrupted();
		LockSupport.parkNanos(nanos);
		if (interrupted) {
			Thread.currentThread().interrupt();
		}
	}

}
