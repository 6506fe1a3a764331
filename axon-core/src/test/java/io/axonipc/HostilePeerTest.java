package io.axonipc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

import io.axonipc.ring.SegmentLayout;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.SharedFiles;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * A process that may write to the channel changes what was read before, and its names and
 * semaphores, while it is in use: the honest end goes on or closes with an error.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostilePeerTest {

	private static final int CAPACITY = 4096;

	private static final int DATA = SegmentLayout.control(0, CAPACITY) + SegmentLayout.PAGE;

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	private final SharedFiles files = new SharedFiles(this.name);

	private AxonChannel server = AxonChannel.open(this.name,
			ChannelOptions.defaults().role(Role.SERVER).capacity(CAPACITY).largeMessageMemory(1 << 20));

	private AxonChannel client = AxonChannel.open(this.name);

	@AfterEach
	void close() throws IOException {
		this.server.close();
		this.client.close();
		AxonChannel.discard(this.name);
		this.files.remove();
	}

	@Test
	void aMessageThatBecomesAReplyDoesNotKeepTheReceiverBusyForEver() throws IOException {
		lookAheadOverAMessage();
		put(DATA, 0x0000_0301_0000_0030L);
		expectCorrupt(() -> MessageTest.tags(this.client));
	}

	@Test
	void aMessageThatVanishesDoesNotKeepTheReceiverBusy() throws IOException {
		lookAheadOverAMessage();
		put(DATA, 0);
		this.server.sender().send("next", new byte[0]);
		expectCorrupt(() -> this.client.receiver().receive(PATIENCE));
	}

	/** The requester looks for its reply beyond the message that the server has sent. */
	private void lookAheadOverAMessage() {
		this.server.sender().send("t", new byte[32]);
		assertThatThrownBy(() -> this.client.request("ask", NOTHING, Duration.ZERO, MessageView::toByteArray))
			.isInstanceOf(RequestTimeoutException.class);
	}

	@Test
	void aRequestWhoseTagIsNoUtf8CanBeAnswered() throws IOException {
		int tag = SegmentLayout.control(1, CAPACITY) + SegmentLayout.PAGE + 16;
		Thread asking = new Thread(() -> this.client.request("t".repeat(255), NOTHING, PATIENCE, MessageView::length));
		asking.start();
		try (MessageView request = this.server.receiver().receive(PATIENCE)) {
			for (int i = 0; i < 248; i += Long.BYTES) {
				this.files.write(this.files.segment(), tag + i, (old) -> -1);
			}
			this.server.sender().reply(request, NOTHING);
		}
		assertThat(asking).satisfies((thread) -> thread.join(PATIENCE.toMillis()));
		assertThat(asking.isAlive()).as("still waits for its reply").isFalse();
	}

	@Test
	void aSlotLargerThanTheChannelsMemoryIsNotMapped() throws IOException {
		this.server.sender().send("t", new byte[5000]);
		long size = (1 << 20) + 2 * SegmentLayout.PAGE;
		this.files.write(this.files.slot(0, 0), SegmentLayout.SIZE, (old) -> size);
		this.files.write(this.files.slot(0, 0), size - Long.BYTES, (old) -> 0);
		expectCorrupt(() -> MessageTest.tags(this.client));
	}

	@Test
	void aDirectoryInTheSlotsPlaceIsNotUsed() throws IOException {
		this.server.sender().send("t", new byte[5000]);
		assertThat(MessageTest.tags(this.client)).hasSize(1);
		Files.delete(this.files.path(this.files.slot(0, 0)));
		Files.createDirectory(this.files.path(this.files.slot(0, 0)));
		Files.createDirectory(this.files.path(this.files.slot(0, 1)));
		// The second one lacks memory, and removes the slots before.
		for (int size : new int[] { 200_000, 1_000_000 }) {
			this.server.sender().send("other slot", new byte[size]);
			assertThat(MessageTest.tags(this.client)).containsExactly("other slot");
		}
		this.server.close();
		this.server = AxonChannel.open(this.name, ChannelOptions.defaults().role(Role.SERVER));
		this.server.sender().send("fourth", new byte[1_000_000]);
		assertThat(MessageTest.tags(this.client)).containsExactly("fourth");
	}

	@ParameterizedTest
	@ValueSource(ints = { 1_000_000, Integer.MAX_VALUE })
	void aSemaphoreFullOfPermitsDoesNotKeepAReceiverBusy(int permits) throws IOException {
		// In glibc the low half of the first word is the count.
		this.files.write(this.files.semaphore(0, true), 0, (old) -> permits);
		long parks = this.client.counters().parks();
		assertThat(this.client.receiver().receive(Duration.ofSeconds(2))).isNull();
		parks = this.client.counters().parks() - parks;
		assertThat(parks).as("waits in two seconds").isLessThan(2100);
		this.server.sender().send("t", new byte[0]);
		assertThat(MessageTest.tags(this.client)).containsExactly("t");
	}

	@Test
	void aFullSemaphoreDoesNotFailASender() throws IOException {
		this.files.write(this.files.semaphore(0, true), 0, (old) -> Integer.MAX_VALUE);
		// As if the receiver were parked: the sender posts.
		put(SegmentLayout.control(0, CAPACITY) + 128, 5);
		this.server.sender().send("t", new byte[0]);
		assertThat(this.server.counters().wakeups()).isOne();
		assertThat(MessageTest.tags(this.client)).containsExactly("t");
	}

	/** Or the C library ends this process: the test fails by a crash. */
	@Test
	void aSemaphoreThatWasWrittenOverEndsAWaitWithAnError() throws IOException {
		this.files.write(this.files.semaphore(0, true), 8, (old) -> -1);
		expectCorrupt(() -> this.client.receiver().receive(PATIENCE));
		this.files.write(this.files.semaphore(0, false), 8, (old) -> -1);
		assertThatThrownBy(() -> {
			for (int i = 0; i < CAPACITY; i++) {
				this.server.sender().send("t", new byte[900]);
			}
		}).isInstanceOf(CorruptChannelException.class);
	}

	@Test
	void aFlagThatIsTakenDownCostsABoundedWaitAndNoMessage() throws Exception {
		FutureTask<String> receiving = start(() -> {
			try (MessageView message = this.client.receiver().receive(PATIENCE)) {
				return message.tag();
			}
		});
		await().until(() -> this.client.counters().parks() > 0);
		put(SegmentLayout.control(0, CAPACITY) + 128, 0);
		this.server.sender().send("t", new byte[0]);
		assertThat(receiving.get(PATIENCE.toSeconds() / 2, TimeUnit.SECONDS)).isEqualTo("t");
	}

	@ParameterizedTest
	@ValueSource(strings = { "receive", "request", "send", "send-large" })
	void namesRemovedWhileAThreadWaitsEndItsWait(String what) throws Exception {
		int length = what.equals("send-large") ? 300_000 : 900;
		if (what.startsWith("send")) {
			while (this.client.sender().trySend("t", new byte[length])) {
				continue;
			}
		}
		FutureTask<Object> waiting = start(() -> switch (what) {
			case "receive" -> this.client.receiver().receive(PATIENCE);
			case "request" -> this.client.request("t", NOTHING, PATIENCE, MessageView::tag);
			default -> {
				this.client.sender().send(new MessageHeader("t"), ByteBuffer.allocate(length), PATIENCE);
				yield null;
			}
		});
		await().until(() -> this.client.counters().parks() > 0);
		this.files.remove();
		assertThatThrownBy(() -> waiting.get(PATIENCE.toSeconds() / 2, TimeUnit.SECONDS)).cause()
			.isInstanceOf(CorruptChannelException.class)
			.hasMessageContaining("names were removed");
	}

	private static <T> FutureTask<T> start(Callable<T> call) {
		FutureTask<T> task = new FutureTask<>(call);
		new Thread(task).start();
		return task;
	}

	@Test
	void aProcessWhoseSegmentIsCutShortGetsErrorsAndLives() throws IOException {
		List<String> command = PeerProcess.java(CutShort.class);
		command.addAll(List.of(this.names.next(), "0", "4096"));
		PeerProcess.run(command.toArray(String[]::new));
	}

	private void put(int offset, long word) throws IOException {
		this.files.write(this.files.segment(), offset, (old) -> word);
	}

	private void expectCorrupt(Runnable call) {
		assertThatThrownBy(call::run).isInstanceOf(CorruptChannelException.class);
		assertThat(this.client.isOpen()).isFalse();
	}

}
