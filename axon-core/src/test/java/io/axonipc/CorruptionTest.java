package io.axonipc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

import io.axonipc.ring.SegmentLayout;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * Another process writes nonsense into shared memory: the channel closes with an error,
 * and no more.
 */
class CorruptionTest {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final int CAPACITY = 4096;

	private static final int RING = SegmentLayout.control(0, CAPACITY);

	private static final int DATA = RING + SegmentLayout.PAGE;

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	private AxonChannel server;

	private AxonChannel client;

	private ByteBuffer memory;

	@BeforeEach
	void open() throws IOException {
		this.server = AxonChannel.open(this.name,
				ChannelOptions.defaults().role(Role.SERVER).capacity(CAPACITY).sendTimeout(Duration.ofMillis(10)));
		this.client = AxonChannel.open(this.name);
		try (FileChannel file = FileChannel.open(Path.of("/dev/shm/axon." + this.name), StandardOpenOption.READ,
				StandardOpenOption.WRITE)) {
			this.memory = file.map(FileChannel.MapMode.READ_WRITE, 0, file.size()).order(ByteOrder.LITTLE_ENDIAN);
		}
	}

	@AfterEach
	void close() {
		this.server.close();
		this.client.close();
		AxonChannel.discard(this.name);
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, -1, 0x0000_0001_7fff_ffffL, 0x0000_3001_0000_0040L, 0x0000_0801_0000_0020L })
	void aBadRecordClosesTheReceiversChannel(long word) {
		this.memory.putLong(DATA, word);
		expectCorrupt(() -> MessageTest.tags(this.client));
	}

	@ParameterizedTest
	@ValueSource(longs = { -1, 1, 1 << 20, Long.MIN_VALUE })
	void aBadPositionClosesTheSendersChannel(long free) {
		this.memory.putLong(RING, free);
		assertThatThrownBy(() -> {
			for (int i = 0; i < 100; i++) {
				this.server.sender().trySend("t", new byte[500]);
			}
		}).isInstanceOf(CorruptChannelException.class).hasMessageContaining("free = " + free);
		assertThat(this.server.isOpen()).isFalse();
	}

	@ParameterizedTest
	@ValueSource(ints = { -1, 15, 16, Integer.MAX_VALUE })
	void aReferenceToASlotThatIsNotThereClosesTheChannel(int slot) {
		this.server.sender().send("t", new byte[5000]);
		this.memory.putInt(DATA + 16 + 16, slot);
		expectCorrupt(() -> MessageTest.tags(this.client));
	}

	@ParameterizedTest
	@ValueSource(longs = { -1, 65537, Integer.MAX_VALUE, Long.MAX_VALUE, Long.MIN_VALUE })
	void aForgedLengthOfALargeMessageClosesTheChannel(long length) {
		this.server.sender().send("t", new byte[5000]);
		this.memory.putLong(DATA + 16, length);
		expectCorrupt(() -> MessageTest.tags(this.client));
	}

	@Test
	void aSlotThatOthersMayWriteIsRefusedAndItsMessageIsNotLost() throws IOException {
		this.server.sender().send("t", new byte[5000]);
		Path slot = Path.of("/dev/shm/axon." + this.server.name() + "~0.00");
		Files.setPosixFilePermissions(slot, PosixFilePermissions.fromString("rw-rw-rw-"));
		assertThatThrownBy(() -> MessageTest.tags(this.client)).isInstanceOf(ChannelAccessException.class)
			.hasMessageContaining("mode 0666");
		this.client.close();
		this.client = AxonChannel.open(this.server.name());
		Files.setPosixFilePermissions(slot, PosixFilePermissions.fromString("rw-------"));
		try (MessageView message = this.client.receiver().receive(PATIENCE)) {
			assertThat(message.tag()).isEqualTo("t");
			assertThat(message.deliveries()).as("it was never delivered").isEqualTo(1);
		}
	}

	@Test
	void aForgedGenerationClosesTheChannel() {
		this.server.sender().send("t", new byte[5000]);
		this.memory.putLong(DATA + 16 + 8, 77);
		expectCorrupt(() -> MessageTest.tags(this.client));
	}

	@Test
	void aBadReplyClosesTheChannelOfWhomeverWaitsForOne() {
		this.memory.putLong(DATA, -1);
		expectCorrupt(() -> this.client.request("t", ByteBuffer.allocate(0), PATIENCE, (reply) -> null));
	}

	@Test
	@Timeout(20)
	void repliesWithoutAnEndDoNotKeepAReceiverBusyForEver() {
		for (int i = 0; i < CAPACITY; i += 64) {
			this.memory.putLong(DATA + i, 0x0000_0301_0000_0020L);
		}
		expectCorrupt(() -> MessageTest.tags(this.client));
	}

	@Test
	@Timeout(20)
	void repliesWithoutAnEndDoNotKeepARequesterBusyForEver() {
		for (int i = 0; i < CAPACITY; i += 64) {
			this.memory.putLong(DATA + i, 0x0000_0301_0000_0020L);
		}
		expectCorrupt(() -> this.client.request("t", ByteBuffer.allocate(0), PATIENCE, (reply) -> null));
	}

	@Test
	void aTagThatIsNoUtf8IsReadWithReplacements() {
		this.server.sender().send("tag", new byte[0]);
		this.memory.put(DATA + 8, (byte) 0xff);
		assertThat(MessageTest.tags(this.client)).containsExactly("\ufffdag");
	}

	@Test
	void aWaitingReceiverNoticesWhenItWakes() throws Exception {
		Thread corrupting = new Thread(() -> this.memory.putLong(DATA, -1));
		corrupting.start();
		expectCorrupt(() -> this.client.receiver().receive(PATIENCE));
		corrupting.join();
	}

	private void expectCorrupt(Runnable call) {
		assertThatThrownBy(call::run).isInstanceOf(CorruptChannelException.class)
			.hasMessageContaining("'" + this.name + "' is corrupt")
			.hasMessageContaining("discard");
		assertThat(this.client.isOpen()).isFalse();
		assertThatThrownBy(() -> this.client.sender().trySend("t", new byte[0]))
			.isInstanceOf(ChannelClosedException.class)
			.hasCauseInstanceOf(CorruptChannelException.class);
	}

}
