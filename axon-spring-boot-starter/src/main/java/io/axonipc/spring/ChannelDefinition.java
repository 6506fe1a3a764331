package io.axonipc.spring;

import io.axonipc.ChannelOptions;

/**
 * A channel as an application configures it.
 *
 * @param key how the application calls the channel; unique within it
 * @param name the name that both processes share
 * @param options the settings of this process's endpoint
 */
public record ChannelDefinition(String key, String name, ChannelOptions options) {
}
