package io.axonipc;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/** What a survivor in Java sees of a peer that is killed. */
class PeerDeathTest {

	private static final Duration MINUTE = Duration.ofMinutes(1);

	/** Three bounded waits. */
	private static final Duration WAIT = Duration.ofMillis(300);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final String name = this.names.next();

	private final AxonChannel server = AxonChannel.open(this.name, ChannelOptions.defaults().role(Role.SERVER));

	@AfterEach
	void close() {
		this.server.close();
		this.threads.shutdownNow();
		AxonChannel.discard(this.name);
	}

	@ParameterizedTest
	@EnumSource
	void aWaitingRequestFailsSoonAndTheSuccessorCarriesOn(Language language) throws Exception {
		int kills = Integer.parseInt(System.getenv().getOrDefault("AXON_KILLS", "2"));
		List<Long> delays = new ArrayList<>();
		Future<?> parked = this.threads.submit(() -> this.server.receiver().receive(Duration.ofHours(1)));
		for (int deliveries = 1; deliveries <= kills; deliveries++) {
			try (PeerProcess peer = start(language, "hold")) {
				peer.expect("ready");
				assertThat(this.server.isPeerAlive()).isTrue();
				Future<Long> asking = this.threads.submit(() -> {
					assertThatThrownBy(() -> ask(MINUTE)).isInstanceOf(PeerDiedException.class);
					return System.nanoTime();
				});
				peer.expect("held deliveries=" + Math.min(deliveries, 63));
				await().until(() -> this.server.counters().messagesSent() == delays.size() + 1);
				long killed = System.nanoTime();
				peer.kill();
				delays.add(asking.get() - killed);
				assertThat(this.server.isPeerAlive()).isFalse();
			}
		}
		delays.sort(null);
		System.out.printf("Java beside %s, %d kills: a waiting request failed after %d ms (median), %d ms at most%n",
				language, kills, delays.get(kills / 2) / 1_000_000, delays.get(kills - 1) / 1_000_000);
		assertThat(Duration.ofNanos(delays.get(kills - 1))).isLessThan(MINUTE.dividedBy(4));
		try (PeerProcess peer = start(language, "echo")) {
			assertThat(ask(MINUTE)).isEqualTo(8);
			this.server.sender().send("quit", new byte[0]);
			peer.expect("ready");
			peer.expectExit(0);
		}
		assertThat(this.server.counters().repliesDropped()).isEqualTo(kills);
		assertThat(parked.isDone()).as("the receiver slept on").isFalse();
	}

	private int ask(Duration timeout) {
		return this.server.<Integer>request("ask", ByteBuffer.allocate(8), timeout, MessageView::length);
	}

	private PeerProcess start(Language language, String what) throws Exception {
		return PeerProcess.start(language, "client", this.name, what);
	}

	private void letOneDie() throws Exception {
		try (PeerProcess peer = start(Language.C, "echo")) {
			peer.expect("ready");
			peer.kill();
		}
	}

	/** As if none had been there. */
	@Test
	void aRequestAfterADeathThatIsKnownWaitsForTheNextPeer() throws Exception {
		letOneDie();
		assertThatThrownBy(() -> ask(MINUTE)).as("nobody knew").isInstanceOf(PeerDiedException.class);
		assertThatThrownBy(() -> ask(WAIT)).isInstanceOf(RequestTimeoutException.class)
			.hasMessageContaining("is not attached");
		letOneDie();
		assertThat(this.server.receiver().receive(WAIT)).as("learns of it while it waits").isNull();
		assertThatThrownBy(() -> ask(WAIT)).isInstanceOf(RequestTimeoutException.class);
		letOneDie();
		assertThat(this.server.isPeerAlive()).isFalse();
		assertThatThrownBy(() -> ask(WAIT)).isInstanceOf(RequestTimeoutException.class);
	}

	@ParameterizedTest(name = "the request has seen who came: {0}")
	@ValueSource(booleans = { true, false })
	void aRequestFailsWhenThePeerThatCameDies(boolean seen) throws Exception {
		Future<?> asking = this.threads.submit(() -> ask(MINUTE));
		await().until(() -> this.server.counters().messagesSent() == 1);
		try (PeerProcess peer = start(Language.C, "hold")) {
			peer.expect("ready");
			peer.expect("held deliveries=1");
			long parks = this.server.counters().parks();
			await().until(() -> !seen || this.server.counters().parks() >= parks + 2);
			peer.kill();
		}
		assertThatThrownBy(asking::get).hasCauseInstanceOf(PeerDiedException.class);
	}

	/** Most come and go between two looks. */
	@RepeatedTest(5)
	void aRequestFailsWhenThePeerThatCameLeaves() throws Exception {
		Future<?> asking = this.threads.submit(() -> ask(MINUTE));
		await().until(() -> this.server.counters().messagesSent() == 1);
		try (AxonChannel client = AxonChannel.open(this.name)) {
			assertThat(client.receiver().receive(WAIT).isRequest()).isTrue();
		}
		assertThatThrownBy(asking::get).hasCauseInstanceOf(PeerDiedException.class);
	}

	@Test
	void aRequestFailsWhenThePeerThatCameHasASuccessor() throws Exception {
		Future<?> asking = this.threads.submit(() -> ask(MINUTE));
		await().until(() -> this.server.counters().messagesSent() == 1);
		AxonChannel.open(this.name).close();
		try (AxonChannel client = AxonChannel.open(this.name)) {
			assertThat(client.receiver().receive(WAIT).isRequest()).isTrue();
			assertThatThrownBy(asking::get).hasCauseInstanceOf(PeerDiedException.class);
		}
	}

}
