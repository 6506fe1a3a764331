package io.axonipc.spring;

import java.time.Duration;
import java.util.function.BooleanSupplier;

import org.jspecify.annotations.Nullable;

import org.springframework.core.retry.RetryException;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.core.retry.Retryable;
import org.springframework.messaging.MessagingException;
import org.springframework.util.backoff.BackOff;

/**
 * Calls a listener again that threw an exception, but not for a payload that cannot be
 * read or is invalid, nor after an {@link Error}, nor when its channel is being stopped.
 */
final class ListenerRetry {

	private final RetryTemplate template;

	ListenerRetry(RetryPolicy policy, BooleanSupplier isRunning) {
		this.template = new RetryTemplate(new WhileRunning(policy, isRunning));
	}

	<T extends @Nullable Object> T call(Retryable<T> task) throws Throwable {
		try {
			return this.template.execute(task);
		}
		catch (RetryException ex) {
			throw ex.getCause();
		}
	}

	private record WhileRunning(RetryPolicy policy, BooleanSupplier isRunning) implements RetryPolicy {

		@Override
		public boolean shouldRetry(Throwable failure) {
			return failure instanceof Exception && !(failure instanceof MessagingException)
					&& this.isRunning.getAsBoolean() && this.policy.shouldRetry(failure);
		}

		@Override
		public BackOff getBackOff() {
			return this.policy.getBackOff();
		}

		@Override
		public Duration getTimeout() {
			return this.policy.getTimeout();
		}

	}

}
