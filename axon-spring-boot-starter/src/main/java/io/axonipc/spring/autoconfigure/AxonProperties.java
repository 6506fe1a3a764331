package io.axonipc.spring.autoconfigure;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

import io.axonipc.ChannelOptions;
import io.axonipc.Role;
import io.axonipc.WaitStrategy;
import io.axonipc.spring.ChannelDefinition;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;
import org.springframework.util.unit.DataSize;

/**
 * Settings of Axon.
 *
 * @param channels Channels, by the key under which the application knows them.
 * @param template Settings of AxonTemplate.
 * @param observationEnabled Whether messages are observed by Micrometer, and carry the
 * trace context in their metadata.
 */
@ConfigurationProperties("axon")
public record AxonProperties(@DefaultValue Map<String, Channel> channels, @DefaultValue Template template,
		@DefaultValue("false") boolean observationEnabled) {

	private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

	/** Checks the values. */
	public AxonProperties {
		channels.forEach(AxonProperties::definition);
		String defaultChannel = template.defaultChannel();
		if (defaultChannel != null && !channels.containsKey(defaultChannel)) {
			throw new IllegalArgumentException("axon.template.default-channel: there is no channel '" + defaultChannel
					+ "', there are " + channels.keySet());
		}
	}

	List<ChannelDefinition> definitions() {
		return this.channels.entrySet().stream().map((entry) -> definition(entry.getKey(), entry.getValue())).toList();
	}

	private static ChannelDefinition definition(String key, Channel channel) {
		String name = (channel.name() != null) ? channel.name() : key;
		if (!NAME.matcher(name).matches()) {
			throw new IllegalArgumentException("axon.channels." + key + ".name: '" + name
					+ "' is not a channel name: 1 to 64 letters, digits, '.', '_' and '-', the first a letter or a digit");
		}
		int redeliveryLimit = channel.listener().redeliveryLimit();
		if (redeliveryLimit < 0 || redeliveryLimit > ChannelDefinition.MAX_REDELIVERY_LIMIT) {
			throw new IllegalArgumentException("axon.channels." + key + ".listener.redelivery-limit: " + redeliveryLimit
					+ " is out of range: 1 to " + ChannelDefinition.MAX_REDELIVERY_LIMIT
					+ ", or 0 to deliver without end");
		}
		try {
			return new ChannelDefinition(key, name, channel.options(), redeliveryLimit);
		}
		catch (IllegalArgumentException ex) {
			throw new IllegalArgumentException("axon.channels." + key + ": " + ex.getMessage());
		}
	}

	/**
	 * Settings of a channel.
	 *
	 * @param name Name that both processes share: letters, digits, '.', '_' and '-', at
	 * most 64 of them. Defaults to the key.
	 * @param role Which end of the channel this process is; the other process must be the
	 * other one.
	 * @param capacity Room for messages that are on their way, in each direction, from
	 * 4KB to 512MB, rounded up to a power of two. Used by the server when it creates the
	 * channel.
	 * @param maxMessageSize Size of the largest payload. Used by the server when it
	 * creates the channel.
	 * @param largeMessageMemory Shared memory for payloads larger than a quarter of the
	 * capacity, in each direction. Used by the server when it creates the channel.
	 * @param openTimeout How long a client waits at start-up for the server to create the
	 * channel.
	 * @param sendTimeout How long to wait for room when the peer does not keep up.
	 * @param replyTimeout How long to wait for the reply to a request.
	 * @param waiting How threads wait.
	 * @param listener Settings of the listeners of the channel.
	 * @param permissions Who may join the channel. Both processes must say the same.
	 */
	public record Channel(@Nullable String name, @DefaultValue("server") Role role,
			@DefaultValue("1MB") DataSize capacity, @DefaultValue("128MB") DataSize maxMessageSize,
			@DefaultValue("256MB") DataSize largeMessageMemory, @DefaultValue("5s") Duration openTimeout,
			@DefaultValue("5s") Duration sendTimeout, @DefaultValue("30s") Duration replyTimeout,
			@Name("wait") @DefaultValue Wait waiting, @DefaultValue Listener listener,
			@DefaultValue("private") Permissions permissions) {

		ChannelOptions options() {
			return ChannelOptions.defaults()
				.role(this.role)
				.capacity(this.capacity.toBytes())
				.maxMessageSize(this.maxMessageSize.toBytes())
				.largeMessageMemory(this.largeMessageMemory.toBytes())
				.openTimeout(this.openTimeout)
				.sendTimeout(this.sendTimeout)
				.requestTimeout(this.replyTimeout)
				.waitStrategy(this.waiting.toStrategy())
				.groupAccess(this.permissions == Permissions.GROUP);
		}

	}

	/**
	 * Settings of the listeners of a channel.
	 *
	 * @param redeliveryLimit How many processes may die with a message in hand, from 1 to
	 * 31, before it is set aside instead of delivered again: handed to the
	 * AxonMessageRecoverer bean, or discarded. With 0 it is delivered without end.
	 */
	public record Listener(@DefaultValue("3") int redeliveryLimit) {
	}

	/** Who may join a channel, whatever the umask. */
	public enum Permissions {

		/** Processes of this process's user. */
		PRIVATE,

		/** Members of this process's group as well. */
		GROUP

	}

	/**
	 * How threads wait for messages, replies and room.
	 *
	 * @param strategy Whether to spin, to park, or first the one and then the other.
	 * @param spin How long to spin before parking. Defaults to 20 microseconds, or to no
	 * time on a machine with a single processor.
	 */
	public record Wait(@DefaultValue("spin-then-park") Strategy strategy, @Nullable Duration spin) {

		WaitStrategy toStrategy() {
			return switch (this.strategy) {
				case SPIN_THEN_PARK -> (this.spin != null) ? WaitStrategy.spinThenPark(this.spin)
						: ChannelOptions.defaults().waitStrategy();
				case PARK -> WaitStrategy.park();
				case SPIN -> WaitStrategy.spin();
			};
		}

		/** Ways of waiting. */
		public enum Strategy {

			/**
			 * Spin for a short time, then park: answers fast and leaves the processor.
			 */
			SPIN_THEN_PARK,

			/** Park at once: spares the processor, tens of microseconds to wake up. */
			PARK,

			/** Never park: answers fastest, takes a processor for each waiting thread. */
			SPIN

		}

	}

	/**
	 * Settings of AxonTemplate.
	 *
	 * @param defaultChannel Key of the channel for messages that name none. Not needed
	 * where there is one channel.
	 */
	public record Template(@Nullable String defaultChannel) {
	}

}
