package io.axonipc.spring;

import java.util.concurrent.CompletableFuture;

/** Counts calls under way, for who waits until there are none. */
final class CallsInHand {

	private static final ThreadLocal<Boolean> MINE = new ThreadLocal<>();

	private int count;

	private CompletableFuture<Void> done = CompletableFuture.completedFuture(null);

	/** Counts a call that has been ordered. */
	synchronized void begin() {
		if (this.count == 0) {
			this.done = new CompletableFuture<>();
		}
		this.count++;
	}

	/** Counts down a call that has ended, or was refused. */
	synchronized void end() {
		this.count--;
		if (this.count == 0) {
			this.done.complete(null);
		}
	}

	synchronized CompletableFuture<Void> done() {
		return this.done;
	}

	/** Does a part of a call. */
	static void run(Runnable part) {
		Boolean outer = MINE.get();
		MINE.set(true);
		try {
			part.run();
		}
		finally {
			if (outer == null) {
				MINE.remove();
			}
		}
	}

	/**
	 * Whether the current thread does a part of a call, for whatever channel, and so must
	 * not wait for the end of calls.
	 */
	static boolean isMine() {
		return MINE.get() != null;
	}

}
