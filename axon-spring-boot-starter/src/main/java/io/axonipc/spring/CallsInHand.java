package io.axonipc.spring;

import java.util.concurrent.CompletableFuture;

/** Counts calls under way, for who waits until there are none. */
final class CallsInHand {

	private final ThreadLocal<Boolean> mine = new ThreadLocal<>();

	private int count;

	private CompletableFuture<Void> done = CompletableFuture.completedFuture(null);

	/** Counts a call that has been ordered. */
	synchronized void begin() {
		if (this.count == 0) {
			this.done = new CompletableFuture<>();
		}
		this.count++;
	}

	/** Calls, in the thread that does, and counts down. */
	void run(Runnable call) {
		this.mine.set(true);
		try {
			call.run();
		}
		finally {
			this.mine.remove();
			end();
		}
	}

	/** Counts a call down that has been ordered, and was refused. */
	synchronized void end() {
		this.count--;
		if (this.count == 0) {
			this.done.complete(null);
		}
	}

	/** Whether the current thread calls, and so must not wait for the end of calls. */
	boolean isMine() {
		return this.mine.get() != null;
	}

	synchronized CompletableFuture<Void> done() {
		return this.done;
	}

}
