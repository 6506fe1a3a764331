package io.axonipc.spring.autoconfigure;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;

import io.axonipc.ChannelOptions;
import io.axonipc.Role;
import io.axonipc.WaitStrategy;
import io.axonipc.spring.ChannelDefinition;
import io.axonipc.spring.ListenerOptions;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.util.StringUtils;
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
		checkKeys(channels.keySet());
		String defaultChannel = template.defaultChannel();
		if (defaultChannel != null && !channels.containsKey(defaultChannel)) {
			throw new IllegalArgumentException("axon.template.default-channel: there is no channel '" + defaultChannel
					+ "', there are " + channels.keySet());
		}
	}

	/** Mostly an environment variable that is meant for a key that is there. */
	private static void checkKeys(Set<String> keys) {
		Map<String, String> plain = new HashMap<>();
		for (String key : keys) {
			String other = plain.putIfAbsent(key.replace("-", "").toLowerCase(Locale.ROOT), key);
			if (other != null) {
				throw new IllegalArgumentException("axon.channels: the keys '" + other + "' and '" + key
						+ "' differ only in dashes or case, and would be two channels. Write one of them everywhere; "
						+ "an environment variable has '_' for each dash of the key, and of the property then: "
						+ "AXON_CHANNELS_MY_KEY_SEND_TIMEOUT");
			}
		}
	}

	List<ChannelDefinition> definitions() {
		return this.channels.entrySet().stream().map((entry) -> definition(entry.getKey(), entry.getValue())).toList();
	}

	private static ChannelDefinition definition(String key, Channel channel) {
		Checks checks = new Checks("axon.channels." + key + ".");
		String name = (channel.name() != null) ? channel.name() : key;
		checks.require("name", NAME.matcher(name).matches(), "'" + name
				+ "' is not a channel name: 1 to 64 letters, digits, '.', '_' and '-', the first a letter or a digit");
		ChannelDefinition.Opening opening = new ChannelDefinition.Opening(channel.enabled(), channel.autoStartup(),
				channel.onOpen() == OnOpen.DISCARD);
		return new ChannelDefinition(key, name, channel.options(checks), opening, channel.listener().options(checks));
	}

	/**
	 * Refuses values with their key.
	 *
	 * @param prefix what comes before the name of a property
	 */
	private record Checks(String prefix) {

		void require(String property, boolean valid, String problem) {
			if (!valid) {
				throw new IllegalArgumentException(this.prefix + property + ": " + problem);
			}
		}

		/** Sets what checks itself. */
		<T> T set(String property, Supplier<T> setter) {
			try {
				return setter.get();
			}
			catch (IllegalArgumentException ex) {
				throw new IllegalArgumentException(this.prefix + property + ": " + ex.getMessage());
			}
		}

	}

	/**
	 * Settings of a channel.
	 *
	 * @param enabled Whether the channel is there. One that is not is never opened, and
	 * its listeners are left out.
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
	 * @param replyTimeout How long to wait for the reply to a request, and for a future
	 * that a listener returns.
	 * @param waiting How threads wait.
	 * @param listener Settings of the listeners of the channel.
	 * @param permissions Who may join the channel. Both processes must say the same.
	 * @param onOpen What becomes of the messages that lie unread in the channel when it
	 * is opened.
	 * @param autoStartup Whether the channel is opened, and its listeners are started,
	 * when the application starts. Otherwise it is opened when it is first used.
	 */
	@ConfigurationPropertiesSource
	public record Channel(@DefaultValue("true") boolean enabled, @Nullable String name,
			@DefaultValue("server") Role role, @DefaultValue("1MB") DataSize capacity,
			@DefaultValue("128MB") DataSize maxMessageSize, @DefaultValue("256MB") DataSize largeMessageMemory,
			@DefaultValue("5s") Duration openTimeout, @DefaultValue("5s") Duration sendTimeout,
			@DefaultValue("30s") Duration replyTimeout, @Name("wait") @DefaultValue Wait waiting,
			@DefaultValue Listener listener, @DefaultValue("private") Permissions permissions,
			@DefaultValue("resume") OnOpen onOpen, @DefaultValue("true") boolean autoStartup) {

		private ChannelOptions options(Checks checks) {
			ChannelOptions start = ChannelOptions.defaults()
				.role(this.role)
				.groupAccess(this.permissions == Permissions.GROUP);
			ChannelOptions capacity = checks.set("capacity", () -> start.capacity(this.capacity.toBytes()));
			ChannelOptions size = checks.set("max-message-size",
					() -> capacity.maxMessageSize(this.maxMessageSize.toBytes()));
			ChannelOptions memory = checks.set("large-message-memory",
					() -> size.largeMessageMemory(this.largeMessageMemory.toBytes()));
			ChannelOptions open = checks.set("open-timeout", () -> memory.openTimeout(this.openTimeout));
			ChannelOptions send = checks.set("send-timeout", () -> open.sendTimeout(this.sendTimeout));
			ChannelOptions reply = checks.set("reply-timeout", () -> send.requestTimeout(this.replyTimeout));
			return checks.set("wait.spin", () -> reply.waitStrategy(this.waiting.toStrategy()));
		}

	}

	/** What becomes of messages that lie unread in a channel. */
	public enum OnOpen {

		/** They are received. */
		RESUME,

		/**
		 * They are dropped: as server of a channel that no peer holds the whole channel
		 * is made anew, otherwise what the peer sent is dropped.
		 */
		DISCARD

	}

	/**
	 * Settings of the listeners of a channel.
	 *
	 * @param pollLimit How many messages to take before looking for a stop or a pause. 1
	 * or more.
	 * @param redeliveryLimit How many processes may die with a message in hand, from 1 to
	 * 31, before it is set aside instead of delivered again: handed to the
	 * AxonMessageRecoverer bean, or discarded. With 0 it is delivered without end.
	 * @param executor What calls listener methods: 'direct', the thread that receives;
	 * 'virtual', a virtual thread for each message; or an Executor bean's name.
	 * @param retry Whether and when a method that threw an exception is called again.
	 * @param unhandledTags What becomes of a message whose tag no listener handles,
	 * besides that it is counted and a request answered with an error.
	 */
	public record Listener(@DefaultValue("1") int pollLimit, @DefaultValue("3") int redeliveryLimit,
			@DefaultValue("direct") String executor, @DefaultValue Retry retry,
			@DefaultValue("log") UnhandledTags unhandledTags) {

		private ListenerOptions options(Checks checks) {
			checks.require("listener.poll-limit", this.pollLimit > 0, this.pollLimit + " is less than 1");
			checks.require("listener.redelivery-limit",
					this.redeliveryLimit >= 0 && this.redeliveryLimit <= ListenerOptions.MAX_REDELIVERY_LIMIT,
					this.redeliveryLimit + " is out of range: 1 to " + ListenerOptions.MAX_REDELIVERY_LIMIT
							+ ", or 0 to deliver without end");
			checks.require("listener.executor", StringUtils.hasText(this.executor),
					"is empty; say 'direct', 'virtual' or a bean's name");
			return new ListenerOptions(this.pollLimit, this.redeliveryLimit, this.executor, this.retry.policy(checks),
					this.unhandledTags == UnhandledTags.LOG);
		}

	}

	/**
	 * When a listener method that threw an exception is called again. Until it is given
	 * up, its message is in hand, and those behind it wait.
	 *
	 * @param maxRetries How often a method is called again for one message. With 0 it is
	 * not.
	 * @param initialInterval Time before the first retry.
	 * @param multiplier What each interval is multiplied with to get the next one.
	 * @param maxInterval Longest interval.
	 */
	public record Retry(@DefaultValue("0") int maxRetries, @DefaultValue("1s") Duration initialInterval,
			@DefaultValue("1") double multiplier, @DefaultValue("10s") Duration maxInterval) {

		private @Nullable RetryPolicy policy(Checks checks) {
			checks.require("listener.retry.max-retries", this.maxRetries >= 0, this.maxRetries + " is negative");
			checks.require("listener.retry.initial-interval", this.initialInterval.toMillis() > 0,
					this.initialInterval + " is less than 1ms");
			checks.require("listener.retry.multiplier", this.multiplier >= 1, this.multiplier + " is less than 1");
			checks.require("listener.retry.max-interval", this.maxInterval.compareTo(this.initialInterval) >= 0,
					this.maxInterval + " is less than initial-interval, " + this.initialInterval);
			return (this.maxRetries == 0) ? null
					: RetryPolicy.builder()
						.maxRetries(this.maxRetries)
						.delay(this.initialInterval)
						.multiplier(this.multiplier)
						.maxDelay(this.maxInterval)
						.build();
		}

	}

	/** What becomes of messages whose tag no listener handles. */
	public enum UnhandledTags {

		/** They are counted; the first one with each tag is logged. */
		LOG,

		/** They are counted. */
		IGNORE

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
