package io.axonipc;

import java.util.concurrent.locks.LockSupport;

/**
 * A short pause between two looks at something that another thread or process will
 * change.
 */
final class Pause {

	private Pause() {
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
