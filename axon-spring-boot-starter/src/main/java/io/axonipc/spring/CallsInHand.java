package io.axonipc.spring;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

/** Calls under way, for who waits until they have ended. */
final class CallsInHand {

	private static final ThreadLocal<Call> MINE = new ThreadLocal<>();

	private final Set<Call> calls = ConcurrentHashMap.newKeySet();

	/** Notes a call that has been ordered. */
	Call begin() {
		Call call = new Call();
		this.calls.add(call);
		return call;
	}

	/** Completes when all have ended that have begun by now, but one. */
	CompletableFuture<Void> allBut(@Nullable Call one) {
		return CompletableFuture.allOf(
				this.calls.stream().filter((call) -> call != one).map(Call::ended).toArray(CompletableFuture[]::new));
	}

	/** The call that the current thread does a part of, for whatever channel, if any. */
	static @Nullable Call mine() {
		return MINE.get();
	}

	/** One call. */
	final class Call {

		private final CompletableFuture<Void> ended = new CompletableFuture<>();

		private CompletableFuture<Void> ended() {
			return this.ended;
		}

		/** Does a part of it. */
		void run(Runnable part) {
			Call outer = MINE.get();
			MINE.set(this);
			try {
				part.run();
			}
			finally {
				if (outer != null) {
					MINE.set(outer);
				}
				else {
					MINE.remove();
				}
			}
		}

		/** Says that it has ended, or was refused. */
		void end() {
			CallsInHand.this.calls.remove(this);
			this.ended.complete(null);
		}

	}

}
