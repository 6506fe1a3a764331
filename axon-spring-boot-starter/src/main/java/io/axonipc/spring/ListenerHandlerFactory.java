package io.axonipc.spring;

import java.util.concurrent.Executor;

import io.axonipc.spring.AxonListenerContainer.Handler;
import io.axonipc.spring.ListenerTimers.ListenerTimer;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.BeansException;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.task.VirtualThreadTaskExecutor;

/** Puts together what a listener needs: its method, retries, executor, error handler. */
final class ListenerHandlerFactory {

	private final BeanFactory beanFactory;

	private final ListenerInvokerFactory methods;

	private final @Nullable ListenerTimers timers;

	private final @Nullable AxonListenerErrorHandler errorHandler;

	ListenerHandlerFactory(BeanFactory beanFactory, ListenerInvokerFactory methods, @Nullable ListenerTimers timers,
			@Nullable AxonListenerErrorHandler errorHandler) {
		this.beanFactory = beanFactory;
		this.methods = methods;
		this.timers = timers;
		this.errorHandler = errorHandler;
	}

	/**
	 * Makes what a listener needs.
	 * @throws InvalidListenerException if it cannot be called
	 */
	Handler create(AxonListenerEndpoint endpoint, AxonListenerContainer container, ChannelDefinition channel) {
		Executor executor = executor(endpoint, channel);
		ListenerMethod method = this.methods.create(endpoint, channel, executor != null);
		ListenerTimer timer = (this.timers != null)
				? new GuardedTimer(this.timers.timer(channel.key(), endpoint.id()), endpoint) : null;
		RetryPolicy policy = channel.listener().retry();
		ListenerRetry retry = (policy != null) ? new ListenerRetry(policy, container) : null;
		AxonListenerErrorHandler errorHandler = errorHandler(endpoint);
		if (executor == null && !ListenerFutures.isFuture(endpoint.target().method().getReturnType())) {
			ListenerInvoker invoker = (retry != null) ? (message) -> retry.call(() -> method.invoke(message))
					: method::invoke;
			return new Handler(endpoint, invoker, errorHandler, timer);
		}
		Handler inner = new Handler(endpoint, method::invoke, errorHandler, timer);
		ListenerFutures futures = new ListenerFutures(channel.key(), channel.options().requestTimeout());
		// The time is that of the call, not of the hand-over.
		return new Handler(endpoint,
				new HandOver(container, inner, method, retry, (executor != null) ? executor : Runnable::run, futures),
				errorHandler, null);
	}

	private @Nullable Executor executor(AxonListenerEndpoint endpoint, ChannelDefinition channel) {
		String own = endpoint.options().executor();
		String name = own.isEmpty() ? channel.listener().executor() : own;
		try {
			return switch (name) {
				case ListenerOptions.DIRECT -> null;
				case ListenerOptions.VIRTUAL -> new VirtualThreadTaskExecutor("axon-" + channel.key() + "-");
				default -> this.beanFactory.getBean(name, Executor.class);
			};
		}
		catch (UnsupportedOperationException ex) {
			throw endpoint.invalid(
					"has the executor 'virtual', and Java " + Runtime.version().feature() + " has no virtual threads",
					"Run it on Java 21 or later, or name an Executor bean");
		}
		catch (BeansException ex) {
			throw endpoint.invalid("has the executor '" + name + "': " + ex.getMessage(),
					"Define an Executor bean of that name, or say 'direct' or 'virtual'");
		}
	}

	private @Nullable AxonListenerErrorHandler errorHandler(AxonListenerEndpoint endpoint) {
		String name = endpoint.options().errorHandler();
		if (name.isEmpty()) {
			return this.errorHandler;
		}
		try {
			return this.beanFactory.getBean(name, AxonListenerErrorHandler.class);
		}
		catch (BeansException ex) {
			throw endpoint.invalid("has the error handler '" + name + "': " + ex.getMessage(),
					"Define an AxonListenerErrorHandler bean of that name");
		}
	}

}
