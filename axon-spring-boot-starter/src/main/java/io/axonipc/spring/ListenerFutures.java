package io.axonipc.spring;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;

import org.springframework.core.ReactiveAdapterRegistry;

/**
 * Waits for what listeners return as futures, but not without end.
 *
 * @param channel the channel's key
 * @param timeout its reply-timeout
 */
record ListenerFutures(String channel, Duration timeout) {

	static boolean isFuture(Class<?> type) {
		return type == CompletableFuture.class || type == CompletionStage.class;
	}

	/** Whether a type has a result later, too, but is none that is waited for. */
	static boolean isOtherFuture(Class<?> type) {
		return !isFuture(type) && (Future.class.isAssignableFrom(type) || Flow.Publisher.class.isAssignableFrom(type)
				|| ReactiveAdapterRegistry.getSharedInstance().getAdapter(type) != null);
	}

	/**
	 * Waits in the current thread.
	 * @throws UncompletedException if that takes too long
	 * @throws Throwable what the future fails with
	 */
	@Nullable Object await(CompletionStage<?> stage) throws Throwable {
		try {
			return stage.toCompletableFuture().get(this.timeout.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (ExecutionException ex) {
			throw ex.getCause();
		}
		catch (TimeoutException ex) {
			throw new UncompletedException(this, ex);
		}
	}

	/**
	 * Waits in no thread.
	 * @param action gets the result or the failure, in the thread that completes the
	 * future, or the current one if that has been completed
	 */
	void whenDone(CompletionStage<?> stage, BiConsumer<@Nullable Object, @Nullable Throwable> action) {
		// A copy: the future is the listener's, and its time-out not the listener's.
		CompletableFuture<?> copy = stage.toCompletableFuture().copy();
		copy.orTimeout(this.timeout.toNanos(), TimeUnit.NANOSECONDS)
			.whenComplete((result, failure) -> action.accept(result, (failure != null) ? cause(failure) : null));
	}

	private Throwable cause(Throwable failure) {
		if (failure instanceof TimeoutException ex) {
			return new UncompletedException(this, ex);
		}
		return (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause() : failure;
	}

	/** A future that may still be completed: its listener must not be called again. */
	static final class UncompletedException extends TimeoutException {

		private static final long serialVersionUID = 1L;

		UncompletedException(ListenerFutures futures, TimeoutException cause) {
			super("The listener's future was not completed within " + futures.timeout()
					+ ", the reply-timeout of channel '" + futures.channel() + "'");
			initCause(cause);
		}

	}

}
