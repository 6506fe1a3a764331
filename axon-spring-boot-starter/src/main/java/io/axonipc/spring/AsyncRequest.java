package io.axonipc.spring;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;

import org.jspecify.annotations.Nullable;

/**
 * A request in a thread of its own, which is interrupted when nobody waits any longer.
 *
 * @param <T> the type of the reply
 */
final class AsyncRequest<T extends @Nullable Object> extends FutureTask<T> {

	private final CompletableFuture<T> reply = new CompletableFuture<>();

	private AsyncRequest(Callable<T> request) {
		super(request);
		// Without effect on a request that has ended: then that is what completes this.
		this.reply.whenComplete((value, failure) -> cancel(true));
	}

	static <T extends @Nullable Object> CompletableFuture<T> run(Executor executor, Callable<T> request) {
		AsyncRequest<T> task = new AsyncRequest<>(request);
		executor.execute(task);
		return task.reply;
	}

	@Override
	protected void done() {
		if (isCancelled()) {
			return;
		}
		try {
			this.reply.complete(get());
		}
		catch (ExecutionException ex) {
			this.reply.completeExceptionally(ex.getCause());
		}
		catch (InterruptedException ex) {
			this.reply.completeExceptionally(ex);
		}
	}

}
