package io.axonipc.posix;

import java.util.concurrent.locks.LockSupport;

/**
 * Linux's {@code membarrier}: has every running thread of this process execute a full
 * memory barrier, so that a path that is taken often can do without one where a path that
 * is taken seldom pays for both. Costs a microsecond or ten.
 */
public final class Membarrier {

	private static final int PRIVATE_EXPEDITED = 1 << 3;

	private static final int REGISTER_PRIVATE_EXPEDITED = 1 << 4;

	/** Longer than a store stays in a store buffer, by orders of magnitude. */
	private static final long DRAIN_NANOS = 10_000_000;

	private static volatile boolean available = call(REGISTER_PRIVATE_EXPEDITED) == 0;

	private Membarrier() {
	}

	/**
	 * Whether the system has it, and lets this process use it.
	 * @return false on other systems, on Linux before 4.14, and in some sandboxes
	 */
	public static boolean isAvailable() {
		return available;
	}

	/**
	 * Returns after every thread of this process that runs has executed a full barrier.
	 * Should the system refuse it, although it had agreed, this waits until their stores
	 * have become visible by themselves.
	 */
	public static void allThreads() {
		if (call(PRIVATE_EXPEDITED) != 0) {
			available = false;
			long start = System.nanoTime();
			while (System.nanoTime() - start < DRAIN_NANOS) {
				LockSupport.parkNanos(DRAIN_NANOS);
			}
		}
	}

	private static long call(int command) {
		return (Platform.MEMBARRIER != 0) ? LibC.INSTANCE.syscall(Platform.MEMBARRIER, command, 0, 0) : -1;
	}

}
