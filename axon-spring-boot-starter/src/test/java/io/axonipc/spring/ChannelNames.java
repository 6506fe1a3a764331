package io.axonipc.spring;

import java.io.File;
import java.util.concurrent.ThreadLocalRandom;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelOptions;
import io.axonipc.Role;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Channel names that no other test uses, and peers for them. A test that leaves anything
 * of them in /dev/shm fails.
 */
public final class ChannelNames implements AfterEachCallback {

	private final String prefix = "starter-" + Long.toHexString(ThreadLocalRandom.current().nextLong());

	/**
	 * A name.
	 * @param key what tells it from the test's other names
	 * @return the name
	 */
	public String name(String key) {
		return this.prefix + "-" + key;
	}

	/**
	 * A property that gives a channel such a name.
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
	public void afterEach(ExtensionContext context) {
		String[] left = new File("/dev/shm").list((directory, name) -> name.contains(this.prefix));
		assertThat(left).as("left in /dev/shm").isNullOrEmpty();
	}

}
