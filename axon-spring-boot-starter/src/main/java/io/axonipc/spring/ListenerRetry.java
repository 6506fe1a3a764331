package io.axonipc.spring;

import java.time.Duration;

import io.axonipc.spring.ListenerFutures.UncompletedException;
import org.jspecify.annotations.Nullable;

import org.springframework.core.retry.RetryException;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.core.retry.Retryable;
import org.springframework.messaging.MessagingException;
import org.springframework.util.backoff.BackOff;
import org.springframework.util.backoff.BackOffExecution;

/**
 * Calls a listener again that threw an exception, but not for a payload that cannot be
 * read or is invalid, nor after an {@link Error}, nor while a future of it is open. A
 * stop of its channel ends the wait for the next try, which is then the last one.
 */
final class ListenerRetry {

	private final RetryTemplate template;

	ListenerRetry(RetryPolicy policy, AxonListenerContainer container) {
		this.template = new RetryTemplate(new WhileRunning(policy, container));
	}

	<T extends @Nullable Object> T call(Retryable<T> task) throws Throwable {
		try {
			return this.template.execute(task);
		}
		catch (RetryException ex) {
			throw ex.getCause();
		}
	}

	private record WhileRunning(RetryPolicy policy, AxonListenerContainer container) implements RetryPolicy {

		@Override
		public boolean shouldRetry(Throwable failure) {
			return failure instanceof Exception && !(failure instanceof MessagingException)
					&& !(failure instanceof UncompletedException) && this.container.isRunning()
					&& this.policy.shouldRetry(failure);
		}

		@Override
		public BackOff getBackOff() {
			BackOff backOff = this.policy.getBackOff();
			return () -> wait(backOff.start());
		}

		/** Waits itself, as the template would not notice a stop, and leaves no wait. */
		private BackOffExecution wait(BackOffExecution execution) {
			return () -> {
				long millis = execution.nextBackOff();
				if (millis == BackOffExecution.STOP) {
					return millis;
				}
				try {
					this.container.awaitStop(millis);
				}
				catch (InterruptedException ex) {
					// The template looks for it.
					Thread.currentThread().interrupt();
				}
				return 0;
			};
		}

		@Override
		public Duration getTimeout() {
			return this.policy.getTimeout();
		}

	}

}
