package io.axonipc;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class LargeMessageTest {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final ChannelOptions SERVER = ChannelOptions.defaults()
		.role(Role.SERVER)
		.capacity(65536)
		.maxMessageSize(1 << 20)
		.largeMessageMemory(3 << 20)
		.sendTimeout(Duration.ofMillis(20));

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	private AxonChannel server = AxonChannel.open(this.name, SERVER);

	private AxonChannel client = AxonChannel.open(this.name);

	@AfterEach
	void close() {
		this.server.close();
		this.client.close();
		AxonChannel.discard(this.name);
	}

	@Test
	void sizesAroundTheLimitOfTheRingArrive() {
		List<Integer> sizes = List.of(16384 - 9, 16384 - 16, 16384 - 15, 16384, 65536, 1 << 20);
		Random random = new Random(3);
		for (int size : sizes) {
			byte[] payload = new byte[size];
			random.nextBytes(payload);
			this.server.sender().send("t", payload);
			try (MessageView message = this.client.receiver().receive(PATIENCE)) {
				assertThat(message.toByteArray()).isEqualTo(payload);
			}
		}
	}

	@Test
	void aSlotIsReusedOnceItsMessageIsHandled() {
		for (int i = 0; i < 50; i++) {
			this.server.sender().send("t", new byte[1 << 20]);
			assertThat(MessageTest.tags(this.client)).hasSize(1);
		}
		assertThat(slots()).isEqualTo(1);
	}

	@Test
	void theMemoryIsBoundedAndFullIsBackPressure() {
		byte[] payload = new byte[1 << 20];
		assertThat(this.server.sender().trySend("t", payload)).isTrue();
		assertThat(this.server.sender().trySend("t", payload)).isTrue();
		assertThat(this.server.sender().trySend("t", payload)).isTrue();
		assertThat(this.server.sender().trySend("t", payload)).isFalse();
		assertThatThrownBy(() -> this.server.sender().send("t", payload)).isInstanceOf(SendTimeoutException.class);
		assertThat(this.server.sender().trySend("small", new byte[10])).as("small messages still pass").isTrue();
		assertThat(slots()).isEqualTo(3);
		assertThat(MessageTest.tags(this.client)).hasSize(4);
		assertThat(this.server.sender().trySend("t", payload)).isTrue();
		assertThat(slots()).isEqualTo(3);
	}

	@Test
	void idleSlotsThatAreTooSmallMakeRoom() {
		for (int i = 0; i < 16; i++) {
			assertThat(this.server.sender().trySend("t", new byte[100_000])).isTrue();
		}
		assertThat(this.server.sender().trySend("t", new byte[100_000])).as("sixteen slots").isFalse();
		assertThat(MessageTest.tags(this.client)).hasSize(16);
		assertThat(this.server.sender().trySend("t", new byte[1 << 20])).isTrue();
		try (MessageView message = this.client.receiver().receive(PATIENCE)) {
			assertThat(message.length()).isEqualTo(1 << 20);
		}
	}

	@Test
	void aMessageThatCouldNeverFitIsRefusedAtOnce() {
		assertThatThrownBy(() -> this.server.sender().trySend("big", new byte[(1 << 20) + 1]))
			.isInstanceOf(MessageTooLargeException.class)
			.hasMessageContaining("big")
			.hasMessageContaining("1048577")
			.hasMessageContaining("1048576");
		assertThatThrownBy(() -> this.server.sender()
			.send(new MessageHeader("t", new byte[20_000]), ByteBuffer.allocate(0), PATIENCE))
			.isInstanceOf(MessageTooLargeException.class)
			.hasMessageContaining("tag and metadata");
		assertThat(MessageTest.tags(this.client)).isEmpty();
	}

	@Test
	void theLargestMessageAlsoBoundsWhatFitsIntoTheRing() {
		String other = this.names.next();
		try (AxonChannel small = AxonChannel.open(other, SERVER.maxMessageSize(10))) {
			assertThatThrownBy(() -> small.sender().trySend("t", new byte[11]))
				.isInstanceOf(MessageTooLargeException.class)
				.hasMessageContaining("allows 10");
		}
	}

	@Test
	void aLargePayloadIsFilledAndReadInPlace() {
		try (Claim claim = this.server.sender().claim("t", 500_000)) {
			claim.buffer().putLong(0, 11).putLong(499_992, 12);
			claim.commit();
		}
		try (MessageView message = this.client.receiver().receive(PATIENCE)) {
			assertThat(message.payload().isDirect()).isTrue();
			assertThat(message.getLong(0)).isEqualTo(11);
			assertThat(message.getLong(499_992)).isEqualTo(12);
		}
	}

	@Test
	void aRestartedProducerFindsItsSlotsAgain() {
		byte[] payload = new byte[1 << 20];
		payload[77] = 77;
		this.server.sender().send("first", payload);
		this.server.sender().send("second", payload);
		this.server.close();
		this.server = AxonChannel.open(this.name, SERVER);
		assertThat(this.server.sender().trySend("third", payload)).isTrue();
		assertThat(this.server.sender().trySend("fourth", payload)).as("three slots are busy").isFalse();
		List<String> tags = new ArrayList<>();
		this.client.receiver().poll((message) -> {
			assertThat(message.getByte(77)).isEqualTo((byte) 77);
			tags.add(message.tag());
		}, 10);
		assertThat(tags).containsExactly("first", "second", "third");
		for (int i = 0; i < 10; i++) {
			this.server.sender().send("more", payload);
			assertThat(MessageTest.tags(this.client)).containsExactly("more");
		}
	}

	@Test
	void largeRepliesAreReadInPlace() throws Exception {
		Thread serving = new Thread(() -> this.server.receiver()
			.poll((message) -> this.server.sender().reply(message, message.payload()), 1, PATIENCE));
		serving.start();
		ByteBuffer payload = ByteBuffer.allocate(1 << 20);
		new Random(5).nextBytes(payload.array());
		ByteBuffer copy = ByteBuffer.allocate(1 << 20);
		this.client.request("t", payload, PATIENCE, (reply) -> copy.put(reply.payload()));
		assertThat(copy.array()).isEqualTo(payload.array());
		serving.join();
	}

	@Test
	void aReplyInUseIsNotOverwrittenByARestartedPeer() throws Exception {
		byte[] payload = new byte[1 << 20];
		payload[7] = 7;
		Thread serving = new Thread(() -> this.server.receiver()
			.poll((message) -> this.server.sender().reply(message, ByteBuffer.wrap(payload)), 1, PATIENCE));
		serving.start();
		this.client.request("t", ByteBuffer.allocate(0), PATIENCE, (reply) -> {
			this.server.close();
			this.server = AxonChannel.open(this.name, SERVER);
			this.server.sender().send("other", new byte[1 << 20]);
			assertThat(reply.getByte(7)).isEqualTo((byte) 7);
			return null;
		});
		serving.join();
		assertThat(MessageTest.tags(this.client)).containsExactly("other");
	}

	private long slots() {
		return UniqueNames.files(this.name).stream().filter((file) -> file.matches(".*~0\\.[01][0-9]")).count();
	}

}
