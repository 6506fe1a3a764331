package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.Claim;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.axonipc.spring.autoconfigure.metrics.AxonMetricsAutoConfiguration;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ContextConsumer;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/** Listeners that return futures. */
@ExtendWith(OutputCaptureExtension.class)
class ListenerFutureTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final Listeners listeners = new Listeners();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, AxonMetricsAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"), "axon.channels.work.reply-timeout=10m")
		.withBean(MeterRegistry.class, SimpleMeterRegistry::new)
		.withBean("pool", Executor.class, () -> (task) -> new Thread(task, "pool").start())
		.withBean(Listeners.class, () -> this.listeners);

	private OtherProcess other;

	private AxonChannel peer;

	/** What a listener was called with, and the future that it returned. */
	record Call(ByteBuffer payload, CompletableFuture<String> future) {

		String text() {
			return StandardCharsets.UTF_8.decode(this.payload.duplicate()).toString();
		}

	}

	static class Listeners {

		final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();

		Runnable closing;

		@AxonListener(tag = "later", id = "later")
		CompletableFuture<String> later(ByteBuffer payload) {
			Call call = new Call(payload, new CompletableFuture<>());
			this.calls.add(call);
			return call.future();
		}

		@AxonListener(tag = "pool", executor = "pool")
		CompletionStage<String> pool(byte[] payload) {
			return later(ByteBuffer.wrap(payload));
		}

		@AxonListener("done")
		CompletionStage<String> done(String payload) {
			return (payload.isEmpty()) ? null : CompletableFuture.completedFuture("done " + payload);
		}

		@AxonListener("hidden")
		Object hidden() {
			return CompletableFuture.completedFuture("x");
		}

		@AxonListener(tag = "close", id = "close")
		void close() {
			this.closing.run();
		}

		@AxonListener("direct")
		String direct(String payload) {
			return Thread.currentThread().getName() + " " + payload;
		}

		Call next() {
			try {
				return this.calls.poll(60, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

	private void run(ApplicationContextRunner runner, ContextConsumer<AssertableApplicationContext> test) {
		runner.run((context) -> {
			assertThat(context).hasNotFailed();
			try (AxonChannel peer = this.names.peer("work")) {
				this.peer = peer;
				this.other = new OtherProcess(peer);
				test.accept(context);
			}
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).failures("work")).isZero();
		});
	}

	private CompletableFuture<String> ask(String tag, String payload) {
		return CompletableFuture.supplyAsync(() -> this.other.request(tag, payload),
				(task) -> new Thread(task).start());
	}

	private static void assertRemoteError(CompletableFuture<?> reply, String... texts) {
		assertThat(reply).failsWithin(OtherProcess.PATIENCE)
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(AxonRemoteException.class)
			.extracting(Throwable::getMessage)
			.asString()
			.contains(texts);
	}

	@Test
	void requestIsAnsweredWhenItsFutureIsCompletedAndOthersAreHandledMeanwhile() {
		run(this.runner.withPropertyValues("axon.channels.work.capacity=4KB"), (context) -> {
			CompletableFuture<String> first = ask("later", "first");
			Call one = this.listeners.next();
			CompletableFuture<String> second = ask("later", "second");
			Call two = this.listeners.next();
			for (int i = 0; i < 4; i++) {
				// Goes round the ring.
				assertThat(this.other.request("direct", "x".repeat(900))).startsWith("axon-work xxx");
				assertThat(this.other.request("direct", "y".repeat(900))).startsWith("axon-work yyy");
			}
			Awaitility.await().untilAsserted(() -> assertThat(this.peer.counters().ringUsed()).isZero());
			assertThat(one.text()).as("a copy").isEqualTo("first");
			assertThat(one.payload().isReadOnly()).isTrue();
			assertThat(one.payload().order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
			two.future().complete("2");
			assertThat(second).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("2");
			assertThat(first).isNotDone();
			one.future().complete("1");
			assertThat(first).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("1");
		});
	}

	@Test
	void futureThatIsCompletedOrNullIsAnsweredAtOnce() {
		run(this.runner, (context) -> {
			assertThat(this.other.request("done", "it")).isEqualTo("done it");
			assertThat(this.other.request("done", "")).isEmpty();
		});
	}

	@Test
	void messageThatNobodyWaitsForStaysInHandUntilItsFutureIsCompleted() {
		run(this.runner, (context) -> {
			this.peer.sender().send("later", "x".getBytes(StandardCharsets.UTF_8));
			Call call = this.listeners.next();
			CompletableFuture<String> next = ask("direct", "next");
			assertThat(this.peer.counters().ringUsed()).isPositive();
			assertThat(next).isNotDone();
			call.future().complete("ignored");
			assertThat(next).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("axon-work next");
		});
	}

	@Test
	void failureIsAnsweredLoggedCountedAndTimed(CapturedOutput output) {
		run(this.runner, (context) -> {
			CompletableFuture<String> reply = ask("later", "it");
			Call call = this.listeners.next();
			MeterRegistry meters = context.getBean(MeterRegistry.class);
			assertThat(timed(meters, "success")).as("not before it is completed").isZero();
			call.future().completeExceptionally(new IllegalStateException("too late"));
			assertRemoteError(reply, "too late");
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).errors("work")).isEqualTo(1);
			Awaitility.await().untilAsserted(() -> assertThat(timed(meters, "error")).isEqualTo(1));
			assertThat(timed(meters, "success")).isZero();
		});
		assertThat(output).contains("Listener 'later' failed on a message with tag 'later' from channel 'work'")
			.contains("IllegalStateException: too late");
	}

	private static long timed(MeterRegistry meters, String result) {
		return meters.get("axon.listener")
			.tags("listener", "later", "result", result)
			.timers()
			.stream()
			.mapToLong((timer) -> timer.count())
			.sum();
	}

	@Test
	void errorHandlerGetsWhatAFutureFailsWithAndACopy() {
		AxonListenerErrorHandler handler = (message, failure) -> failure.getMessage() + " "
				+ new String(message.getPayload(), StandardCharsets.UTF_8);
		run(this.runner.withBean(AxonListenerErrorHandler.class, () -> handler), (context) -> {
			CompletableFuture<String> reply = ask("later", "it");
			this.listeners.next().future().completeExceptionally(new IllegalStateException("failed on"));
			assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("failed on it");
		});
	}

	@Test
	void replyThatCannotBeWrittenIsAnError() {
		run(this.runner.withPropertyValues("axon.channels.work.max-message-size=1KB"), (context) -> {
			CompletableFuture<String> reply = ask("later", "it");
			this.listeners.next().future().complete("x".repeat(2000));
			assertRemoteError(reply, "2000", "1024");
		});
	}

	@Test
	void futureThatIsNotCompletedInTimeHasFailed() {
		run(this.runner.withPropertyValues("axon.channels.work.reply-timeout=20ms"), (context) -> {
			assertRemoteError(ask("later", "x"), "not completed within PT0.02S, the reply-timeout of channel 'work'");
			this.peer.sender().send("later", new byte[0]);
			assertThat(this.other.request("direct", "still")).isEqualTo("axon-work still");
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).errors("work")).isEqualTo(2);
			assertThat(this.listeners.calls).allSatisfy((call) -> assertThat(call.future()).isNotDone());
		});
	}

	@Test
	void failedFutureIsTriedAgainButNotOneThatMayStillBeCompleted() {
		ApplicationContextRunner retrying = this.runner.withPropertyValues(
				"axon.channels.work.listener.retry.max-retries=1",
				"axon.channels.work.listener.retry.initial-interval=1ms");
		run(retrying, (context) -> {
			CompletableFuture<String> reply = ask("later", "it");
			this.listeners.next().future().completeExceptionally(new IllegalStateException("once"));
			this.listeners.next().future().complete("twice");
			assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("twice");
		});
		run(retrying.withPropertyValues("axon.channels.work.reply-timeout=20ms"), (context) -> {
			assertRemoteError(ask("later", "x"), "not completed");
			assertThat(this.listeners.calls).hasSize(1);
		});
	}

	@Test
	void futureInPlaceOfAReplyIsAnError() {
		run(this.runner, (context) -> {
			assertRemoteError(ask("hidden", ""), "A CompletableFuture cannot be a reply", "declare");
			CompletableFuture<String> reply = ask("later", "it");
			@SuppressWarnings({ "unchecked", "rawtypes" })
			CompletableFuture<Object> raw = (CompletableFuture) this.listeners.next().future();
			raw.complete(new CompletableFuture<>());
			assertRemoteError(reply, "A CompletableFuture cannot be a reply");
		});
	}

	@Test
	void timeOutWithoutEndIsAVeryLongOne() {
		run(this.runner.withPropertyValues("axon.channels.work.reply-timeout=300000d"), (context) -> {
			CompletableFuture<String> reply = CompletableFuture.supplyAsync(() -> this.other.request("later", "it"),
					(task) -> new Thread(task).start());
			this.listeners.next().future().complete("at last");
			assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("at last");
		});
	}

	/** The JVM has one thread for all time-outs. */
	@Test
	void errorHandlerOfATimeOutMayWaitForAnotherTimeOut() {
		AxonListenerErrorHandler handler = (message, failure) -> new CompletableFuture<String>()
			.completeOnTimeout("another", 1, TimeUnit.MILLISECONDS)
			.get(60, TimeUnit.SECONDS);
		run(this.runner.withBean(AxonListenerErrorHandler.class, () -> handler)
			.withPropertyValues("axon.channels.work.reply-timeout=20ms"), (context) -> {
				CompletableFuture<String> reply = ask("later", "it");
				assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("another");
			});
	}

	@Test
	void interruptOfWhoCompletesDoesNotLoseTheReply() {
		run(this.runner.withPropertyValues("axon.channels.work.capacity=4KB"), (context) -> {
			AxonChannel channel = context.getBean(AxonChannel.class);
			CompletableFuture<String> reply = ask("later", "it");
			Call call = this.listeners.next();
			CompletableFuture<Boolean> interrupted;
			try (Claim inTheWay = channel.sender().claim("t", 1)) {
				interrupted = new CompletableFuture<>();
				Thread completing = new Thread(() -> {
					Thread.currentThread().interrupt();
					call.future().complete("at last");
					interrupted.complete(Thread.currentThread().isInterrupted());
				});
				completing.start();
				Awaitility.await()
					.until(() -> completing.getState() != Thread.State.RUNNABLE
							&& completing.getState() != Thread.State.NEW);
				inTheWay.abort();
			}
			assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("at last");
			assertThat(interrupted).succeedsWithin(OtherProcess.PATIENCE).isEqualTo(true);
		});
	}

	@Test
	void interruptOfWhoWaitsDoesNotCallTheListenerAgain() {
		run(this.runner.withPropertyValues("axon.channels.work.listener.retry.max-retries=3",
				"axon.channels.work.listener.retry.initial-interval=1ms"), (context) -> {
					CompletableFuture<String> reply = ask("later", "it");
					this.listeners.next();
					Thread.getAllStackTraces()
						.keySet()
						.stream()
						.filter((thread) -> thread.getName().equals("axon-work"))
						.forEach(Thread::interrupt);
					assertRemoteError(reply, "was interrupted");
					assertThat(this.listeners.calls).isEmpty();
				});
	}

	@Test
	void contextThatAListenerClosesAnswersTheOthersFirst() {
		this.runner.run((context) -> {
			CountDownLatch closing = new CountDownLatch(1);
			this.listeners.closing = () -> {
				closing.countDown();
				context.getSourceApplicationContext().stop();
			};
			try (AxonChannel peer = this.names.peer("work")) {
				this.other = new OtherProcess(peer);
				CompletableFuture<String> reply = ask("later", "it");
				Call call = this.listeners.next();
				peer.sender().send("close", new byte[0]);
				assertThat(closing.await(60, TimeUnit.SECONDS)).isTrue();
				Awaitility.await().until(() -> !context.getBean(AxonListenerEndpointRegistry.class).isRunning());
				assertThat(peer.isPeerAlive()).isTrue();
				call.future().complete("first");
				assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("first");
				Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> !peer.isPeerAlive());
			}
		});
	}

	@Test
	void executorsListenerMayReturnAFuture() {
		run(this.runner, (context) -> {
			CompletableFuture<String> reply = ask("pool", "it");
			Call call = this.listeners.next();
			call.future().complete("from the pool with " + call.text());
			assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("from the pool with it");
		});
	}

	@Test
	void stopWaitsForFuturesAndTheirReplies() {
		run(this.runner, (context) -> {
			CompletableFuture<String> reply = ask("later", "it");
			Call call = this.listeners.next();
			CompletableFuture<Void> stopped = CompletableFuture.runAsync(context::stop,
					(task) -> new Thread(task).start());
			Awaitility.await().until(() -> !context.getBean(AxonListenerEndpointRegistry.class).isRunning("work"));
			assertThat(stopped).isNotDone();
			call.future().complete("at last");
			assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("at last");
			assertThat(stopped).succeedsWithin(OtherProcess.PATIENCE);
		});
	}

	@Test
	void whoCompletesAFutureMayStopTheListener() {
		run(this.runner, (context) -> {
			RegisteredListener listener = context.getBean(AxonListenerEndpointRegistry.class).getListener("later");
			CompletableFuture<String> reply = ask("later", "it");
			Call call = this.listeners.next();
			CompletableFuture<Void> stopped = CompletableFuture.runAsync(listener::stop,
					(task) -> new Thread(task).start());
			call.future().complete("answered");
			assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("answered");
			assertThat(stopped).succeedsWithin(OtherProcess.PATIENCE);
		});
	}

}
