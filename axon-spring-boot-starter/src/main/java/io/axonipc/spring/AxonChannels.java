package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelCounters;
import io.axonipc.MessageHeader;
import io.axonipc.MessageView;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.SmartLifecycle;

/**
 * The channels of an application, by key; thread-safe. Channels are opened when the
 * context starts, before everything else with a lifecycle, and closed when it stops,
 * after everything else. A channel that is asked for earlier, by the constructor of a
 * bean for instance, is opened then.
 * <p>
 * A context that is started again opens its channels again, and an {@link AxonChannel}
 * from before stays closed. So hold on to this object, to an {@link AxonOperations} or to
 * an {@code ObjectProvider<AxonChannel>}; an {@code AxonChannel} field is fine in an
 * application that is started once.
 */
public final class AxonChannels implements SmartLifecycle, DisposableBean {

	private final Map<String, ManagedChannel> channels = new LinkedHashMap<>();

	private final Set<String> disabledKeys = new LinkedHashSet<>();

	private volatile boolean running;

	/**
	 * Opens nothing yet.
	 * @param definitions the channels
	 */
	public AxonChannels(Collection<ChannelDefinition> definitions) {
		for (ChannelDefinition definition : definitions) {
			if (definition.opening().enabled()) {
				this.channels.put(definition.key(), new ManagedChannel(definition));
			}
			else {
				this.disabledKeys.add(definition.key());
			}
		}
	}

	/**
	 * The keys of all channels that are enabled, in the order of their definition.
	 * @return an unmodifiable view
	 */
	public Set<String> keys() {
		return Collections.unmodifiableSet(this.channels.keySet());
	}

	Set<String> disabledKeys() {
		return this.disabledKeys;
	}

	/**
	 * The key of the only channel.
	 * @return the key
	 * @throws IllegalStateException if there are several channels or none
	 */
	public String singleKey() {
		if (this.channels.size() != 1) {
			throw new IllegalStateException(
					this.channels.isEmpty() ? "There is no channel: define one as axon.channels.<key>"
							: "There are several channels, name one of " + keys());
		}
		return this.channels.keySet().iterator().next();
	}

	/**
	 * The open channel of a key; opens it if nobody has yet.
	 * @param key the key
	 * @return the channel, valid until the context stops
	 * @throws IllegalArgumentException if there is no such channel
	 * @throws IllegalStateException if the channel is disabled or the context is stopped
	 */
	public AxonChannel channel(String key) {
		return managed(key).channel();
	}

	/**
	 * The channel of a key as it is, for those that only watch.
	 * @param key the key
	 * @return the channel, or null while it is not open
	 * @throws IllegalArgumentException if there is no such channel
	 */
	public @Nullable AxonChannel channelIfOpen(String key) {
		return managed(key).current();
	}

	/**
	 * A counter's sum over all endpoints that this context has opened for a channel, so
	 * that it goes on across restarts of the context.
	 * @param key the key
	 * @param counter which counter
	 * @return the total
	 * @throws IllegalArgumentException if there is no such channel
	 */
	public long total(String key, ToLongFunction<ChannelCounters> counter) {
		return managed(key).total(counter);
	}

	/**
	 * How many requests of this context's {@link AxonTemplate} wait for their replies.
	 * @param key the key
	 * @return the number
	 * @throws IllegalArgumentException if there is no such channel
	 */
	public int pendingRequests(String key) {
		return managed(key).pendingRequests();
	}

	<T> @Nullable T request(String key, MessageHeader header, ByteBuffer payload, @Nullable Duration timeout,
			Function<? super MessageView, ? extends @Nullable T> reader) {
		return managed(key).request(header, payload, timeout, reader);
	}

	/**
	 * How a channel is configured.
	 * @param key the key
	 * @return its definition
	 * @throws IllegalArgumentException if there is no such channel
	 */
	public ChannelDefinition definition(String key) {
		return managed(key).definition();
	}

	@Override
	public void start() {
		this.channels.values().forEach(ManagedChannel::start);
		this.running = true;
	}

	@Override
	public void stop() {
		this.running = false;
		this.channels.values().forEach(ManagedChannel::stop);
	}

	/**
	 * Closes in a thread of its own: a channel closes when its last handler has ended,
	 * and a context whose time for that is over goes on without it. Only a listener that
	 * stops its own context must do that itself, as it cannot end before.
	 */
	@Override
	public void stop(Runnable callback) {
		if (Thread.currentThread() instanceof ListenerThread) {
			SmartLifecycle.super.stop(callback);
			return;
		}
		Thread thread = new Thread(() -> SmartLifecycle.super.stop(callback), "axon-stop");
		thread.setDaemon(true);
		thread.start();
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/** First to start, last to stop. */
	@Override
	public int getPhase() {
		return Integer.MIN_VALUE;
	}

	/** Lets go of what was opened by a context that failed before it started. */
	@Override
	public void destroy() {
		stop();
	}

	private ManagedChannel managed(String key) {
		ManagedChannel channel = this.channels.get(key);
		if (channel == null && this.disabledKeys.contains(key)) {
			throw new IllegalStateException(
					"Channel '" + key + "' is disabled: axon.channels." + key + ".enabled is false");
		}
		if (channel == null) {
			throw new IllegalArgumentException("There is no channel '" + key + "', there are " + keys());
		}
		return channel;
	}

}
