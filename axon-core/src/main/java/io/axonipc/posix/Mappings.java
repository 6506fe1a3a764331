package io.axonipc.posix;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts mappings, which are released when the garbage collector finds that nobody can
 * touch them any more. Linux gives a process 65530; a process that opens and closes
 * channels all the time and makes little other garbage would run out of them, and a JVM
 * does not survive that.
 */
final class Mappings {

	/** So many more than are in use may wait for the garbage collector. */
	private static final int SLACK = 8192;

	private static final AtomicInteger COUNT = new AtomicInteger();

	private static volatile int limit = SLACK;

	private Mappings() {
	}

	/** Called for each new mapping. */
	static void made() {
		if (COUNT.incrementAndGet() > limit) {
			limit = COUNT.get() + SLACK;
			System.gc();
		}
	}

	/** Called for each mapping that was released. */
	static void released() {
		// Never up: what is released in time says nothing of what is not.
		limit = Math.min(limit, COUNT.decrementAndGet() + SLACK);
	}

}
