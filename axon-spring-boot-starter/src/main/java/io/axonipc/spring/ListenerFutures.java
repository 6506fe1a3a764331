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

	private static final Object TIMED_OUT = new Object();

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
	 * @throws UncompletedException if that takes too long, or the thread is interrupted
	 * @throws Throwable what the future fails with
	 */
	@Nullable Object await(CompletionStage<?> stage) throws Throwable {
		try {
			return copy(stage).get(nanos(), TimeUnit.NANOSECONDS);
		}
		catch (ExecutionException ex) {
			throw cause(ex);
		}
		catch (TimeoutException ex) {
			throw uncompleted(ex);
		}
		catch (InterruptedException ex) {
			throw new UncompletedException("The thread that waited for the listener's future on channel '"
					+ this.channel + "' was interrupted", ex);
		}
	}

	/**
	 * Waits in no thread.
	 * @param action gets the result or the failure, in the thread that completes the
	 * future, the current one if that has been completed, or one of its own if it is not
	 * completed in time: the JVM has one thread for all time-outs
	 */
	void whenDone(CompletionStage<?> stage, BiConsumer<@Nullable Object, @Nullable Throwable> action) {
		copy(stage).completeOnTimeout(TIMED_OUT, nanos(), TimeUnit.NANOSECONDS).whenComplete((result, failure) -> {
			if (result == TIMED_OUT) {
				new Thread(() -> action.accept(null, uncompleted(null)), "axon-" + this.channel + "-timeout").start();
			}
			else {
				action.accept(result, (failure != null) ? cause(failure) : null);
			}
		});
	}

	/** The future is the listener's, and its time-out not the listener's. */
	private static CompletableFuture<@Nullable Object> copy(CompletionStage<?> stage) {
		CompletableFuture<@Nullable Object> copy = new CompletableFuture<>();
		stage.whenComplete((result, failure) -> {
			if (failure != null) {
				copy.completeExceptionally(failure);
			}
			else {
				copy.complete(result);
			}
		});
		return copy;
	}

	/** As many as there can be, of a time-out without end. */
	private long nanos() {
		return TimeUnit.NANOSECONDS.convert(this.timeout);
	}

	private static Throwable cause(Throwable failure) {
		Throwable cause = failure;
		while ((cause instanceof CompletionException || cause instanceof ExecutionException)
				&& cause.getCause() != null) {
			cause = cause.getCause();
		}
		return cause;
	}

	private UncompletedException uncompleted(@Nullable TimeoutException cause) {
		return new UncompletedException("The listener's future was not completed within " + this.timeout
				+ ", the reply-timeout of channel '" + this.channel + "'", cause);
	}

	/** A future that may still be completed: its listener must not be called again. */
	static final class UncompletedException extends TimeoutException {

		private static final long serialVersionUID = 1L;

		UncompletedException(String message, @Nullable Throwable cause) {
			super(message);
			initCause(cause);
		}

	}

}
