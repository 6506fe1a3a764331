package io.axonipc.matrix;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

import io.axonipc.MessageHeader;
import io.axonipc.testing.Peer;
import io.axonipc.testing.PeerCheck;
import io.axonipc.testing.Tally;

/** What the asking side must report of each exchange, computed without a channel. */
final class Script {

	/** The exchanges of the behaviour "check", in their order. */
	static final List<String> EXCHANGES = List.of("small", "large", "metadata", "requests", "errors", "full-ring",
			"full-slots");

	/** How many messages a ring of 1 MiB takes at least. */
	private static final int RING_MESSAGES = 1000;

	private static final int SLOTS = 16;

	private Script() {
	}

	/**
	 * What is received in an exchange.
	 * @param exchange its name
	 * @param count how many messages were received, for exchanges in which it is not
	 * fixed
	 */
	static Tally received(String exchange, int count) {
		Tally tally = new Tally();
		switch (exchange) {
			case "small" -> plain(tally, PeerCheck.SMALL);
			case "large" -> plain(tally, PeerCheck.LARGE);
			case "metadata" -> metadata(tally);
			case "requests" -> requests(tally);
			case "errors" -> errors(tally);
			case "full-ring" -> full(tally, Math.max(count, RING_MESSAGES), PeerCheck.RING_SIZE);
			case "full-slots" -> full(tally, Math.max(count, SLOTS), PeerCheck.SLOT_SIZE);
			case "restart" -> {
				add(tally, "ask", 1, PeerCheck.RING_SIZE);
				plain(tally, PeerCheck.SMALL);
			}
			case "death" -> {
				// Nothing is received.
			}
			default -> throw new IllegalArgumentException(exchange);
		}
		return tally;
	}

	private static void plain(Tally tally, List<Integer> sizes) {
		for (int n = 0; n < sizes.size(); n++) {
			add(tally, "data", n, sizes.get(n));
		}
	}

	private static void metadata(Tally tally) {
		for (int n = 0; n < PeerCheck.HEADERS.size(); n++) {
			MessageHeader header = PeerCheck.HEADERS.get(n);
			byte[] payload = Peer.pattern(n, PeerCheck.HEADER_SIZES.get(n));
			tally.add(header.tag(), header.metadata(), ByteBuffer.wrap(payload));
		}
	}

	private static void requests(Tally tally) {
		for (int n = 0; n < PeerCheck.REQUESTS.size(); n++) {
			add(tally, "ask", n, PeerCheck.REQUESTS.get(n));
			add(tally, "data", n, 10);
		}
	}

	private static void errors(Tally tally) {
		for (String text : PeerCheck.ERRORS) {
			tally.add("", null, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
		}
		add(tally, "ask", 0, 10);
	}

	private static void full(Tally tally, int count, int size) {
		for (int n = 0; n < count; n++) {
			add(tally, "data", n, size);
		}
	}

	private static void add(Tally tally, String tag, int number, int size) {
		tally.add(tag, null, ByteBuffer.wrap(Peer.pattern(number, size)));
	}

}
