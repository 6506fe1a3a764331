package io.axonipc.spring;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;

import io.axonipc.AxonChannel;
import io.axonipc.spring.AxonListenerContainer.Handler;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.ApplicationEventPublisherAware;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.MethodParameter;
import org.springframework.messaging.Message;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.handler.annotation.support.DefaultMessageHandlerMethodFactory;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import org.springframework.validation.Validator;

/**
 * The {@link AxonListener} methods of an application. Each channel that has some is
 * received from by one thread, named {@code axon-<key>}, from the start of the context to
 * its stop, which waits for the messages in hand. Listeners start after and stop before
 * almost everything else.
 */
public final class AxonListenerEndpointRegistry
		implements SmartLifecycle, BeanFactoryAware, ApplicationEventPublisherAware {

	private static final Log logger = LogFactory.getLog(AxonListenerEndpointRegistry.class);

	private final Map<String, AxonListenerContainer> containers = new LinkedHashMap<>();

	private final Map<String, RegisteredListener> listeners = new LinkedHashMap<>();

	private final AxonChannels channels;

	private final PayloadConverter converter;

	private final DefaultMessageHandlerMethodFactory messagingFactory = new DefaultMessageHandlerMethodFactory();

	private final @Nullable ListenerTimers timers;

	private final @Nullable AxonMessageRecoverer recoverer;

	private ApplicationEventPublisher publisher = (event) -> {
	};

	private @Nullable AxonListenerErrorHandler errorHandler;

	private @Nullable BeanFactory beanFactory;

	private volatile boolean running;

	/**
	 * Creates a registry without listeners.
	 * @param channels the channels
	 * @param converter for payloads that are not bytes, strings or arrays of primitives
	 * @param validator for parameters marked {@code @Valid} or {@code @Validated}, or
	 * null
	 * @param timers where the times of listeners are recorded, or null
	 * @param recoverer takes the messages that are set aside, or null to discard them
	 */
	public AxonListenerEndpointRegistry(AxonChannels channels, MessageConverter converter,
			@Nullable Validator validator, @Nullable ListenerTimers timers, @Nullable AxonMessageRecoverer recoverer) {
		this.channels = channels;
		this.converter = new PayloadConverter(converter);
		this.timers = timers;
		this.recoverer = recoverer;
		this.messagingFactory.setMessageConverter(this.converter);
		this.messagingFactory.setCustomArgumentResolvers(List.of(new ChannelResolver(channels)));
		if (validator != null) {
			this.messagingFactory.setValidator(validator);
		}
	}

	/**
	 * Sets what takes the messages that listeners fail on which name no error handler.
	 * @param errorHandler the error handler, or null to log such failures and answer them
	 */
	public void setErrorHandler(@Nullable AxonListenerErrorHandler errorHandler) {
		this.errorHandler = errorHandler;
	}

	@Override
	public void setApplicationEventPublisher(ApplicationEventPublisher publisher) {
		this.publisher = publisher;
	}

	@Override
	public void setBeanFactory(BeanFactory beanFactory) {
		this.beanFactory = beanFactory;
		this.messagingFactory.setBeanFactory(beanFactory);
		this.messagingFactory.afterPropertiesSet();
	}

	/** Takes all listeners of the application, once, before the start. */
	void register(Collection<AxonListenerEndpoint> endpoints) {
		ListenerHandlerFactory handlers = new ListenerHandlerFactory(this.beanFactory,
				new ListenerInvokerFactory(this.messagingFactory, this.converter), this.timers, this.errorHandler);
		Map<String, Map<String, Handler>> tables = new LinkedHashMap<>();
		for (AxonListenerEndpoint endpoint : endpoints) {
			String key = resolveChannel(endpoint);
			if (this.channels.disabledKeys().contains(key)) {
				logger.info("Listener '" + endpoint + "' is left out: channel '" + key + "' is disabled");
				continue;
			}
			AxonListenerContainer container = this.containers.computeIfAbsent(key,
					(unused) -> new AxonListenerContainer(key, this.channels, this.converter, this.recoverer,
							this.publisher));
			this.listeners.put(endpoint.id(), new RegisteredListener(endpoint, container));
			Handler handler = handlers.create(endpoint, container, this.channels.definition(key));
			Map<String, Handler> table = tables.computeIfAbsent(key, (unused) -> new LinkedHashMap<>());
			for (String tag : endpoint.tags()) {
				Handler other = table.putIfAbsent(tag, handler);
				if (other != null) {
					throw endpoint.invalid(
							"handles tag '" + tag + "' of channel '" + key + "', as does '" + other.endpoint() + "'",
							"Remove one of the two, or give it another tag or channel");
				}
			}
		}
		tables.forEach((key, table) -> this.containers.get(key).register(table));
	}

	/**
	 * All listeners of the application but those of disabled channels.
	 * @return an unmodifiable view
	 */
	public Collection<RegisteredListener> getListeners() {
		return Collections.unmodifiableCollection(this.listeners.values());
	}

	/**
	 * A listener.
	 * @param id its {@link AxonListener#id() id}
	 * @return the listener, to start, stop, pause or resume it
	 * @throws IllegalArgumentException if there is none
	 */
	public RegisteredListener getListener(String id) {
		RegisteredListener listener = this.listeners.get(id);
		if (listener == null) {
			throw new IllegalArgumentException(
					"There is no listener with the id '" + id + "', there are " + this.listeners.keySet());
		}
		return listener;
	}

	private String resolveChannel(AxonListenerEndpoint endpoint) {
		if (!endpoint.channel().isEmpty()) {
			if (!this.channels.keys().contains(endpoint.channel())
					&& !this.channels.disabledKeys().contains(endpoint.channel())) {
				throw endpoint.invalid(
						"listens to channel '" + endpoint.channel() + "', but there are only " + this.channels.keys(),
						"Define axon.channels." + endpoint.channel() + ", or correct the name");
			}
			return endpoint.channel();
		}
		if (this.channels.keys().isEmpty() && this.channels.disabledKeys().size() == 1) {
			return this.channels.disabledKeys().iterator().next();
		}
		if (this.channels.keys().isEmpty()) {
			throw endpoint.invalid("has no channel to listen to", "Define a channel as axon.channels.<key>");
		}
		if (this.channels.keys().size() > 1) {
			throw endpoint.invalid("names no channel, and there are " + this.channels.keys(),
					"Set its attribute 'channel'");
		}
		return this.channels.singleKey();
	}

	/**
	 * Whether the listeners of a channel are called. A thread that cannot go on, because
	 * its channel is corrupt for instance, ends with an error in the log; a restart of
	 * the context starts another.
	 * @param channel the channel's key
	 * @return false while the context is stopped, after such an end, and for a channel
	 * without listeners
	 */
	public boolean isRunning(String channel) {
		AxonListenerContainer container = this.containers.get(channel);
		return container != null && container.isRunning();
	}

	/**
	 * Whether the thread that receives from a channel has ended with a failure.
	 * @param channel the channel's key
	 * @return true from such an end until the context is started again
	 */
	public boolean isFailed(String channel) {
		AxonListenerContainer container = this.containers.get(channel);
		return container != null && container.isFailed();
	}

	/**
	 * How often it was impossible to receive from a channel, for a time or for good.
	 * @param channel the channel's key
	 * @return the number
	 */
	public long failures(String channel) {
		return count(channel, AxonListenerContainer::failures);
	}

	/**
	 * How many messages of a channel made their listener fail.
	 * @param channel the channel's key
	 * @return the number
	 */
	public long errors(String channel) {
		return count(channel, (container) -> container.replies().failures());
	}

	/**
	 * How many messages of a channel had a tag that no listener handles.
	 * @param channel the channel's key
	 * @return the number
	 */
	public long unhandled(String channel) {
		return count(channel, AxonListenerContainer::unhandled);
	}

	/**
	 * How many messages of a channel were set aside, because too many processes died with
	 * them in hand.
	 * @param channel the channel's key
	 * @return the number
	 */
	public long setAside(String channel) {
		return count(channel, AxonListenerContainer::setAside);
	}

	private long count(String channel, ToLongFunction<AxonListenerContainer> counter) {
		AxonListenerContainer container = this.containers.get(channel);
		return (container != null) ? counter.applyAsLong(container) : 0;
	}

	@Override
	public void start() {
		this.running = true;
		this.containers.values().forEach(AxonListenerContainer::start);
	}

	/** Waits for the messages in hand, unless a listener calls this. */
	@Override
	public void stop() {
		CompletableFuture<Void> end = stopContainers();
		if (!AxonListenerContainer.isCalledByListener()) {
			end.join();
		}
	}

	/**
	 * Calls back when the messages in hand are done with, but that of the listener which
	 * calls this: a context that a listener stops waits for the others, too, as long as
	 * its time limit allows.
	 */
	@Override
	public void stop(Runnable callback) {
		stopContainers().thenRun(callback);
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/** Almost last to start, almost first to stop. */
	@Override
	public int getPhase() {
		return Integer.MAX_VALUE - 100;
	}

	private CompletableFuture<Void> stopContainers() {
		this.running = false;
		return CompletableFuture.allOf(this.containers.values()
			.stream()
			.map(AxonListenerContainer::stop)
			.toArray(CompletableFuture<?>[]::new));
	}

	/** Gives a method the channel that its message came from. */
	private record ChannelResolver(AxonChannels channels) implements HandlerMethodArgumentResolver {

		@Override
		public boolean supportsParameter(MethodParameter parameter) {
			return parameter.getParameterType() == AxonChannel.class;
		}

		@Override
		public Object resolveArgument(MethodParameter parameter, Message<?> message) {
			return this.channels.channel(message.getHeaders().get(AxonHeaders.CHANNEL, String.class));
		}

	}

}
