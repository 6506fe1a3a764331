package io.axonipc.spring.autoconfigure.metrics;

import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelCounters;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * Meters of all channels, each with the one tag {@code channel}: the channel's key. They
 * read what the channels count anyway, so they cost nothing between two readings.
 */
public final class AxonMetrics implements MeterBinder {

	private final AxonChannels channels;

	private final AxonListenerEndpointRegistry listeners;

	/**
	 * Creates the binder.
	 * @param channels the channels
	 * @param listeners their listeners
	 */
	public AxonMetrics(AxonChannels channels, AxonListenerEndpointRegistry listeners) {
		this.channels = channels;
		this.listeners = listeners;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		for (String key : this.channels.keys()) {
			counter(registry, key, "messages.sent", "Messages sent, replies included", ChannelCounters::messagesSent);
			counter(registry, key, "messages.received", "Messages received, replies included",
					ChannelCounters::messagesReceived);
			counter(registry, key, "bytes.sent", "Payload bytes sent", ChannelCounters::bytesSent);
			counter(registry, key, "bytes.received", "Payload bytes received", ChannelCounters::bytesReceived);
			counter(registry, key, "send.blocked", "Sends that had to wait for room", ChannelCounters::sendsBlocked);
			counter(registry, key, "wakeups", "Times the parked peer was woken", ChannelCounters::wakeups);
			counter(registry, key, "redelivered", "Messages received again after a process died with them in hand",
					ChannelCounters::redelivered);
			listenerCounter(registry, key, "messages.unhandled", "Messages with a tag that no listener handles",
					(listeners) -> listeners.unhandled(key));
			listenerCounter(registry, key, "messages.set.aside",
					"Messages set aside after too many processes died with them in hand",
					(listeners) -> listeners.setAside(key));
			listenerCounter(registry, key, "listener.failures",
					"Times that it was impossible to receive, for a time or for good",
					(listeners) -> listeners.failures(key));
			gauge(registry, key, "ring.used", "Bytes on their way to the peer, not yet acknowledged",
					(channel) -> channel.counters().ringUsed());
			Gauge.builder("axon.requests.pending", this.channels, (channels) -> channels.pendingRequests(key))
				.tag("channel", key)
				.description("Requests that wait for their replies")
				.register(registry);
			gauge(registry, key, "peer.alive", "1 while the peer is attached, else 0",
					(channel) -> channel.isPeerAlive() ? 1 : 0);
		}
	}

	private void counter(MeterRegistry registry, String key, String name, String description,
			ToLongFunction<ChannelCounters> counter) {
		FunctionCounter.builder("axon." + name, this.channels, (channels) -> channels.total(key, counter))
			.tag("channel", key)
			.description(description)
			.register(registry);
	}

	private void listenerCounter(MeterRegistry registry, String key, String name, String description,
			ToDoubleFunction<AxonListenerEndpointRegistry> counter) {
		FunctionCounter.builder("axon." + name, this.listeners, counter)
			.tag("channel", key)
			.description(description)
			.register(registry);
	}

	/** A channel that is not open has 0 of everything: a gauge must not open it. */
	private void gauge(MeterRegistry registry, String key, String name, String description,
			ToDoubleFunction<AxonChannel> gauge) {
		Gauge.builder("axon." + name, this.channels, (channels) -> {
			AxonChannel channel = channels.channelIfOpen(key);
			return (channel != null && channel.isOpen()) ? gauge.applyAsDouble(channel) : 0;
		}).tag("channel", key).description(description).register(registry);
	}

}
