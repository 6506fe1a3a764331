package io.axonipc.spring;

import io.axonipc.ChannelOptions;

/**
 * A channel as an application configures it.
 *
 * @param key how the application calls the channel; unique within it
 * @param name the name that both processes share
 * @param options the settings of this process's endpoint
 * @param redeliveryLimit how many processes may die with a message in hand before it is
 * set aside, 1 to {@value #MAX_REDELIVERY_LIMIT}; 0 for any number
 */
public record ChannelDefinition(String key, String name, ChannelOptions options, int redeliveryLimit) {

	/**
	 * The core counts deliveries up to 63: those to listeners, and as many after them.
	 */
	public static final int MAX_REDELIVERY_LIMIT = 31;

	/**
	 * A channel with the defaults for listeners.
	 * @param key how the application calls the channel; unique within it
	 * @param name the name that both processes share
	 * @param options the settings of this process's endpoint
	 */
	public ChannelDefinition(String key, String name, ChannelOptions options) {
		this(key, name, options, 3);
	}

}
