package io.axonipc;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.axonipc.posix.SharedMemory;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An interrupt ends a wait, whether it comes before or meanwhile: with the ordinary
 * "there is nothing" where a method has one, else with a
 * {@link WaitInterruptedException}. The thread stays interrupted.
 */
@Timeout(60)
class InterruptTest {

	/** Longer than the tests may take: only the interrupt ends a wait. */
	private static final Duration LONG = Duration.ofMinutes(5);

	private static final int ROUNDS = 5;

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	@AfterEach
	void discard() {
		AxonChannel.discard(this.name);
	}

	private enum Waits {

		PARK(WaitStrategy.park()), DEFAULT(WaitStrategy.defaultStrategy()), SPIN(WaitStrategy.spin());

		final ChannelOptions server;

		Waits(WaitStrategy strategy) {
			this.server = ChannelOptions.defaults()
				.role(Role.SERVER)
				.capacity(4096)
				.waitStrategy(strategy)
				.sendTimeout(LONG)
				.openTimeout(LONG);
		}

	}

	/** What is thrown, or null, by a wait that is interrupted at some time. */
	private static Throwable interrupt(Runnable wait) throws Exception {
		for (int round = 0;; round++) {
			CompletableFuture<Throwable> thrown = new CompletableFuture<>();
			Thread thread = new Thread(() -> {
				try {
					wait.run();
					thrown.complete(
							Thread.currentThread().isInterrupted() ? null : new AssertionError("not interrupted"));
				}
				catch (Throwable ex) {
					thrown.complete(
							Thread.currentThread().isInterrupted() ? ex : new AssertionError("not interrupted", ex));
				}
			});
			thread.start();
			LockSupport.parkNanos(round * 500_000L);
			thread.interrupt();
			Throwable found = thrown.get(30, TimeUnit.SECONDS);
			if (round == ROUNDS || found instanceof AssertionError) {
				return found;
			}
		}
	}

	@ParameterizedTest
	@EnumSource(Waits.class)
	void aReceiverFindsNothing(Waits waits) throws Exception {
		try (AxonChannel server = AxonChannel.open(this.name, waits.server)) {
			assertThat(interrupt(() -> assertThat(server.receiver().receive(LONG)).isNull())).isNull();
			assertThat(interrupt(() -> assertThat(server.receiver().poll((message) -> {
			}, 1, LONG)).isZero())).isNull();
		}
	}

	@ParameterizedTest
	@EnumSource(Waits.class)
	void aSenderWithoutRoomSendsNothing(Waits waits) throws Exception {
		try (AxonChannel server = AxonChannel.open(this.name, waits.server)) {
			while (server.sender().trySend("t", new byte[100])) {
				continue;
			}
			long sent = server.counters().messagesSent();
			assertThat(interrupt(() -> server.sender().send("t", new byte[100])))
				.isInstanceOf(WaitInterruptedException.class);
			assertThat(interrupt(() -> server.sender().claim("t", 100))).isInstanceOf(WaitInterruptedException.class);
			assertThat(server.counters().messagesSent()).isEqualTo(sent);
		}
	}

	@ParameterizedTest
	@EnumSource(Waits.class)
	void aSenderBehindAClaimAndARequesterGiveUp(Waits waits) throws Exception {
		ByteBuffer empty = ByteBuffer.allocate(0);
		try (AxonChannel server = AxonChannel.open(this.name, waits.server)) {
			assertThat(interrupt(() -> server.request("ask", empty, LONG, MessageView::length)))
				.isInstanceOf(WaitInterruptedException.class);
			Claim claim = server.sender().claim("claimed", 8);
			assertThat(interrupt(() -> server.sender().send("t", new byte[8])))
				.isInstanceOf(WaitInterruptedException.class);
			claim.abort();
		}
	}

	@ParameterizedTest
	@EnumSource(Role.class)
	void anOpenGivesUp(Role role) throws Exception {
		ChannelOptions options = Waits.PARK.server.role(role);
		if (role == Role.SERVER) {
			AxonChannel client = openAndLeaveAMessage();
			try (SharedMemory segment = SharedMemory.open("/axon." + client.name())) {
				assertThat(segment.tryLock(56)).as("the set-up lock").isTrue();
				assertThat(interrupt(() -> AxonChannel.open(this.name, options)))
					.isInstanceOf(WaitInterruptedException.class);
			}
		}
		else {
			assertThat(interrupt(() -> AxonChannel.open(this.name, options)))
				.isInstanceOf(WaitInterruptedException.class);
		}
	}

	private AxonChannel openAndLeaveAMessage() {
		try (AxonChannel server = AxonChannel.open(this.name, Waits.PARK.server)) {
			server.sender().send("unread", new byte[0]);
			return server;
		}
	}

	@ParameterizedTest
	@EnumSource(Waits.class)
	void whatNeedNotWaitDoesItsWork(Waits waits) throws Exception {
		assertThat(interrupt(() -> {
			Thread.currentThread().interrupt();
			try (AxonChannel server = AxonChannel.open(this.name, waits.server);
					AxonChannel client = AxonChannel.open(this.name, waits.server.role(Role.CLIENT))) {
				server.sender().send("small", new byte[10]);
				server.sender().send("large", new byte[5000]);
				assertThat(MessageTest.tags(client)).containsExactly("small", "large");
			}
		})).isNull();
		assertThat(UniqueNames.files(this.name)).isEmpty();
	}

}
