package io.axonipc;

import java.time.Duration;
import java.util.Objects;

import io.axonipc.ring.SegmentLayout;

/**
 * The settings of an endpoint; immutable. Start with {@link #defaults()}.
 *
 * @param role which end of the channel; default {@link Role#CLIENT}
 * @param capacity bytes of each ring, 4096 to 536870912, rounded up to a power of two;
 * default 1 MiB. Used by the server that creates the channel, and holds until the channel
 * is discarded
 * @param maxMessageSize the largest payload in bytes, 1 to 2147479551; default 128 MiB.
 * Used like the capacity
 * @param largeMessageMemory shared memory for messages larger than a quarter of the
 * capacity, in bytes for each direction, 0 to 2^40; default 256 MiB. Used like the
 * capacity
 * @param openTimeout how long a client waits for the channel to exist; default 5 s
 * @param sendTimeout how long a send waits for room; default 5 s
 * @param requestTimeout how long a request waits for room and reply; default 30 s
 * @param waitStrategy how this endpoint's threads wait; default: spin 20 microseconds,
 * then park
 * @param groupAccess whether members of the process's group may join (mode 0660); default
 * false (mode 0600)
 */
public record ChannelOptions(Role role, long capacity, long maxMessageSize, long largeMessageMemory,
		Duration openTimeout, Duration sendTimeout, Duration requestTimeout, WaitStrategy waitStrategy,
		boolean groupAccess) {

	private static final ChannelOptions DEFAULTS = new ChannelOptions(Role.CLIENT, 1 << 20, 128L << 20, 256L << 20,
			Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(30), WaitStrategy.defaultStrategy(),
			false);

	/**
	 * Checks all values; an {@link IllegalArgumentException} names the one that is wrong.
	 */
	public ChannelOptions {
		Objects.requireNonNull(role, "role");
		Objects.requireNonNull(waitStrategy, "waitStrategy");
		requireRange("capacity", capacity, SegmentLayout.MIN_CAPACITY, SegmentLayout.MAX_CAPACITY);
		requireRange("maxMessageSize", maxMessageSize, 1, SegmentLayout.MAX_PAYLOAD);
		requireRange("largeMessageMemory", largeMessageMemory, 0, SegmentLayout.MAX_LARGE_MEMORY);
		requireNotNegative("openTimeout", openTimeout);
		requireNotNegative("sendTimeout", sendTimeout);
		requireNotNegative("requestTimeout", requestTimeout);
	}

	private static void requireRange(String name, long value, long min, long max) {
		if (value < min || value > max) {
			throw new IllegalArgumentException(
					name + " = " + value + " bytes is out of range: " + min + " to " + max + " bytes");
		}
	}

	private static void requireNotNegative(String name, Duration value) {
		Objects.requireNonNull(value, name);
		if (value.isNegative()) {
			throw new IllegalArgumentException(name + " = " + value + " is negative");
		}
	}

	/**
	 * The defaults.
	 * @return options of a client
	 */
	public static ChannelOptions defaults() {
		return DEFAULTS;
	}

	int roundedCapacity() {
		return Integer.highestOneBit((int) this.capacity - 1) << 1;
	}

	/**
	 * Changes the role.
	 * @param role see {@link #role()}
	 * @return a copy
	 */
	public ChannelOptions role(Role role) {
		return new ChannelOptions(role, this.capacity, this.maxMessageSize, this.largeMessageMemory, this.openTimeout,
				this.sendTimeout, this.requestTimeout, this.waitStrategy, this.groupAccess);
	}

	/**
	 * Changes the capacity.
	 * @param capacity see {@link #capacity()}
	 * @return a copy
	 */
	public ChannelOptions capacity(long capacity) {
		return new ChannelOptions(this.role, capacity, this.maxMessageSize, this.largeMessageMemory, this.openTimeout,
				this.sendTimeout, this.requestTimeout, this.waitStrategy, this.groupAccess);
	}

	/**
	 * Changes the maxMessageSize.
	 * @param maxMessageSize see {@link #maxMessageSize()}
	 * @return a copy
	 */
	public ChannelOptions maxMessageSize(long maxMessageSize) {
		return new ChannelOptions(this.role, this.capacity, maxMessageSize, this.largeMessageMemory, this.openTimeout,
				this.sendTimeout, this.requestTimeout, this.waitStrategy, this.groupAccess);
	}

	/**
	 * Changes the largeMessageMemory.
	 * @param largeMessageMemory see {@link #largeMessageMemory()}
	 * @return a copy
	 */
	public ChannelOptions largeMessageMemory(long largeMessageMemory) {
		return new ChannelOptions(this.role, this.capacity, this.maxMessageSize, largeMessageMemory, this.openTimeout,
				this.sendTimeout, this.requestTimeout, this.waitStrategy, this.groupAccess);
	}

	/**
	 * Changes the openTimeout.
	 * @param openTimeout see {@link #openTimeout()}
	 * @return a copy
	 */
	public ChannelOptions openTimeout(Duration openTimeout) {
		return new ChannelOptions(this.role, this.capacity, this.maxMessageSize, this.largeMessageMemory, openTimeout,
				this.sendTimeout, this.requestTimeout, this.waitStrategy, this.groupAccess);
	}

	/**
	 * Changes the sendTimeout.
	 * @param sendTimeout see {@link #sendTimeout()}
	 * @return a copy
	 */
	public ChannelOptions sendTimeout(Duration sendTimeout) {
		return new ChannelOptions(this.role, this.capacity, this.maxMessageSize, this.largeMessageMemory,
				this.openTimeout, sendTimeout, this.requestTimeout, this.waitStrategy, this.groupAccess);
	}

	/**
	 * Changes the requestTimeout.
	 * @param requestTimeout see {@link #requestTimeout()}
	 * @return a copy
	 */
	public ChannelOptions requestTimeout(Duration requestTimeout) {
		return new ChannelOptions(this.role, this.capacity, this.maxMessageSize, this.largeMessageMemory,
				this.openTimeout, this.sendTimeout, requestTimeout, this.waitStrategy, this.groupAccess);
	}

	/**
	 * Changes the waitStrategy.
	 * @param waitStrategy see {@link #waitStrategy()}
	 * @return a copy
	 */
	public ChannelOptions waitStrategy(WaitStrategy waitStrategy) {
		return new ChannelOptions(this.role, this.capacity, this.maxMessageSize, this.largeMessageMemory,
				this.openTimeout, this.sendTimeout, this.requestTimeout, waitStrategy, this.groupAccess);
	}

	/**
	 * Changes the groupAccess.
	 * @param groupAccess see {@link #groupAccess()}
	 * @return a copy
	 */
	public ChannelOptions groupAccess(boolean groupAccess) {
		return new ChannelOptions(this.role, this.capacity, this.maxMessageSize, this.largeMessageMemory,
				this.openTimeout, this.sendTimeout, this.requestTimeout, this.waitStrategy, groupAccess);
	}

}
