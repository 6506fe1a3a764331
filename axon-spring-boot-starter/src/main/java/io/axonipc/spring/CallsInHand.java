package io.axonipc.spring;

import java.util.concurrent.CompletableFuture;

/** Counts calls under way, for who waits until there are none. */
final class CallsInHand {

	private int count;

	private CompletableFuture<Void> done = CompletableFuture.completedFuture(null);

	synchronized void begin() {
		if (this.count == 0) {
			this.done = new CompletableFuture<>();
		}
		this.count++;
	}

	synchronized void end() {
		this.count--;
		if (this.count == 0) {
			this.done.complete(null);
		}
	}

	synchronized CompletableFuture<Void> done() {
		return this.done;
	}

}
