package io.axonipc.testing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelNotFoundException;
import io.axonipc.ChannelOptions;
import io.axonipc.MessageHeader;
import io.axonipc.MessageView;
import io.axonipc.Role;
import io.axonipc.WaitStrategy;

/**
 * The other process of a test. The peers in the other languages take the same arguments:
 *
 * <pre>
 * ROLE NAME echo             answers requests, sends other messages back, ends with the tag "quit"
 * ROLE NAME send COUNT SIZE  sends messages with the pattern of {@link #pattern}, then "quit"
 * ROLE NAME receive          checks that pattern until "quit" and prints received=N
 * ROLE NAME hold             receives one message, prints held deliveries=N, and never lets it go
 * ROLE NAME reopen COUNT     closes the channel and opens it again so many times
 * ROLE NAME check            does all exchanges of {@link PeerCheck} with an echo, a line for each
 * ROLE NAME survive          asks a peer that is killed, and its successor, then waits with an open claim
 * ROLE NAME measure          measures with a peer that is "measured"; see {@link PeerMeasure}
 * </pre>
 *
 * ROLE is server, client, or early: a client that finds no channel yet, prints "absent",
 * and waits for it. Each prints "ready" once its channel is open.
 * <p>
 * An echo answers a request whose metadata is "error" with an error, its payload the
 * text, and one whose metadata is "silence" not at all; with one whose metadata is "hold"
 * it prints "held" and stays there, unless the request was delivered before. At "mark" it
 * prints received=N/CHECKSUM redelivered=N, of the messages since the last mark.
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
		boolean early = arguments[0].equals("early");
		Role role = early ? Role.CLIENT : Role.valueOf(arguments[0].toUpperCase(Locale.ROOT));
		ChannelOptions options = ChannelOptions.defaults().role(role).openTimeout(PATIENCE).sendTimeout(PATIENCE);
		if (arguments[2].startsWith("measure")) {
			options = options.waitStrategy(WaitStrategy.spin());
		}
		if (early) {
			findNothing(arguments[1], options);
		}
		boolean good = true;
		try (AxonChannel channel = AxonChannel.open(arguments[1], options)) {
			System.out.println("ready");
			switch (arguments[2]) {
				case "echo" -> echo(channel);
				case "send" -> send(channel, Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
				case "receive" -> receive(channel);
				case "hold" -> hold(channel);
				case "reopen" -> reopen(channel, options, Integer.parseInt(arguments[3]));
				case "check" -> good = PeerCheck.check(channel);
				case "survive" -> good = PeerCheck.survive(channel);
				case "measure" -> PeerMeasure.measure(channel);
				case "measured" -> PeerMeasure.measured(channel);
				default -> throw new IllegalArgumentException(arguments[2]);
			}
		}
		if (!good) {
			System.exit(1);
		}
	}

	private static void findNothing(String name, ChannelOptions options) {
		try {
			AxonChannel.open(name, options.openTimeout(Duration.ZERO)).close();
			throw new IllegalStateException("there is a channel already");
		}
		catch (ChannelNotFoundException ex) {
			System.out.println("absent");
		}
	}

	private static void echo(AxonChannel channel) {
		Tally[] received = { new Tally() };
		long[] redelivered = new long[1];
		boolean[] quit = new boolean[1];
		while (!quit[0]) {
			channel.receiver().poll((message) -> {
				if (message.tag().equals("quit")) {
					quit[0] = true;
					return;
				}
				if (message.tag().equals("mark")) {
					System.out.println("received=" + received[0] + " redelivered=" + redelivered[0]);
					received[0] = new Tally();
					redelivered[0] = 0;
					return;
				}
				received[0].add(message.tag(), message.metadata(), message.payload());
				redelivered[0] += message.isRedelivered() ? 1 : 0;
				if (message.isRequest()) {
					answer(channel, message);
				}
				else {
					MessageHeader header = new MessageHeader(message.tag(), message.metadata());
					channel.sender().send(header, message.payload(), PATIENCE);
				}
			}, 1, PATIENCE);
		}
	}

	private static void answer(AxonChannel channel, MessageView request) {
		byte[] metadata = request.metadata();
		switch ((metadata != null) ? new String(metadata, StandardCharsets.ISO_8859_1) : "") {
			case "error" ->
				channel.sender().replyError(request, new String(request.toByteArray(), StandardCharsets.UTF_8));
			case "silence" -> {
				// The asking side's time-out.
			}
			case "hold" -> {
				if (!request.isRedelivered()) {
					System.out.println("held");
					stay();
				}
				channel.sender().reply(request, request.payload());
			}
			default -> channel.sender().reply(request, request.payload());
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

	private static void hold(AxonChannel channel) {
		MessageView message = channel.receiver().receive(PATIENCE);
		System.out.println("held deliveries=" + message.deliveries());
		stay();
	}

	/** Until the process is killed. */
	static void stay() {
		while (true) {
			LockSupport.park();
		}
	}

	private static void reopen(AxonChannel first, ChannelOptions options, int count) {
		first.close();
		for (int n = 0; n < count; n++) {
			AxonChannel.open(first.name(), options).close();
		}
	}

}
