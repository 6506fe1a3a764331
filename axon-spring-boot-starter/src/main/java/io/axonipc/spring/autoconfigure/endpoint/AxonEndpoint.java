package io.axonipc.spring.autoconfigure.endpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelCounters;
import io.axonipc.Role;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.axonipc.spring.RegisteredListener;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** Shows channels, their listeners and what they have counted; changes nothing. */
@Endpoint(id = "axon")
public final class AxonEndpoint {

	private final AxonChannels channels;

	private final AxonListenerEndpointRegistry listeners;

	/**
	 * Creates the endpoint.
	 * @param channels the channels
	 * @param listeners their listeners
	 */
	public AxonEndpoint(AxonChannels channels, AxonListenerEndpointRegistry listeners) {
		this.channels = channels;
		this.listeners = listeners;
	}

	/**
	 * What there is.
	 * @return all channels
	 */
	@ReadOperation
	public AxonDescriptor axon() {
		Map<String, ChannelDescriptor> described = new LinkedHashMap<>();
		this.channels.keys().forEach((key) -> described.put(key, describe(key)));
		return new AxonDescriptor(described);
	}

	private ChannelDescriptor describe(String key) {
		AxonChannel channel = this.channels.channelIfOpen(key);
		EndDescriptor end = (channel == null || !channel.isOpen()) ? null : new EndDescriptor(channel.name(),
				channel.role(), channel.capacity(), channel.isPeerAlive(), channel.counters().ringUsed());
		return new ChannelDescriptor(end, this.listeners.isRunning(key), listeners(key), counters(key));
	}

	private Map<String, List<String>> listeners(String key) {
		return this.listeners.getListeners()
			.stream()
			.filter((listener) -> listener.getChannel().equals(key))
			.collect(Collectors.toMap(RegisteredListener::getId, RegisteredListener::getTags));
	}

	private Map<String, Long> counters(String key) {
		Map<String, Long> counters = new LinkedHashMap<>();
		counters.put("messagesSent", this.channels.total(key, ChannelCounters::messagesSent));
		counters.put("messagesReceived", this.channels.total(key, ChannelCounters::messagesReceived));
		counters.put("bytesSent", this.channels.total(key, ChannelCounters::bytesSent));
		counters.put("bytesReceived", this.channels.total(key, ChannelCounters::bytesReceived));
		counters.put("sendsBlocked", this.channels.total(key, ChannelCounters::sendsBlocked));
		counters.put("wakeups", this.channels.total(key, ChannelCounters::wakeups));
		counters.put("redelivered", this.channels.total(key, ChannelCounters::redelivered));
		counters.put("repliesDropped", this.channels.total(key, ChannelCounters::repliesDropped));
		counters.put("requestsPending", (long) this.channels.pendingRequests(key));
		counters.put("errors", this.listeners.errors(key));
		counters.put("unhandled", this.listeners.unhandled(key));
		counters.put("setAside", this.listeners.setAside(key));
		counters.put("failures", this.listeners.failures(key));
		return counters;
	}

	/**
	 * All channels of the application.
	 *
	 * @param channels the channels by key
	 */
	public record AxonDescriptor(Map<String, ChannelDescriptor> channels) {
	}

	/**
	 * A channel.
	 *
	 * @param endpoint this process's end, or null while it is not open
	 * @param listening whether its listeners are called
	 * @param listeners the tags of its listeners, by id
	 * @param counters what it has counted since the application started
	 */
	public record ChannelDescriptor(@Nullable EndDescriptor endpoint, boolean listening,
			Map<String, List<String>> listeners, Map<String, Long> counters) {
	}

	/**
	 * This process's end of a channel.
	 *
	 * @param name the name that both processes share
	 * @param role which end it is
	 * @param capacity bytes of each ring
	 * @param peerAlive whether the peer is attached
	 * @param ringUsed bytes on their way to the peer
	 */
	public record EndDescriptor(String name, Role role, int capacity, boolean peerAlive, long ringUsed) {
	}

}
