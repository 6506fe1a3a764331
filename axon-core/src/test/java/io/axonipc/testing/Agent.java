package io.axonipc.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.Locale;

import io.axonipc.AxonChannel;
import io.axonipc.AxonException;
import io.axonipc.ChannelOptions;
import io.axonipc.MessageView;
import io.axonipc.Role;

/**
 * Another process that does with one channel what it is told, line by line, and answers
 * each with a line: what came of it, or the exception. Ends with its input.
 *
 * <pre>
 * open ROLE [group]   opened
 * send BYTES          sent
 * receive             received BYTES
 * close               closed
 * discard             true or false
 * </pre>
 */
public final class Agent {

	private static final ChannelOptions OPTIONS = ChannelOptions.defaults()
		.capacity(4096)
		.openTimeout(Duration.ofSeconds(30));

	private static AxonChannel channel;

	private Agent() {
	}

	/**
	 * Runs an agent.
	 * @param arguments the channel's name
	 * @throws IOException if the input cannot be read
	 */
	public static void main(String[] arguments) throws IOException {
		BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
		System.out.println("ready " + AxonChannel.discard("axon-agent-warms-up"));
		for (String line = input.readLine(); line != null; line = input.readLine()) {
			try {
				System.out.println(carryOut(arguments[0], line.split(" ")));
			}
			catch (AxonException ex) {
				System.out.println(ex.getClass().getSimpleName() + ": " + ex.getMessage());
			}
		}
	}

	private static String carryOut(String name, String[] order) {
		switch (order[0]) {
			case "open":
				channel = AxonChannel.open(name,
						OPTIONS.role(Role.valueOf(order[1].toUpperCase(Locale.ROOT))).groupAccess(order.length > 2));
				return "opened";
			case "send":
				channel.sender().send("t", new byte[Integer.parseInt(order[1])]);
				return "sent";
			case "receive":
				try (MessageView message = channel.receiver().receive(OPTIONS.openTimeout())) {
					return "received " + message.length();
				}
			case "close":
				channel.close();
				return "closed";
			case "discard":
				return String.valueOf(AxonChannel.discard(name));
			default:
				throw new IllegalArgumentException(order[0]);
		}
	}

}
