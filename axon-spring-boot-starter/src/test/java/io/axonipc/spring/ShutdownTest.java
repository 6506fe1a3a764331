package io.axonipc.spring;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelClosedException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.UniqueNames;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/** Applications that end while threads are at work. */
class ShutdownTest {

	private static final Executor THREAD = (task) -> new Thread(task).start();

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"), "axon.channels.work.reply-timeout=10m");

	@Test
	void closeEndsTheWaitForAReply() {
		this.runner.run((context) -> {
			AxonTemplate template = context.getBean(AxonTemplate.class);
			try (AxonChannel peer = this.names.peer("work")) {
				CompletableFuture<String> reply = CompletableFuture
					.supplyAsync(() -> template.sendAndReceive("question", null, String.class), THREAD);
				assertThat(peer.receiver().poll((message) -> {
				}, 1, OtherProcess.PATIENCE)).isEqualTo(1);
				context.close();
				context.close();
				assertThat(reply).failsWithin(OtherProcess.PATIENCE)
					.withThrowableThat()
					.withCauseInstanceOf(ChannelClosedException.class);
				assertThat(peer.isPeerAlive()).isFalse();
			}
		});
	}

	@Test
	void closeFromTwoThreadsUnderSendsRequestsAndListenersLosesNothing() {
		AtomicInteger sent = new AtomicInteger();
		AtomicInteger received = new AtomicInteger();
		this.runner.withBean(Listener.class).run((context) -> {
			AxonTemplate template = context.getBean(AxonTemplate.class);
			List<CompletableFuture<Throwable>> ends = new ArrayList<>();
			try (AxonChannel peer = this.names.peer("work")) {
				ends.add(untilItFails(() -> {
					template.send("note", "x");
					sent.incrementAndGet();
				}));
				ends.add(untilItFails(() -> template.sendAndReceive("question", "x", String.class)));
				untilItFails(() -> new OtherProcess(peer).request("echo", "x"));
				CompletableFuture<Throwable> answering = untilItFails(() -> peer.receiver().poll((message) -> {
					if (message.isRequest()) {
						peer.sender().reply(message, message.payload());
					}
					else {
						received.incrementAndGet();
					}
				}, 100, Duration.ofMillis(20)));
				Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> received.get() > 100);
				CompletableFuture<Void> other = CompletableFuture.runAsync(context::close, THREAD);
				context.close();
				other.get(60, TimeUnit.SECONDS);
				assertThat(ends).allSatisfy((end) -> assertThat(end.get(60, TimeUnit.SECONDS))
					.isInstanceOfAny(ChannelClosedException.class, IllegalStateException.class));
				assertThat(peer.isPeerAlive()).isFalse();
				// The last send may have been told of the close after its commit.
				Awaitility.await()
					.atMost(OtherProcess.PATIENCE)
					.untilAsserted(() -> assertThat(received).hasValueBetween(sent.get(), sent.get() + 1));
				assertThat(answering).isNotDone();
			}
		});
		// The request that was under way may lie unread.
		AxonChannel.discard(this.names.name("work"));
	}

	static class Listener {

		@AxonListener("echo")
		String echo(String payload) {
			return payload;
		}

	}

	/** What ended the repetition of an action in a thread of its own. */
	private static CompletableFuture<Throwable> untilItFails(Runnable action) {
		return CompletableFuture.supplyAsync(() -> {
			while (true) {
				try {
					action.run();
				}
				catch (Throwable ex) {
					return ex;
				}
			}
		}, THREAD);
	}

	@Test
	void terminatedProcessAnswersWhatItHasInHandAndRemovesTheNames() throws IOException, InterruptedException {
		String name = this.names.name("work");
		try (PeerProcess application = PeerProcess.start(TestApplication.class, "--axon.channels.work.name=" + name)) {
			try (AxonChannel peer = Awaitility.await()
				.atMost(OtherProcess.PATIENCE)
				.ignoreExceptions()
				.until(() -> this.names.peer("work"), (channel) -> true)) {
				CompletableFuture<String> reply = CompletableFuture
					.supplyAsync(() -> new OtherProcess(peer).request("until-closed", ""), THREAD);
				application.expect("until-closed");
				application.signal("TERM");
				assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("closed");
				application.expectExit(143);
				assertThat(peer.isPeerAlive()).isFalse();
				assertThat(UniqueNames.files(name)).isNotEmpty();
			}
		}
		assertThat(UniqueNames.files(name)).isEmpty();
	}

}
