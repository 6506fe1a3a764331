package io.axonipc.samples.benchmarks.jmh;

import java.time.Duration;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelOptions;
import io.axonipc.MessageView;
import io.axonipc.Role;

/** Both ends of a channel. */
final class ChannelPair implements AutoCloseable {

	private static final Duration PATIENCE = Duration.ofSeconds(5);

	final AxonChannel server;

	final AxonChannel client;

	ChannelPair() {
		String name = "jmh." + ProcessHandle.current().pid();
		this.server = AxonChannel.open(name, ChannelOptions.defaults().role(Role.SERVER));
		this.client = AxonChannel.open(name);
	}

	/** Sends a message from one end and has it in hand at the other. */
	MessageView inHand(String tag, byte[] payload) {
		this.client.sender().send(tag, payload);
		MessageView message = this.server.receiver().receive(PATIENCE);
		if (message == null) {
			throw new IllegalStateException("the message with tag '" + tag + "' did not come within " + PATIENCE);
		}
		return message;
	}

	@Override
	public void close() {
		this.client.close();
		this.server.close();
	}

}
