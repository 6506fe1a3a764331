package io.axonipc.matrix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.ChannelOptions;
import io.axonipc.MessageHeader;
import io.axonipc.MessageView;
import io.axonipc.Role;
import io.axonipc.testing.Golden;
import io.axonipc.testing.Golden.Vector;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;

/**
 * The golden vectors through a peer's public interface: it reads each of the records from
 * one ring, and sends it back through the other one, where the same bytes must appear.
 * Replies it makes itself. What it cannot choose is the number of a request.
 */
final class GoldenCheck {

	private static final int CAPACITY = 4096;

	private static final int SEGMENT_SIZE = 20480;

	/** Where the bytes of the client's ring begin. */
	private static final int RING = 16384;

	private static final int CORRELATION = 8;

	private static final int FLAGS = 5;

	/** Set by who waited for the reply, and so took it out of order. */
	private static final byte DONE = 0x40;

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final ChannelOptions SERVER = ChannelOptions.defaults().role(Role.SERVER).capacity(CAPACITY);

	private final Language language;

	private final String name = "golden-" + UUID.randomUUID();

	private GoldenCheck(Language language) {
		this.language = language;
	}

	static Outcome of(Language language) {
		Outcome outcome = new GoldenCheck(language).records();
		return outcome.plus(new GoldenCheck(language).segment());
	}

	private Outcome records() {
		List<Vector> vectors = Golden.vectors();
		int passed = 0;
		try (AxonChannel server = AxonChannel.open(this.name, SERVER);
				PeerProcess peer = PeerProcess.start(this.language, "client", this.name, "echo")) {
			peer.expect("ready");
			ByteBuffer memory = map();
			Vector padding = null;
			for (; passed < vectors.size(); passed++) {
				Vector vector = vectors.get(passed);
				if (vector.isPadding()) {
					padding = vector;
					continue;
				}
				exchange(server, vector);
				if (vector.isReply() || vector.correlation() == 0) {
					compare(memory, vector);
				}
				if (padding != null) {
					compare(memory, padding);
					padding = null;
				}
			}
			end(server, peer);
			return Outcome.good(vectors.size());
		}
		catch (Exception | AssertionError ex) {
			String record = (passed < vectors.size()) ? vectors.get(passed).name() : "end";
			return failed(passed, vectors.size(), "record " + record, ex);
		}
	}

	private static void exchange(AxonChannel server, Vector vector) {
		byte[] metadata = vector.isError() ? "error".getBytes(StandardCharsets.US_ASCII) : vector.metadata();
		MessageHeader header = new MessageHeader(vector.tag(), metadata);
		ByteBuffer payload = ByteBuffer.wrap(vector.payload());
		if (vector.correlation() == 0) {
			server.sender().send(header, payload, PATIENCE);
			try (MessageView echo = receive(server)) {
				require(echo.tag().equals(vector.tag()), "the tag came back as " + echo.tag());
				require(Arrays.equals(echo.metadata(), vector.metadata()), "the metadata came back changed");
				require(echo.payload().equals(payload), "the payload came back changed");
			}
			return;
		}
		byte[] answer;
		try {
			answer = server.request(header, payload, PATIENCE, MessageView::toByteArray);
			require(!vector.isError(), "the reply is no error");
		}
		catch (AxonRemoteException ex) {
			require(vector.isError(), "the reply is an error: " + ex.getMessage());
			answer = ex.getMessage().getBytes(StandardCharsets.UTF_8);
		}
		require(Arrays.equals(answer, vector.payload()), "the reply is not the request's payload");
	}

	private static void compare(ByteBuffer memory, Vector vector) {
		byte[] expected = vector.bytes();
		byte[] written = new byte[expected.length];
		memory.get(RING + (vector.position() & (CAPACITY - 1)), written);
		if (vector.isReply()) {
			System.arraycopy(expected, CORRELATION, written, CORRELATION, Long.BYTES);
			written[FLAGS] &= ~DONE;
		}
		require(Arrays.equals(written, expected),
				"wrote " + HexFormat.of().formatHex(written) + " instead of " + HexFormat.of().formatHex(expected));
	}

	/** A segment as a server left it, with two messages. */
	private Outcome segment() {
		Path path = Path.of("/dev/shm/axon." + this.name);
		try {
			Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
			Files.write(path, Golden.segment());
			try (PeerProcess peer = PeerProcess.start(this.language, "client", this.name, "echo")) {
				peer.expect("ready");
				try (AxonChannel server = AxonChannel.open(this.name, SERVER)) {
					try (MessageView echo = receive(server)) {
						require(echo.tag().equals("greeting") && echo.payload().equals(ascii("hello")),
								"the greeting came back changed");
					}
					// The answer to the other message, which nobody waits for any more.
					server.request("ask", ascii("after"), PATIENCE, MessageView::length);
					require(server.counters().repliesDropped() == 1, "there was no reply to the request");
					end(server, peer);
				}
			}
			return Outcome.good(1);
		}
		catch (Exception | AssertionError ex) {
			return failed(0, 1, "segment", ex);
		}
	}

	private Outcome failed(int passed, int steps, String what, Throwable reason) {
		AxonChannel.discard(this.name);
		String text = (reason instanceof IllegalStateException) ? reason.getMessage() : reason.toString();
		return Outcome.failed(passed, steps, new Failure(what + ": " + text, "golden vectors"));
	}

	private static void end(AxonChannel server, PeerProcess peer) throws InterruptedException {
		server.sender().send("quit", new byte[0]);
		peer.expectExit(0);
	}

	private static MessageView receive(AxonChannel server) {
		MessageView message = server.receiver().receive(PATIENCE);
		require(message != null, "no message came back");
		return message;
	}

	private static ByteBuffer ascii(String text) {
		return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
	}

	private static void require(boolean condition, String otherwise) {
		if (!condition) {
			throw new IllegalStateException(otherwise);
		}
	}

	private ByteBuffer map() throws IOException {
		try (FileChannel file = FileChannel.open(Path.of("/dev/shm/axon." + this.name), StandardOpenOption.READ)) {
			return file.map(FileChannel.MapMode.READ_ONLY, 0, SEGMENT_SIZE).order(ByteOrder.LITTLE_ENDIAN);
		}
	}

}
