package io.axonipc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.axonipc.testing.Peer;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/** A peer that is stopped is waited for, and never declared dead. */
class StoppedPeerTest {

	private static final Duration PATIENCE = Duration.ofMinutes(5);

	/** Three bounded waits. */
	private static final Duration WAIT = Duration.ofMillis(300);

	private static final int MESSAGES = 20_000;

	private static final int SIZE = 300;

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final List<Stopped> peers = new ArrayList<>();

	@AfterEach
	void close() {
		this.peers.forEach(Stopped::close);
		this.threads.shutdownNow();
	}

	@Test
	void aPeerThatIsStoppedForSecondsLosesNothing() throws Exception {
		stop(10);
	}

	@Test
	@Tag("hardening")
	void aPeerThatIsStoppedForAMinuteLosesNothing() throws Exception {
		PeerProcess.need(Language.C);
		String out = Path.of("target", "native", "c").toAbsolutePath().toString();
		Future<?> inC = this.threads.submit(() -> {
			PeerProcess.run("env", "AXON_STOPPED_WAITS=200", "make", "--silent", "-C", "native/c", "OUT=" + out, "test",
					"ONLY=a-stopped-peer");
			return null;
		});
		stop(200);
		inC.get();
	}

	/** Of each language a receiver, a sender and one that answers, all at once. */
	private void stop(int waits) throws Exception {
		for (Language language : List.of(Language.JAVA, Language.C)) {
			this.peers.add(new Receiving(language));
			this.peers.add(new Sending(language));
			this.peers.add(new Answering(language));
		}
		for (Stopped peer : this.peers) {
			peer.before();
			peer.process.signal("STOP");
		}
		for (Stopped peer : this.peers) {
			peer.meanwhile();
		}
		for (int i = 0; i < waits; i++) {
			assertThat(this.peers.get(1).channel.receiver().receive(WAIT)).isNull();
			for (Stopped peer : this.peers) {
				assertThat(peer.channel.isPeerAlive()).isTrue();
				assertThat(peer.waiting == null || !peer.waiting.isDone()).as("%s waits", peer).isTrue();
			}
		}
		for (Stopped peer : this.peers) {
			peer.process.signal("CONT");
		}
		for (Stopped peer : this.peers) {
			peer.afterwards();
			peer.process.expectExit(0);
		}
	}

	/** A channel whose client is stopped. */
	private abstract class Stopped {

		final String name = StoppedPeerTest.this.names.next();

		final AxonChannel channel = AxonChannel.open(this.name,
				ChannelOptions.defaults().role(Role.SERVER).capacity(1 << 16).sendTimeout(PATIENCE));

		final PeerProcess process;

		/** What this process waits for, if not in the test's own thread. */
		Future<?> waiting;

		Stopped(Language language, String... what) throws IOException {
			List<String> arguments = new ArrayList<>(List.of("client", this.name));
			arguments.addAll(List.of(what));
			this.process = PeerProcess.start(language, arguments.toArray(String[]::new));
		}

		/** Something has happened on the channel when this returns. */
		abstract void before() throws Exception;

		abstract void meanwhile();

		abstract void afterwards() throws Exception;

		void close() {
			this.process.close();
			this.channel.close();
			AxonChannel.discard(this.name);
		}

	}

	private final class Receiving extends Stopped {

		Receiving(Language language) throws IOException {
			super(language, "receive");
		}

		@Override
		void before() throws Exception {
			this.process.expect("ready");
			for (int n = 0; n < MESSAGES / 2; n++) {
				this.channel.sender().send("data", Peer.pattern(n, SIZE));
			}
		}

		@Override
		void meanwhile() {
			long blocked = this.channel.counters().sendsBlocked();
			this.waiting = StoppedPeerTest.this.threads.submit(() -> {
				for (int n = MESSAGES / 2; n < MESSAGES; n++) {
					this.channel.sender().send("data", Peer.pattern(n, SIZE));
				}
				this.channel.sender().send("quit", new byte[0]);
			});
			await().until(() -> this.channel.counters().sendsBlocked() > blocked);
		}

		@Override
		void afterwards() throws Exception {
			this.waiting.get();
			this.process.expect("received=" + MESSAGES);
		}

	}

	private final class Sending extends Stopped {

		private int received;

		Sending(Language language) throws IOException {
			super(language, "send", Integer.toString(MESSAGES), Integer.toString(SIZE));
		}

		private boolean receive(Duration patience) {
			MessageView message = this.channel.receiver().receive(patience);
			if (message == null || message.tag().equals("quit")) {
				return false;
			}
			assertThat(message.payload()).isEqualTo(ByteBuffer.wrap(Peer.pattern(this.received++, SIZE)));
			assertThat(message.isRedelivered()).isFalse();
			return true;
		}

		@Override
		void before() {
			while (this.received < MESSAGES / 2) {
				receive(PATIENCE);
			}
		}

		@Override
		void meanwhile() {
			while (receive(WAIT)) {
				assertThat(this.received).as("stopped before it had sent all").isLessThan(MESSAGES);
			}
		}

		@Override
		void afterwards() {
			while (receive(PATIENCE)) {
				continue;
			}
			assertThat(this.received).isEqualTo(MESSAGES);
		}

	}

	private final class Answering extends Stopped {

		Answering(Language language) throws IOException {
			super(language, "echo");
		}

		private int ask(Duration timeout) {
			return this.channel.<Integer>request("ask", ByteBuffer.allocate(8), timeout, MessageView::length);
		}

		@Override
		void before() {
			assertThat(ask(PATIENCE)).isEqualTo(8);
		}

		@Override
		void meanwhile() {
			this.waiting = StoppedPeerTest.this.threads.submit(() -> ask(PATIENCE));
			assertThatThrownBy(() -> ask(WAIT)).isInstanceOf(RequestTimeoutException.class)
				.hasMessageContaining("is attached and has not answered");
		}

		@Override
		void afterwards() throws Exception {
			assertThat(this.waiting.get()).isEqualTo(8);
			this.channel.sender().send("quit", new byte[0]);
		}

	}

}
