package io.axonipc;

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
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import io.axonipc.testing.Golden;
import io.axonipc.testing.Golden.Vector;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The bytes of src/test/golden, written and read by this implementation; see README.md
 * there.
 */
class GoldenVectorsTest {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final ChannelOptions SERVER = ChannelOptions.defaults().role(Role.SERVER).capacity(4096);

	private static final int SEGMENT_SIZE = 20480;

	private static final int DATA = 8192;

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	@AfterEach
	void discard() {
		AxonChannel.discard(this.name);
	}

	@Test
	void recordsAreWrittenAsTheVectorsSay() throws IOException {
		try (AxonChannel server = AxonChannel.open(this.name, SERVER);
				AxonChannel client = AxonChannel.open(this.name)) {
			ByteBuffer memory = map();
			List<Vector> unseen = new ArrayList<>();
			for (Vector vector : Golden.vectors()) {
				unseen.add(vector);
				if (vector.isPadding()) {
					continue;
				}
				send(vector, server, client);
				unseen.forEach((written) -> expectBytes(memory, written));
				unseen.clear();
				receive(vector, client);
			}
		}
	}

	private static void expectBytes(ByteBuffer memory, Vector vector) {
		byte[] written = new byte[vector.bytes().length];
		memory.get(DATA + (vector.position() & 4095), written);
		assertThat(HexFormat.of().formatHex(written)).as(vector.name())
			.isEqualTo(HexFormat.of().formatHex(vector.bytes()));
	}

	private static void send(Vector vector, AxonChannel server, AxonChannel client) {
		ByteBuffer payload = ByteBuffer.wrap(vector.payload());
		MessageHeader header = new MessageHeader(vector.tag(), vector.metadata());
		if (vector.isReply()) {
			client.sender().request(header, vector.correlation(), ByteBuffer.allocate(0), PATIENCE.toNanos());
			server.receiver().poll((request) -> {
				if (vector.isError()) {
					server.sender().replyError(request, new String(vector.payload(), StandardCharsets.UTF_8));
				}
				else {
					server.sender().reply(request, payload);
				}
			}, 1);
		}
		else if (vector.correlation() != 0) {
			server.sender().request(header, vector.correlation(), payload, PATIENCE.toNanos());
		}
		else {
			server.sender().send(header, payload, PATIENCE);
		}
	}

	@Test
	void recordsAreReadAsTheVectorsSay() throws IOException {
		try (AxonChannel server = AxonChannel.open(this.name, SERVER);
				AxonChannel client = AxonChannel.open(this.name)) {
			ByteBuffer memory = map();
			for (Vector vector : Golden.vectors()) {
				long word = ByteBuffer.wrap(vector.bytes()).order(ByteOrder.LITTLE_ENDIAN).getLong();
				int end = (vector.position() + (((int) word + 63) & -64)) & 4095;
				boolean large = vector.name().equals("large");
				memory.putLong(DATA + end, 0);
				memory.put(DATA + (vector.position() & 4095), vector.bytes());
				if (large) {
					// There is no slot: the record is marked as done and stepped over.
					memory.put(DATA + vector.position() + 5, (byte) (0x08 | 0x40));
				}
				if (vector.isPadding() || large) {
					assertThat(client.receiver().receive(Duration.ZERO)).as(vector.name()).isNull();
				}
				else {
					receive(vector, client);
				}
			}
			assertThat(server.isPeerAlive()).isTrue();
		}
	}

	private static void receive(Vector vector, AxonChannel client) {
		long dropped = client.counters().repliesDropped();
		try (MessageView message = client.receiver().receive(Duration.ZERO)) {
			if (vector.isReply()) {
				assertThat(message).as(vector.name()).isNull();
				assertThat(client.counters().repliesDropped()).isEqualTo(dropped + 1);
				return;
			}
			assertThat(message.tag()).as(vector.name()).isEqualTo(vector.tag());
			assertThat(message.metadata()).isEqualTo(vector.metadata());
			assertThat(message.toByteArray()).isEqualTo(vector.payload());
			assertThat(message.correlationId()).isEqualTo(vector.correlation());
			assertThat(message.isRequest()).isEqualTo(vector.correlation() != 0);
		}
	}

	@Test
	void aSegmentIsWrittenAsTheVectorSays() throws IOException {
		try (AxonChannel server = AxonChannel.open(this.name, SERVER)) {
			server.sender().send("greeting", "hello".getBytes(StandardCharsets.UTF_8));
			MessageHeader header = new MessageHeader("ask", "trace".getBytes(StandardCharsets.UTF_8));
			ByteBuffer payload = ByteBuffer.wrap(new byte[] { 0, 1, 2, 3, 4, 5, 6, 7 });
			server.sender().request(header, 0x0000_0100_0000_0001L, payload, PATIENCE.toNanos());
			ByteBuffer expected = segment();
			byte[] written = Files.readAllBytes(path());
			ByteBuffer actual = ByteBuffer.wrap(written).order(ByteOrder.LITTLE_ENDIAN);
			assertThat(actual.getLong(32)).as("channel id").isNotZero();
			assertThat(actual.getLong(136)).as("pid").isEqualTo(ProcessHandle.current().pid());
			actual.putLong(32, expected.getLong(32)).putLong(136, expected.getLong(136));
			assertThat(HexFormat.of().formatHex(written)).isEqualTo(HexFormat.of().formatHex(expected.array()));
		}
	}

	@Test
	void aSegmentIsReadAsTheVectorSays() throws IOException {
		Files.createFile(path(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
		Files.write(path(), segment().array());
		try (AxonChannel client = AxonChannel.open(this.name)) {
			try (MessageView message = client.receiver().receive(Duration.ZERO)) {
				assertThat(message.tag()).isEqualTo("greeting");
				assertThat(message.toByteArray()).isEqualTo("hello".getBytes(StandardCharsets.UTF_8));
				assertThat(message.isRequest()).isFalse();
			}
			try (MessageView message = client.receiver().receive(Duration.ZERO)) {
				assertThat(message.tag()).isEqualTo("ask");
				assertThat(message.metadata()).isEqualTo("trace".getBytes(StandardCharsets.UTF_8));
				assertThat(message.toByteArray()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
				assertThat(message.isRequest()).isTrue();
				assertThat(message.correlationId()).isEqualTo(0x0000_0100_0000_0001L);
			}
			assertThat(client.receiver().receive(Duration.ZERO)).isNull();
		}
	}

	private Path path() {
		return Path.of("/dev/shm/axon." + this.name);
	}

	private ByteBuffer map() throws IOException {
		try (FileChannel file = FileChannel.open(path(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
			return file.map(FileChannel.MapMode.READ_WRITE, 0, SEGMENT_SIZE).order(ByteOrder.LITTLE_ENDIAN);
		}
	}

	private static ByteBuffer segment() {
		return ByteBuffer.wrap(Golden.segment()).order(ByteOrder.LITTLE_ENDIAN);
	}

}
