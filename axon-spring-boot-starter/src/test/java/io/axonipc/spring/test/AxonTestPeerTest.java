package io.axonipc.spring.test;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import io.axonipc.AxonRemoteException;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.AxonOperations;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.env.RandomValuePropertySource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class AxonTestPeerTest {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private final ApplicationContextRunner application = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withInitializer((context) -> RandomValuePropertySource.addToEnvironment(context.getEnvironment()))
		.withPropertyValues("axon.channels.points.name=test-${random.uuid}")
		.withBean(Listener.class);

	record Point(int x, int y) {
	}

	record Listener(AxonOperations axon) {

		@AxonListener("mirrored")
		Point mirrored(Point point) {
			return new Point(point.y(), point.x());
		}

		@AxonListener("forward")
		void forward(Point point) {
			this.axon.message("forwarded").metadata(new byte[] { 1 }).payload(point).send();
			this.axon.send("done", "done");
		}

		@AxonListener("norm-of-two")
		double normOfTwo(double[] vector) {
			return 2 * this.axon.sendAndReceive("norm", vector, Double.class);
		}

	}

	@FunctionalInterface
	private interface Action {

		void run(AxonTestPeer peer, AxonOperations application);

	}

	/** Runs an action beside an application, of which nothing is left afterwards. */
	private void withPeer(Action action) {
		String[] name = new String[1];
		this.application.run((context) -> {
			name[0] = context.getBean(AxonChannels.class).channel("points").name();
			try (AxonTestPeer peer = AxonTestPeer.of(context).timeout(PATIENCE)) {
				action.run(peer, context.getBean(AxonOperations.class));
			}
		});
		assertThat(name[0]).hasSizeGreaterThan(36);
		assertThat(UniqueNames.files(name[0])).isEmpty();
		assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
			.doesNotContain("axon-test-peer-points");
	}

	@Test
	void requestsOfTheApplication() {
		withPeer((peer, application) -> assertThat(peer.request("mirrored", new Point(1, 2), Point.class))
			.isEqualTo(new Point(2, 1)));
	}

	@Test
	void expectsWhatTheApplicationSendsInAnyOrder() {
		withPeer((peer, application) -> {
			peer.send("forward", new Point(1, 2));
			assertThat(peer.expect("done").payload(String.class)).isEqualTo("done");
			AxonTestPeer.ReceivedMessage forwarded = peer.expect("forwarded");
			assertThat(forwarded.payload(Point.class)).isEqualTo(new Point(1, 2));
			assertThat(forwarded.metadata()).containsExactly(1);
			assertThat(forwarded.isRequest()).isFalse();
		});
	}

	@Test
	void expectationThatIsNotMetSaysWhatCame() {
		withPeer((peer, application) -> {
			application.send("other", null);
			peer.expect("other");
			application.send("another", null);
			application.send("last", null);
			peer.expect("last");
			assertThatExceptionOfType(AssertionError.class)
				.isThrownBy(() -> peer.timeout(Duration.ofMillis(1)).expect("expected"))
				.withMessageContaining("'expected'")
				.withMessageContaining("'points'")
				.withMessageContaining("[another]");
		});
	}

	@Test
	void waitsForWhatComesLater() {
		withPeer((peer, application) -> {
			CompletableFuture<AxonTestPeer.ReceivedMessage> expected = new CompletableFuture<>();
			Thread waiting = new Thread(() -> expected.complete(peer.expect("later")));
			waiting.start();
			application.send("later", new byte[] { 1 });
			assertThat(expected).succeedsWithin(PATIENCE)
				.satisfies((message) -> assertThat(message.payload(byte[].class)).hasSize(1));
		});
	}

	@Test
	void repliesToTheApplication() {
		withPeer((peer, application) -> {
			assertThatExceptionOfType(AxonRemoteException.class)
				.isThrownBy(() -> application.sendAndReceive("norm", null, Double.class))
				.withMessageContaining("prepare one with reply(\"norm\", ...)");
			assertThat(peer.expect("norm").isRequest()).isTrue();
			peer.reply("norm", 5.0);
			assertThat(peer.request("norm-of-two", new double[] { 3, 4 }, Double.class)).isEqualTo(10);
			peer.replyWith("norm", (request) -> (double) request.payload(double[].class).length);
			assertThat(application.sendAndReceive("norm", new double[3], Double.class)).isEqualTo(3);
			peer.replyWith("norm", (request) -> {
				throw new IllegalStateException("on purpose");
			});
			assertThatExceptionOfType(AxonRemoteException.class)
				.isThrownBy(() -> application.sendAndReceive("norm", null, Double.class))
				.withMessage("on purpose");
		});
	}

	@Test
	void errorOfAReplyIsAnsweredAndThrownToTheTest() {
		withPeer((peer, application) -> {
			peer.replyWith("norm", (request) -> {
				throw new AssertionError("on purpose");
			});
			assertThatExceptionOfType(AxonRemoteException.class)
				.isThrownBy(() -> application.sendAndReceive("norm", null, Double.class))
				.withMessage("on purpose");
			assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> peer.expect("norm"))
				.withMessage("on purpose");
			peer.reply("norm", 5.0);
			assertThat(application.sendAndReceive("norm", null, Double.class)).isEqualTo(5);
		});
	}

	@Test
	void payloadIsReadAsAPrimitive() {
		withPeer((peer, application) -> {
			application.send("number", 5);
			assertThat(peer.expect("number").payload(int.class)).isEqualTo(5);
		});
	}

	@Test
	void peerThatLeavesLastDropsWhatIsUnread() {
		AxonTestPeer[] peer = new AxonTestPeer[1];
		String[] name = new String[1];
		this.application.run((context) -> {
			name[0] = context.getBean(AxonChannels.class).channel("points").name();
			peer[0] = AxonTestPeer.of(context, "points");
			context.stop();
			peer[0].send("mirrored", null);
		});
		peer[0].close();
		assertThat(UniqueNames.files(name[0])).isEmpty();
	}

}
