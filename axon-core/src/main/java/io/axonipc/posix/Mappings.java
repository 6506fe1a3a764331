package io.axonipc.posix;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts mappings, which are released when the garbage collector finds that nobody can
 * touch them any more. Linux gives a process 65530; a process that opens and closes
 * channels all the time and makes little other garbage would run out of them, and a JVM
 * does not survive that.
 */
public final class Mappings {

	/** So many more than are in use may wait for the garbage collector. */
	private static final int SLACK = 8192;

	/** How long whoever is about to make one too many gives the cleaners. */
	private static final long CLEANING_NANOS = 100_000_000;

	private static final AtomicInteger COUNT = new AtomicInteger();

	/** The fewest there were since the last collection asked for, and the slack. */
	private static final AtomicInteger LIMIT = new AtomicInteger(SLACK);

	private Mappings() {
	}

	/**
	 * To be called before some are made, without the lock of a channel's set-up: when
	 * many wait for the garbage collector, this runs it and waits for up to 100
	 * milliseconds.
	 */
	public static void collect() {
		int count = COUNT.get();
		if (count > LIMIT.get()) {
			LIMIT.set(count + SLACK);
			System.gc();
			long start = System.nanoTime();
			while (COUNT.get() > count - SLACK / 2 && System.nanoTime() - start < CLEANING_NANOS) {
				Thread.yield();
			}
		}
	}

	/** Called for each new mapping. */
	static void made() {
		COUNT.incrementAndGet();
	}

	/** Called for each mapping that was released. */
	static void released() {
		// Never up: what is released in time says nothing of what is not.
		LIMIT.accumulateAndGet(COUNT.decrementAndGet() + SLACK, Math::min);
	}

}
