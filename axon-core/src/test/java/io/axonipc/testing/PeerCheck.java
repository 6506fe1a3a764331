package io.axonipc.testing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.Claim;
import io.axonipc.MessageHeader;
import io.axonipc.MessageTooLargeException;
import io.axonipc.MessageView;
import io.axonipc.PeerDiedException;
import io.axonipc.RequestTimeoutException;
import io.axonipc.SendTimeoutException;

/**
 * The asking side of the all-pairs suite: a fixed script of exchanges with a peer that
 * echoes. The peers in the other languages have the same script; see
 * {@code matrix/README.md}.
 */
public final class PeerCheck {

	/** Payloads that fit into a line, fill one, and do not. */
	public static final List<Integer> SMALL = List.of(0, 1, 7, 8, 31, 32, 33, 255, 4096, 65_000);

	/** The last ones of a ring of 1 MiB, the first ones in a slot, and larger ones. */
	public static final List<Integer> LARGE = List.of(262_128, 262_136, 262_144, 300_001, 1 << 20, 5_000_001);

	/** Payloads of requests. */
	public static final List<Integer> REQUESTS = List.of(0, 1, 32, 4096, 300_001);

	/** Messages with metadata. */
	public static final List<MessageHeader> HEADERS = List.of(
			new MessageHeader("\u00fcn\u00efc\u00f6de \u65e5\u672c", Peer.pattern(7, 3)),
			new MessageHeader("x".repeat(255), Peer.pattern(7, 65_535)),
			new MessageHeader("data", Peer.pattern(7, 55)));

	/** Their payloads. */
	public static final List<Integer> HEADER_SIZES = List.of(100, 0, 300_000);

	/** Texts of errors. */
	public static final List<String> ERRORS = List.of("", "gr\u00f6\u00dfer als erlaubt: \u65e5\u672c",
			"x".repeat(3000));

	/** The payloads that fill a ring. */
	public static final int RING_SIZE = 1000;

	/** The payloads that fill the slots. */
	public static final int SLOT_SIZE = 300_001;

	private static final int TOO_LARGE = (128 << 20) + 1;

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final Duration IMPATIENCE = Duration.ofMillis(100);

	private static final byte[] REQUEST_METADATA = Peer.pattern(7, 20);

	private final AxonChannel channel;

	private Tally sent = new Tally();

	private Tally received = new Tally();

	private PeerCheck(AxonChannel channel) {
		this.channel = channel;
	}

	/** The behaviour "check". */
	static boolean check(AxonChannel channel) {
		PeerCheck check = new PeerCheck(channel);
		boolean good = check.exchange("small", () -> check.echoes(SMALL))
				&& check.exchange("large", () -> check.echoes(LARGE)) && check.exchange("metadata", check::metadata)
				&& check.exchange("requests", check::requests) && check.exchange("errors", check::errors)
				&& check.exchange("full-ring", () -> check.fill(RING_SIZE))
				&& check.exchange("full-slots", () -> check.fill(SLOT_SIZE));
		if (good) {
			channel.sender().send("quit", new byte[0]);
		}
		return good;
	}

	/** The behaviour "survive". */
	static boolean survive(AxonChannel channel) {
		PeerCheck check = new PeerCheck(channel);
		if (!(check.exchange("small", () -> check.echoes(SMALL)) && check.exchange("death", check::death)
				&& check.exchange("restart", check::restart))) {
			return false;
		}
		Claim claim = channel.sender().claim("data", RING_SIZE);
		claim.buffer().put(Peer.pattern(0, RING_SIZE / 2));
		System.out.println("claimed");
		Peer.stay();
		return false;
	}

	private boolean exchange(String name, Runnable exchange) {
		this.sent = new Tally();
		this.received = new Tally();
		try {
			exchange.run();
		}
		catch (RuntimeException ex) {
			System.out
				.println("failed " + name + ": " + ((ex instanceof IllegalStateException) ? ex.getMessage() : ex));
			return false;
		}
		this.channel.sender().send("mark", new byte[0]);
		System.out.println("exchange " + name + " sent=" + this.sent + " received=" + this.received);
		return true;
	}

	private void echoes(List<Integer> sizes) {
		for (int n = 0; n < sizes.size(); n++) {
			send(new MessageHeader("data"), Peer.pattern(n, sizes.get(n)), PATIENCE);
			receive(new MessageHeader("data"), Peer.pattern(n, sizes.get(n)));
		}
	}

	private void metadata() {
		for (int n = 0; n < HEADERS.size(); n++) {
			send(HEADERS.get(n), Peer.pattern(n, HEADER_SIZES.get(n)), PATIENCE);
			receive(HEADERS.get(n), Peer.pattern(n, HEADER_SIZES.get(n)));
		}
	}

	/** Before each reply comes a message that was not asked for. */
	private void requests() {
		for (int n = 0; n < REQUESTS.size(); n++) {
			send(new MessageHeader("data"), Peer.pattern(n, 10), PATIENCE);
			request(n, REQUESTS.get(n));
			receive(new MessageHeader("data"), Peer.pattern(n, 10));
		}
	}

	private void request(int number, int size) {
		byte[] payload = Peer.pattern(number, size);
		request(REQUEST_METADATA, payload, PATIENCE, (reply) -> compare(reply, new MessageHeader("ask"), payload));
	}

	private void request(byte[] metadata, byte[] payload, Duration patience, ReplyCheck check) {
		MessageHeader header = new MessageHeader("ask", metadata);
		this.sent.add(header.tag(), metadata, ByteBuffer.wrap(payload));
		this.channel.request(header, ByteBuffer.wrap(payload), patience, (reply) -> {
			check.accept(reply);
			return null;
		});
	}

	private void errors() {
		for (String text : ERRORS) {
			byte[] payload = text.getBytes(StandardCharsets.UTF_8);
			AxonRemoteException error = expect(AxonRemoteException.class,
					() -> request("error".getBytes(StandardCharsets.US_ASCII), payload, PATIENCE, (reply) -> {
					}));
			if (!error.getMessage().equals(text)) {
				throw new IllegalStateException("the error's text is '" + error.getMessage() + "', not '" + text + "'");
			}
			this.received.add("", null, ByteBuffer.wrap(error.getMessage().getBytes(StandardCharsets.UTF_8)));
		}
		expect(RequestTimeoutException.class,
				() -> request("silence".getBytes(StandardCharsets.US_ASCII), new byte[0], IMPATIENCE, (reply) -> {
				}));
		expect(MessageTooLargeException.class, () -> this.channel.sender().claim("data", TOO_LARGE).abort());
		request(0, 10);
	}

	/** The peer stops to receive when it has no room to send. */
	private void fill(int size) {
		int count = 0;
		try {
			for (;; count++) {
				send(new MessageHeader("data"), Peer.pattern(count, size), IMPATIENCE);
			}
		}
		catch (SendTimeoutException ex) {
			for (int n = 0; n < count; n++) {
				receive(new MessageHeader("data"), Peer.pattern(n, size));
			}
		}
	}

	private void death() {
		expect(PeerDiedException.class, () -> request("hold".getBytes(StandardCharsets.US_ASCII),
				Peer.pattern(0, SLOT_SIZE), PATIENCE, (reply) -> {
				}));
	}

	private void restart() {
		request(1, RING_SIZE);
		if (this.channel.counters().repliesDropped() != 1) {
			throw new IllegalStateException(this.channel.counters().repliesDropped()
					+ " replies were dropped, instead of that to the request that failed");
		}
		echoes(SMALL);
	}

	private void send(MessageHeader header, byte[] payload, Duration patience) {
		this.channel.sender().send(header, ByteBuffer.wrap(payload), patience);
		this.sent.add(header.tag(), header.metadata(), ByteBuffer.wrap(payload));
	}

	private void receive(MessageHeader header, byte[] payload) {
		try (MessageView message = this.channel.receiver().receive(PATIENCE)) {
			if (message == null) {
				throw new IllegalStateException("no message came instead of number " + this.received.messages());
			}
			compare(message, header, payload);
		}
	}

	private void compare(MessageView message, MessageHeader header, byte[] payload) {
		String which = "message " + this.received.messages() + ": ";
		byte[] metadata = message.metadata();
		if (!message.tag().equals(header.tag())) {
			throw new IllegalStateException(which + "its tag is " + message.tag() + ", not " + header.tag());
		}
		if (!message.isReply()) {
			compare(which + "metadata", ByteBuffer.wrap((metadata != null) ? metadata : new byte[0]),
					ByteBuffer.wrap((header.metadata() != null) ? header.metadata() : new byte[0]));
		}
		compare(which + "payload", message.payload(), ByteBuffer.wrap(payload));
		this.received.add(message.tag(), metadata, message.payload());
	}

	private static void compare(String what, ByteBuffer bytes, ByteBuffer expected) {
		if (bytes.remaining() != expected.remaining()) {
			throw new IllegalStateException(
					what + " of " + bytes.remaining() + " bytes instead of " + expected.remaining());
		}
		int index = bytes.mismatch(expected);
		if (index >= 0) {
			throw new IllegalStateException("%s of %d bytes: byte %d is %d instead of %d".formatted(what,
					bytes.remaining(), index, bytes.get(index) & 0xff, expected.get(index) & 0xff));
		}
	}

	private static <T extends RuntimeException> T expect(Class<T> type, Runnable action) {
		try {
			action.run();
		}
		catch (RuntimeException ex) {
			if (type.isInstance(ex)) {
				return type.cast(ex);
			}
			throw ex;
		}
		throw new IllegalStateException("no " + type.getSimpleName());
	}

	/** What is done with a reply. */
	private interface ReplyCheck {

		void accept(MessageView reply);

	}

}
