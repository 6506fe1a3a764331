package io.axonipc.testing;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Locale;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelOptions;
import io.axonipc.MessageHeader;
import io.axonipc.MessageView;
import io.axonipc.Role;

/**
 * The other process of a test. The peers in C, Python and Go take the same arguments:
 *
 * <pre>
 * ROLE NAME echo             answers requests, sends other messages back, ends with the tag "quit"
 * ROLE NAME send COUNT SIZE  sends messages with the pattern of {@link #pattern}, then "quit"
 * ROLE NAME receive          checks that pattern until "quit" and prints received=N
 * ROLE NAME hold             receives one message, prints held deliveries=N, and never lets it go
 * ROLE NAME reopen COUNT     closes the channel and opens it again so many times
 * </pre>
 *
 * Each prints "ready" once its channel is open.
 */
public final class Peer {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private Peer() {
	}

	/**
	 * The payload of a test message.
	 * @param number the message's number
	 * @param size bytes
	 * @return byte i is (number * 31 + i * 7) modulo 256
	 */
	public static byte[] pattern(long number, int size) {
		byte[] payload = new byte[size];
		for (int i = 0; i < size; i++) {
			payload[i] = (byte) (number * 31 + i * 7L);
		}
		return payload;
	}

	/**
	 * Runs a peer.
	 * @param arguments see above
	 * @throws InterruptedException never
	 */
	public static void main(String[] arguments) throws InterruptedException {
		Role role = Role.valueOf(arguments[0].toUpperCase(Locale.ROOT));
		ChannelOptions options = ChannelOptions.defaults().role(role).openTimeout(PATIENCE).sendTimeout(PATIENCE);
		try (AxonChannel channel = AxonChannel.open(arguments[1], options)) {
			System.out.println("ready");
			switch (arguments[2]) {
				case "echo" -> echo(channel);
				case "send" -> send(channel, Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
				case "receive" -> receive(channel);
				case "hold" -> hold(channel);
				case "reopen" -> reopen(channel, options, Integer.parseInt(arguments[3]));
				default -> throw new IllegalArgumentException(arguments[2]);
			}
		}
	}

	private static void echo(AxonChannel channel) {
		boolean[] quit = new boolean[1];
		while (!quit[0]) {
			channel.receiver().poll((message) -> {
				if (message.isRequest()) {
					channel.sender().reply(message, message.payload());
				}
				else if (message.tag().equals("quit")) {
					quit[0] = true;
				}
				else {
					MessageHeader header = new MessageHeader(message.tag(), message.metadata());
					channel.sender().send(header, message.payload(), PATIENCE);
				}
			}, 1, PATIENCE);
		}
	}

	private static void send(AxonChannel channel, int count, int size) {
		for (int n = 0; n < count; n++) {
			channel.sender().send("data", pattern(n, size));
		}
		channel.sender().send("quit", new byte[0]);
	}

	private static void receive(AxonChannel channel) {
		for (long n = 0;; n++) {
			try (MessageView message = channel.receiver().receive(PATIENCE)) {
				if (message.tag().equals("quit")) {
					System.out.println("received=" + n);
					return;
				}
				if (!message.payload().equals(ByteBuffer.wrap(pattern(n, message.length())))) {
					throw new IllegalStateException("message " + n + " differs");
				}
			}
		}
	}

	private static void hold(AxonChannel channel) throws InterruptedException {
		MessageView message = channel.receiver().receive(PATIENCE);
		System.out.println("held deliveries=" + message.deliveries());
		Thread.currentThread().join();
	}

	private static void reopen(AxonChannel first, ChannelOptions options, int count) {
		first.close();
		for (int n = 0; n < count; n++) {
			AxonChannel.open(first.name(), options).close();
		}
	}

}
