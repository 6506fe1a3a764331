package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;

import io.axonipc.testing.UniqueNames;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** What is sent at one end is received at the other: the tutorial. */
class MessageTest {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	/** Between two bounded waits nobody is parked: then nobody needs a post. */
	private static final int ATTEMPTS = 20;

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private AxonChannel server;

	private AxonChannel client;

	@BeforeEach
	void open() {
		String name = this.names.next();
		ChannelOptions options = ChannelOptions.defaults().capacity(65536).sendTimeout(Duration.ofMillis(50));
		this.server = AxonChannel.open(name, options.role(Role.SERVER));
		this.client = AxonChannel.open(name, options.role(Role.CLIENT));
	}

	@AfterEach
	void close() {
		this.client.close();
		drain(this.server);
		this.server.close();
		this.threads.shutdownNow();
	}

	private static void drain(AxonChannel channel) {
		if (channel.isOpen()) {
			channel.receiver().poll((message) -> {
			}, Integer.MAX_VALUE);
		}
	}

	@Test
	void aMessageArrivesWithTagAndPayload() {
		this.server.sender().send("greeting", "hello".getBytes(StandardCharsets.UTF_8));
		List<String> received = new ArrayList<>();
		int count = this.client.receiver().poll((message) -> {
			received.add(message.tag() + ":" + StandardCharsets.UTF_8.decode(message.payload()));
			assertThat(message.deliveries()).isEqualTo(1);
			assertThat(message.isRequest()).isFalse();
			assertThat(message.metadata()).isNull();
		}, 10);
		assertThat(count).isEqualTo(1);
		assertThat(received).containsExactly("greeting:hello");
	}

	@Test
	void bothDirectionsAreIndependent() {
		this.server.sender().send("a", new byte[] { 1 });
		this.client.sender().send("b", new byte[] { 2 });
		assertThat(tags(this.client)).containsExactly("a");
		assertThat(tags(this.server)).containsExactly("b");
	}

	@Test
	void messagesKeepTheirOrderAndPollHonoursItsLimit() {
		for (int i = 0; i < 10; i++) {
			this.server.sender().send("t" + i, new byte[i]);
		}
		List<String> tags = new ArrayList<>();
		assertThat(this.client.receiver().poll((message) -> tags.add(message.tag()), 3)).isEqualTo(3);
		assertThat(this.client.receiver().poll((message) -> tags.add(message.tag()), 100)).isEqualTo(7);
		assertThat(tags).containsExactly("t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9");
	}

	@Test
	void metadataTravelsBesideThePayload() {
		byte[] metadata = new byte[3000];
		metadata[2999] = 7;
		this.server.sender().send(new MessageHeader("t", metadata), ByteBuffer.wrap(new byte[] { 1, 2 }), PATIENCE);
		try (MessageView message = this.client.receiver().receive(PATIENCE)) {
			assertThat(message.metadata()).isEqualTo(metadata);
			assertThat(message.toByteArray()).containsExactly(1, 2);
		}
	}

	@Test
	void aTagMayBeAnyUnicodeOf255Bytes() {
		String tag = "\u00e4".repeat(127) + "x";
		this.server.sender().send(tag, new byte[0]);
		this.server.sender().send("\ud83d\ude80", new byte[0]);
		assertThat(tags(this.client)).containsExactly(tag, "\ud83d\ude80");
	}

	@Test
	void aBadTagIsRefusedAndNothingIsSent() {
		Sender sender = this.server.sender();
		byte[] payload = { 1 };
		assertThatIllegalArgumentException().isThrownBy(() -> sender.send("", payload))
			.withMessageContaining("1 to 255");
		assertThatIllegalArgumentException().isThrownBy(() -> sender.send("x".repeat(256), payload))
			.withMessageContaining("256");
		assertThatIllegalArgumentException().isThrownBy(() -> sender.send("\ud800", payload))
			.withMessageContaining("not valid Unicode");
		assertThat(tags(this.client)).isEmpty();
		sender.send("good", payload);
		assertThat(tags(this.client)).containsExactly("good");
	}

	@Test
	void aFullRingIsBackPressureAndLosesNothing() {
		byte[] payload = new byte[1000];
		int sent = 0;
		while (this.server.sender().trySend("t", payload)) {
			sent++;
		}
		assertThat(sent).isEqualTo(63);
		assertThatThrownBy(() -> this.server.sender().send("late", payload)).isInstanceOf(SendTimeoutException.class)
			.hasMessageContaining("late")
			.hasMessageContaining("65536 bytes")
			.hasMessageContaining("slower");
		assertThat(this.server.sender().tryClaim("t", 1000)).isNull();
		assertThat(this.server.counters().sendsBlocked()).isEqualTo(3);
		assertThat(tags(this.client)).hasSize(63).containsOnly("t");
		assertThat(this.server.sender().trySend("t", payload)).isTrue();
		drain(this.client);
	}

	@Test
	void aTimeoutThatHasPassedIsNotTheDefault() {
		byte[] payload = new byte[1000];
		while (this.server.sender().trySend("t", payload)) {
			continue;
		}
		Duration passed = Duration.ofMillis(-3);
		MessageHeader header = new MessageHeader("late");
		assertThatThrownBy(() -> this.server.sender().send(header, ByteBuffer.wrap(payload), passed))
			.isInstanceOf(SendTimeoutException.class)
			.hasMessageContaining("PT0S");
		assertThatThrownBy(() -> this.server.sender().claim(header, 1000, passed))
			.isInstanceOf(SendTimeoutException.class)
			.hasMessageContaining("PT0S");
		drain(this.client);
	}

	/** What lies in a record's first line is written apart from the rest. */
	@ParameterizedTest
	@ValueSource(ints = { 1, 7, 8, 9, 47, 48, 49, 55, 56, 57, 64, 255 })
	void everyLengthArrivesWholeBesideEveryTag(int tagLength) {
		String tag = "t".repeat(tagLength);
		for (int length = 0; length < 300; length++) {
			byte[] payload = new byte[length];
			ThreadLocalRandom.current().nextBytes(payload);
			ByteBuffer direct = ByteBuffer.allocateDirect(length + 3).put(3, payload).position(3);
			this.server.sender().send(tag, payload);
			this.server.sender().send(tag, ByteBuffer.wrap(payload));
			this.server.sender().send(tag, direct.asReadOnlyBuffer());
			this.server.sender().send(tag, direct.slice().order(ByteOrder.LITTLE_ENDIAN));
			List<byte[]> received = new ArrayList<>();
			this.client.receiver().poll((message) -> {
				assertThat(message.tag()).isEqualTo(tag);
				received.add(message.toByteArray());
			}, 10);
			assertThat(received).hasSize(4).allSatisfy((bytes) -> assertThat(bytes).isEqualTo(payload));
		}
	}

	@Test
	void aSenderThatWaitsForRoomIsWokenByTheReceiver() throws Exception {
		byte[] payload = new byte[1000];
		for (int i = 0; i < ATTEMPTS && this.client.counters().wakeups() == 0; i++) {
			while (this.server.sender().trySend("t", payload)) {
				continue;
			}
			long parks = this.server.counters().parks();
			Future<?> sending = this.threads
				.submit(() -> this.server.sender().send(new MessageHeader("last"), ByteBuffer.wrap(payload), PATIENCE));
			await(() -> this.server.counters().parks() > parks);
			List<String> received = tags(this.client);
			sending.get();
			received.addAll(tags(this.client));
			assertThat(received).endsWith("last").hasSizeBetween(63, 64);
		}
		assertThat(this.client.counters().wakeups()).isPositive();
	}

	@Test
	void aReceiverThatParkedIsWokenByTheSender() throws Exception {
		for (int i = 0; i < ATTEMPTS && this.server.counters().wakeups() == 0; i++) {
			long parks = this.client.counters().parks();
			Future<String> receiving = this.threads.submit(() -> {
				try (MessageView message = this.client.receiver().receive(PATIENCE)) {
					return message.tag();
				}
			});
			await(() -> this.client.counters().parks() > parks);
			this.server.sender().send("t", new byte[0]);
			assertThat(receiving.get()).isEqualTo("t");
		}
		assertThat(this.server.counters().wakeups()).isPositive();
	}

	@Test
	void receiveKeepsTheMessageInHandUntilTheNextOne() {
		this.server.sender().send("a", new byte[1]);
		this.server.sender().send("b", new byte[1]);
		MessageView first = this.client.receiver().receive(PATIENCE);
		assertThat(first.tag()).isEqualTo("a");
		assertThat(this.client.counters().messagesReceived()).isZero();
		assertThat(this.client.receiver().receive(PATIENCE).tag()).isEqualTo("b");
		assertThat(this.client.counters().messagesReceived()).isEqualTo(1);
		assertThat(this.client.receiver().receive(Duration.ZERO)).isNull();
		assertThat(this.client.counters().messagesReceived()).isEqualTo(2);
	}

	@Test
	void closingAReceivedMessageAcknowledgesIt() {
		this.server.sender().send("a", new byte[1]);
		this.server.sender().send("b", new byte[1]);
		MessageView first = this.client.receiver().receive(PATIENCE);
		first.close();
		first.close();
		assertThat(this.client.counters().messagesReceived()).isEqualTo(1);
		MessageView second = this.client.receiver().receive(PATIENCE);
		first.close();
		assertThatIllegalStateException().isThrownBy(first::tag);
		assertThat(second.tag()).as("not ended by the first one").isEqualTo("b");
		assertThat(this.client.counters().messagesReceived()).isEqualTo(1);
		this.client.receiver().poll((message) -> {
		}, 1);
		assertThat(this.client.counters().messagesReceived()).as("acknowledged by the poll").isEqualTo(2);
	}

	@Test
	void whatWasHandledIsGivenBackBeforeAHandlerWaitsForRoom() {
		Duration patience = Duration.ofSeconds(5);
		ByteBuffer payload = ByteBuffer.allocate(1000);
		while (this.server.sender().trySend("t", payload)) {
			continue;
		}
		List<Future<?>> serving = new ArrayList<>();
		int[] handled = new int[1];
		this.client.receiver().poll((message) -> {
			if (++handled[0] == 3) {
				serving.add(this.threads.submit(() -> {
					this.server.sender().send(new MessageHeader("one more"), payload, patience);
					while (!tags(this.server).contains("last")) {
						Thread.onSpinWait();
					}
				}));
				await(() -> this.server.counters().parks() > 0);
				while (this.client.sender().trySend("t", payload)) {
					continue;
				}
				this.client.sender().send(new MessageHeader("last"), payload, patience);
			}
		}, 3);
		assertThat(serving.get(0)).succeedsWithin(patience);
		drain(this.client);
	}

	@Test
	void aPollHandlesAtLeastOneMessage() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.client.receiver().poll((message) -> {
		}, 0)).withMessageContaining("limit = 0");
	}

	@Test
	void aMessageCannotBeUsedAfterItsHandler() {
		this.server.sender().send("t", new byte[8]);
		List<MessageView> kept = new ArrayList<>();
		this.client.receiver().poll(kept::add, 1);
		MessageView message = kept.get(0);
		assertThatIllegalStateException().isThrownBy(message::tag).withMessageContaining("acknowledged");
		assertThatIllegalStateException().isThrownBy(message::payload);
		assertThatIllegalStateException().isThrownBy(() -> message.getLong(0));
	}

	@Test
	void accessorsRefuseIndicesBeyondThePayload() {
		this.server.sender().send("t", new byte[8]);
		try (MessageView message = this.client.receiver().receive(PATIENCE)) {
			assertThat(message.getLong(0)).isZero();
			assertThatThrownBy(() -> message.getLong(1)).isInstanceOf(IndexOutOfBoundsException.class);
			assertThatThrownBy(() -> message.getByte(-1)).isInstanceOf(IndexOutOfBoundsException.class);
			assertThatThrownBy(() -> message.getInt(5)).isInstanceOf(IndexOutOfBoundsException.class)
				.hasMessageContaining("payload has 8");
		}
	}

	@Test
	void aHandlerThatThrowsHasHandled() {
		this.server.sender().send("a", new byte[0]);
		this.server.sender().send("b", new byte[0]);
		assertThatThrownBy(() -> this.client.receiver().poll((message) -> {
			throw new IllegalArgumentException("from the handler");
		}, 10)).hasMessage("from the handler");
		assertThat(tags(this.client)).containsExactly("b");
	}

	@Test
	void sendersOfManyThreadsMixButEachKeepsItsOrder() throws Exception {
		int threadCount = 4;
		int each = 20_000;
		List<Future<?>> sending = new ArrayList<>();
		for (int t = 0; t < threadCount; t++) {
			String tag = "thread-" + t;
			sending.add(this.threads.submit(() -> {
				ByteBuffer payload = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
				for (int i = 0; i < each; i++) {
					this.server.sender().send(new MessageHeader(tag), payload.putLong(0, i), PATIENCE);
				}
			}));
		}
		long[] next = new long[threadCount];
		int received = 0;
		while (received < threadCount * each) {
			received += this.client.receiver().poll((message) -> {
				int t = message.tag().charAt(7) - '0';
				assertThat(message.getLong(0)).isEqualTo(next[t]++);
			}, 1000, PATIENCE);
		}
		for (Future<?> thread : sending) {
			thread.get();
		}
		assertThat(this.server.counters().messagesSent()).isEqualTo(threadCount * each);
		assertThat(this.server.counters().bytesSent()).isEqualTo(8L * threadCount * each);
		assertThat(this.client.counters().messagesReceived()).isEqualTo(threadCount * each);
	}

	@Test
	void twoThreadsCannotReceiveAtOnce() throws Exception {
		this.server.sender().send("t", new byte[0]);
		this.client.receiver().poll((message) -> {
			Future<?> other = this.threads.submit(() -> this.client.receiver().poll((ignored) -> {
			}, 1));
			assertThatThrownBy(other::get).hasCauseInstanceOf(IllegalStateException.class)
				.hasMessageContaining("one thread at a time");
			assertThatIllegalStateException().isThrownBy(() -> this.client.receiver().receive(Duration.ZERO));
		}, 1);
	}

	@Test
	void aMissingTagIsRefused() {
		assertThatThrownBy(() -> this.server.sender().trySend(null, new byte[8]))
			.isInstanceOf(NullPointerException.class);
		this.server.sender().send("tag", new byte[8]);
		assertThatThrownBy(() -> this.server.sender().trySend(null, ByteBuffer.allocate(8)))
			.isInstanceOf(NullPointerException.class);
		assertThat(this.client.receiver().poll((message) -> assertThat(message.tag()).isEqualTo("tag"), 2, PATIENCE))
			.isEqualTo(1);
	}

	@Test
	void anInterruptEndsAWaitAtOnce() throws Exception {
		Thread[] waiting = new Thread[1];
		Future<Boolean> receiving = this.threads.submit(() -> {
			waiting[0] = Thread.currentThread();
			return this.client.receiver().receive(PATIENCE) == null && Thread.currentThread().isInterrupted();
		});
		await(() -> this.client.counters().parks() > 0);
		waiting[0].interrupt();
		assertThat(receiving.get()).isTrue();
	}

	static List<String> tags(AxonChannel channel) {
		List<String> tags = new ArrayList<>();
		channel.receiver().poll((message) -> tags.add(message.tag()), Integer.MAX_VALUE);
		return tags;
	}

	private static void await(Callable<Boolean> condition) {
		Awaitility.await().atMost(PATIENCE).until(condition);
	}

}
