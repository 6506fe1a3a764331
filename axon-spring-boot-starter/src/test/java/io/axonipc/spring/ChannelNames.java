package io.axonipc.spring;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelOptions;
import io.axonipc.Role;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** {@link UniqueNames} by channel key, and peers for them. */
public final class ChannelNames implements AfterEachCallback {

	private final UniqueNames unique = new UniqueNames();

	private final Map<String, String> names = new HashMap<>();

	/**
	 * The unique name of a channel.
	 * @param key the channel's key
	 * @return the name
	 */
	public String name(String key) {
		return this.names.computeIfAbsent(key, (unused) -> this.unique.next());
	}

	/**
	 * The property that gives a channel its unique name.
	 * @param key the channel's key
	 * @return the property
	 */
	public String property(String key) {
		return "axon.channels." + key + ".name=" + name(key);
	}

	/**
	 * Opens the other end of a channel.
	 * @param key the channel's key
	 * @return the client's end
	 */
	public AxonChannel peer(String key) {
		return AxonChannel.open(name(key), ChannelOptions.defaults().role(Role.CLIENT));
	}

	@Override
	public void afterEach(ExtensionContext context) throws IOException {
		this.unique.afterEach(context);
	}

}
