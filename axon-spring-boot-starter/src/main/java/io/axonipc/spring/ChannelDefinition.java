package io.axonipc.spring;

import io.axonipc.ChannelOptions;

/**
 * A channel as an application configures it.
 *
 * @param key how the application calls the channel; unique within it
 * @param name the name that both processes share
 * @param options the settings of this process's endpoint
 * @param opening whether and how it is opened
 * @param listener the settings of its listeners
 */
public record ChannelDefinition(String key, String name, ChannelOptions options, Opening opening,
		ListenerOptions listener) {

	/**
	 * A channel that is opened at start-up, with the defaults for listeners.
	 * @param key how the application calls the channel; unique within it
	 * @param name the name that both processes share
	 * @param options the settings of this process's endpoint
	 */
	public ChannelDefinition(String key, String name, ChannelOptions options) {
		this(key, name, options, Opening.DEFAULT, ListenerOptions.defaults());
	}

	/**
	 * Whether and how a channel is opened.
	 *
	 * @param enabled whether it may be
	 * @param autoStartup whether it is when the context starts; otherwise at first use
	 * @param discard whether what lies unread in it is dropped then
	 */
	public record Opening(boolean enabled, boolean autoStartup, boolean discard) {

		/** At start-up, with what lies unread in it. */
		public static final Opening DEFAULT = new Opening(true, true, false);

	}

}
