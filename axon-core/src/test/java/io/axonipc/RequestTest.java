package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

class RequestTest {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private String name;

	private AxonChannel server;

	private AxonChannel client;

	@BeforeEach
	void open() {
		this.name = this.names.next();
		ChannelOptions options = ChannelOptions.defaults().capacity(65536);
		this.server = AxonChannel.open(this.name, options.role(Role.SERVER));
		this.client = AxonChannel.open(this.name, options);
	}

	@AfterEach
	void close() {
		this.client.close();
		this.server.close();
		this.threads.shutdownNow();
		AxonChannel.discard(this.name);
	}

	@Test
	void aReplyFindsItsRequest() {
		serve();
		assertThat(ask(21)).isEqualTo(42);
		assertThat(this.client.counters().messagesReceived()).isEqualTo(1);
		assertThat(this.client.counters().repliesDropped()).isZero();
	}

	@Test
	void aReplyMayBeWrittenInPlace() {
		this.threads.submit(() -> this.server.receiver().poll((message) -> {
			try (Claim claim = this.server.sender().claimReply(message, 8)) {
				claim.buffer().putLong(0, 5);
				claim.commit();
			}
		}, 1, PATIENCE));
		assertThat(ask(1)).isEqualTo(5);
	}

	@Test
	void aRequestMayBeAnsweredWhenItIsDoneWithAndOthersWereTaken() throws Exception {
		List<Future<Long>> replies = new ArrayList<>();
		List<Long> ids = new ArrayList<>();
		for (int n = 0; n < 3; n++) {
			long question = n;
			replies.add(this.threads.submit(() -> ask(question)));
			assertThat(this.server.receiver().poll((message) -> {
				assertThat(message.getLong(0)).isEqualTo(question);
				ids.add(message.correlationId());
			}, 1, PATIENCE)).isOne();
		}
		this.server.sender().replyError("double", ids.get(1), "no such crystal");
		try (Claim claim = this.server.sender().claimReply("double", ids.get(2), Long.BYTES)) {
			claim.buffer().putLong(0, 12);
			claim.commit();
		}
		this.server.sender().reply("double", ids.get(0) + 1_000, ByteBuffer.allocate(Long.BYTES));
		this.server.sender()
			.reply("double", ids.get(0), ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, 10));
		assertThat(replies.get(0).get()).isEqualTo(10);
		assertThatThrownBy(replies.get(1)::get).hasCauseInstanceOf(AxonRemoteException.class);
		assertThat(replies.get(2).get()).isEqualTo(12);
		assertThatIllegalArgumentException().isThrownBy(() -> this.server.sender().claimReply("double", 0, 1))
			.withMessageContaining("'double' has no correlation id");
	}

	@Test
	void anErrorReplyIsThrown() {
		this.threads.submit(() -> this.server.receiver()
			.poll((message) -> this.server.sender().replyError(message, "no such crystal"), 1, PATIENCE));
		assertThatThrownBy(() -> ask(1)).isInstanceOf(AxonRemoteException.class).hasMessage("no such crystal");
	}

	@Test
	void aLongErrorTextIsCutBetweenCharacters() {
		String text = "x".repeat(8191) + "\u20ac".repeat(100_000);
		this.threads.submit(() -> this.server.receiver()
			.poll((message) -> this.server.sender().replyError(message, text), 1, PATIENCE));
		assertThatThrownBy(() -> ask(1)).isInstanceOf(AxonRemoteException.class).hasMessage("x".repeat(8191));
	}

	@Test
	void theReplyIsFoundAmongMessagesThatStayForTheReceiver() {
		this.server.sender().send("news", new byte[] { 1 });
		this.threads.submit(() -> this.server.receiver().poll((message) -> {
			this.server.sender().send("more news", new byte[] { 2 });
			this.server.sender().reply(message, message.payload());
		}, 1, PATIENCE));
		assertThat(ask(3)).isEqualTo(3);
		assertThat(MessageTest.tags(this.client)).containsExactly("news", "more news");
		assertThat(MessageTest.tags(this.client)).isEmpty();
	}

	@Test
	void aHandlerMayAskOnItsOwnChannel() {
		serve();
		this.server.sender().send("work", new byte[0]);
		this.server.sender().send("work", new byte[0]);
		List<Long> answers = new ArrayList<>();
		assertThat(this.client.receiver().poll((message) -> answers.add(ask(answers.size() + 1)), 10, PATIENCE))
			.isEqualTo(2);
		assertThat(answers).containsExactly(2L, 4L);
		this.client.close();
		this.server.close();
		assertThat(UniqueNames.files(this.name)).as("replies taken out of turn leave nothing").isEmpty();
	}

	@Test
	void manyThreadsAskAtOnceWhileAnotherReceives() throws Exception {
		serve();
		Future<?> receiving = this.threads.submit(() -> {
			while (true) {
				this.client.receiver().poll((message) -> {
				}, 10, PATIENCE);
			}
		});
		List<Future<?>> asking = new ArrayList<>();
		for (int t = 0; t < 4; t++) {
			long base = 1000L * t;
			asking.add(this.threads.submit(() -> {
				for (long i = 0; i < 2000; i++) {
					assertThat(ask(base + i)).isEqualTo(2 * (base + i));
				}
			}));
		}
		for (Future<?> thread : asking) {
			thread.get();
		}
		assertThat(this.client.counters().messagesReceived()).isEqualTo(8000);
		this.client.close();
		assertThatThrownBy(receiving::get).hasCauseInstanceOf(ChannelClosedException.class);
	}

	@Test
	void aPureClientNeverFillsItsRingWithReplies() {
		serve();
		for (int i = 0; i < 5000; i++) {
			assertThat(ask(i)).isEqualTo(2L * i);
		}
		assertThat(this.server.counters().ringUsed()).isZero();
	}

	@Test
	void withoutAPeerARequestWaitsForOneUntilItsTimeOut() {
		this.server.close();
		assertThatThrownBy(() -> this.client.request("t", ByteBuffer.allocate(8), Duration.ofMillis(150), (m) -> null))
			.isInstanceOf(RequestTimeoutException.class)
			.hasMessageContaining(this.name)
			.hasMessageContaining("not attached");
		Future<Long> asking = this.threads.submit(() -> ask(4));
		await().until(() -> this.client.counters().messagesSent() == 2);
		this.server = AxonChannel.open(this.name, ChannelOptions.defaults().role(Role.SERVER));
		serve();
		await().until(asking::isDone);
		assertThat(asking).succeedsWithin(PATIENCE).isEqualTo(8L);
	}

	@Test
	void aRequestFailsSoonWhenThePeerGoesAway() {
		Future<Long> asking = this.threads.submit(() -> ask(4));
		await().until(() -> this.client.counters().messagesSent() == 1);
		this.server.close();
		assertThatThrownBy(asking::get).hasCauseInstanceOf(PeerDiedException.class);
	}

	@Test
	void aReplyThatComesTooLateIsDroppedAndCounted() {
		assertThatThrownBy(() -> this.client.request("t", ByteBuffer.allocate(8), Duration.ofMillis(20), (m) -> null))
			.isInstanceOf(RequestTimeoutException.class)
			.hasMessageContaining("has not answered");
		this.server.receiver().poll((message) -> this.server.sender().reply(message, message.payload()), 1, PATIENCE);
		assertThat(MessageTest.tags(this.client)).isEmpty();
		assertThat(this.client.counters().repliesDropped()).isEqualTo(1);
	}

	@Test
	void lateRepliesDoNotBlockTheNextRequest() {
		for (int i = 0; i < 60; i++) {
			assertThatThrownBy(
					() -> this.client.request("t", ByteBuffer.allocate(1000), Duration.ofNanos(1), (m) -> null))
				.isInstanceOf(RequestTimeoutException.class);
		}
		this.threads.submit(() -> {
			while (true) {
				this.server.receiver().poll((message) -> {
					// Sixty-one replies of two kilobytes do not fit into the ring.
					try (Claim claim = this.server.sender().claimReply(message, 2000)) {
						claim.commit();
					}
				}, 10, PATIENCE);
			}
		});
		assertThat(
				this.client.<Integer>request("t", ByteBuffer.allocate(8), Duration.ofSeconds(4), MessageView::length))
			.isEqualTo(2000);
		assertThat(this.client.counters().repliesDropped()).isEqualTo(60);
	}

	@Test
	void aReplyIsGivenBackWhileAnotherThreadsHandlerRuns() throws Exception {
		CountDownLatch handling = new CountDownLatch(1);
		CountDownLatch release = new CountDownLatch(1);
		this.threads.submit(() -> this.server.receiver().poll((message) -> {
			this.server.sender().reply(message, message.payload());
			this.server.sender().send("work", new byte[0]);
		}, 1, PATIENCE));
		Future<?> receiving = this.threads.submit(() -> {
			handling.await();
			return this.client.receiver().poll((message) -> release.countDown(), 1, PATIENCE);
		});
		this.client.request("t", ByteBuffer.allocate(10_000), PATIENCE, (reply) -> {
			handling.countDown();
			await().until(() -> release.getCount() == 0);
			return null;
		});
		receiving.get();
		await().until(() -> this.server.counters().ringUsed() == 0);
	}

	@Test
	void aReplyToSomebodyWhoIsGoneKeepsNothing() {
		assertThatThrownBy(() -> this.client.request("t", ByteBuffer.allocate(8), Duration.ofMillis(1), (m) -> null))
			.isInstanceOf(RequestTimeoutException.class);
		this.client.close();
		this.server.receiver().poll((message) -> this.server.sender().reply(message, message.payload()), 1, PATIENCE);
		this.server.close();
		assertThat(UniqueNames.files(this.name)).isEmpty();
	}

	@Test
	void onlyARequestCanBeAnswered() {
		this.client.sender().send("plain", new byte[0]);
		this.server.receiver()
			.poll((message) -> assertThatIllegalArgumentException()
				.isThrownBy(() -> this.server.sender().reply(message, ByteBuffer.allocate(0)))
				.withMessageContaining("plain"), 1, PATIENCE);
	}

	@Test
	void closingWakesTheThreadThatWaitsForAReply() {
		Future<Long> asking = this.threads.submit(() -> ask(4));
		await().until(() -> this.client.counters().parks() > 0);
		this.client.close();
		assertThatThrownBy(asking::get).hasCauseInstanceOf(ChannelClosedException.class);
	}

	private long ask(long value) {
		ByteBuffer payload = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, value);
		return this.client.request("double", payload, PATIENCE, (reply) -> {
			assertThat(reply.tag()).isEqualTo("double");
			assertThat(reply.isReply()).isTrue();
			return reply.getLong(0);
		});
	}

	/** Answers each request with twice its number, until the channel is closed. */
	private void serve() {
		AxonChannel channel = this.server;
		this.threads.submit(() -> {
			ByteBuffer answer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
			while (channel.isOpen()) {
				channel.receiver().poll((message) -> {
					answer.putLong(0, 2 * message.getLong(0));
					channel.sender().reply(message, answer);
				}, 10, PATIENCE);
			}
		});
	}

}
