package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.AbstractBeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.messaging.Message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** Retries and error handlers. */
@ExtendWith(OutputCaptureExtension.class)
class ListenerErrorHandlingTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final Listeners listeners = new Listeners();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"))
		.withBean("special", AxonListenerErrorHandler.class, () -> (message, failure) -> "special",
				ListenerErrorHandlingTest::onlyByName)
		.withBean("pool", Executor.class, () -> (task) -> new Thread(task).start())
		.withBean(Listeners.class, () -> this.listeners);

	/** Not for listeners that do not name it. */
	private static void onlyByName(BeanDefinition definition) {
		((AbstractBeanDefinition) definition).setDefaultCandidate(false);
	}

	static class Listeners {

		final AtomicInteger calls = new AtomicInteger();

		final BlockingQueue<Message<byte[]>> given = new LinkedBlockingQueue<>();

		final CountDownLatch failed = new CountDownLatch(1);

		/** Reads its view to the end each time. */
		@AxonListener("third-time")
		int succeedAtTheThirdCall(ByteBuffer payload) {
			int sum = payload.get() + payload.get();
			if (this.calls.incrementAndGet() < 3) {
				throw new IllegalStateException("not yet");
			}
			return sum;
		}

		@AxonListener("fail")
		String fail(String payload) {
			this.calls.incrementAndGet();
			this.failed.countDown();
			throw new IllegalStateException("cannot do " + payload);
		}

		@AxonListener(tag = "pooled", executor = "pool")
		String pooled(String payload) {
			return fail(payload);
		}

		@AxonListener(tag = "special", errorHandler = "#{'special'}")
		String special() {
			throw new IllegalStateException("on purpose");
		}

		@AxonListener("error")
		void error() {
			this.calls.incrementAndGet();
			throw new AssertionError("broken");
		}

		@AxonListener("picky")
		void picky(Picky payload) {
		}

	}

	record Picky(int x) {

		static final AtomicInteger MADE = new AtomicInteger();

		Picky {
			MADE.incrementAndGet();
			throw new IllegalArgumentException("never");
		}

	}

	private ApplicationContextRunner withRetry(int maxRetries) {
		return this.runner.withPropertyValues("axon.channels.work.listener.retry.max-retries=" + maxRetries,
				"axon.channels.work.listener.retry.initial-interval=1ms");
	}

	@Test
	void errorHandlerMakesTheReply(CapturedOutput output) {
		withErrorHandler(this.runner, (message, failure) -> {
			this.listeners.given.add(message);
			return "instead of " + failure.getMessage();
		}, (other) -> {
			assertThat(other.request("fail", "it")).isEqualTo("instead of cannot do it");
			Message<byte[]> message = this.listeners.given.remove();
			assertThat(message.getPayload()).asString(StandardCharsets.UTF_8).isEqualTo("it");
			assertThat(message.getHeaders()).containsEntry(AxonHeaders.TAG, "fail")
				.containsEntry(AxonHeaders.CHANNEL, "work")
				.containsKey(AxonHeaders.CORRELATION_ID);
			assertThat(other.request("error")).asString().isEqualTo("instead of broken");
			assertThat(this.listeners.given).hasSize(1);
		});
		assertThat(output).doesNotContain("IllegalStateException: cannot do it");
	}

	@Test
	void whatTheErrorHandlerThrowsIsLoggedAndAnswered(CapturedOutput output) {
		withErrorHandler(this.runner, (message, failure) -> {
			throw new IllegalStateException("handler: " + failure.getMessage(), failure);
		}, (other) -> assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> other.request("fail", "it"))
			.withMessageContaining("handler: cannot do it"));
		assertThat(output).contains("IllegalStateException: handler: cannot do it")
			.contains("Caused by: java.lang.IllegalStateException: cannot do it");
	}

	@Test
	void listenerMayNameItsErrorHandler() {
		withErrorHandler(this.runner, (message, failure) -> "general", (other) -> {
			assertThat(other.request("special", "")).isEqualTo("special");
			assertThat(other.request("fail", "")).isEqualTo("general");
		});
	}

	@Test
	void failedCallIsRepeatedWithAnUntouchedMessage(CapturedOutput output) {
		withErrorHandler(withRetry(2), null,
				(other) -> assertThat(other.request("third-time", (byte) 20, (byte) 22)).asString().isEqualTo("42"));
		assertThat(this.listeners.calls).hasValue(3);
		assertThat(output).doesNotContain("not yet");
	}

	@Test
	void errorHandlerGetsWhatIsGivenUp() {
		withErrorHandler(withRetry(3), (message, failure) -> "given up: " + failure.getMessage(),
				(other) -> assertThat(other.request("fail", "it")).isEqualTo("given up: cannot do it"));
		assertThat(this.listeners.calls).hasValue(4);
	}

	@Test
	void errorsAndUnreadablePayloadsAreNotRepeated() {
		Picky.MADE.set(0);
		withErrorHandler(withRetry(3), null, (other) -> {
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> other.request("error"))
				.withMessageContaining("broken");
			assertThat(this.listeners.calls).hasValue(1);
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> other.request("picky", "{\"x\":1}"))
				.withMessageContaining("Could not read JSON");
			assertThat(Picky.MADE).hasValue(1);
		});
	}

	/**
	 * With ten milliseconds the stop may come during a call, with an hour during the
	 * wait.
	 */
	@ParameterizedTest
	@CsvSource({ "fail, 10ms", "fail, 1h", "pooled, 1h" })
	void stopEndsTheRetriesAfterALastOne(String tag, String interval) {
		this.runner
			.withPropertyValues("axon.channels.work.listener.retry.max-retries=1000000",
					"axon.channels.work.listener.retry.initial-interval=" + interval,
					"axon.channels.work.listener.retry.max-interval=1h")
			.run((context) -> {
				assertThat(context).hasNotFailed();
				try (AxonChannel peer = this.names.peer("work")) {
					CompletableFuture<String> reply = CompletableFuture.supplyAsync(() -> {
						try {
							return new OtherProcess(peer).request(tag, "it");
						}
						catch (AxonRemoteException ex) {
							return ex.getMessage();
						}
					}, (task) -> new Thread(task).start());
					assertThat(this.listeners.failed.await(60, TimeUnit.SECONDS)).isTrue();
					context.stop();
					assertThat(reply.get(60, TimeUnit.SECONDS)).contains("cannot do it");
				}
			});
		if (interval.equals("1h")) {
			assertThat(this.listeners.calls).hasValueBetween(1, 2);
		}
	}

	private void withErrorHandler(ApplicationContextRunner runner, AxonListenerErrorHandler handler,
			Consumer<OtherProcess> test) {
		ApplicationContextRunner complete = (handler != null)
				? runner.withBean("general", AxonListenerErrorHandler.class, () -> handler) : runner;
		complete.run((context) -> {
			assertThat(context).hasNotFailed();
			try (AxonChannel peer = this.names.peer("work")) {
				test.accept(new OtherProcess(peer));
			}
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).failures("work")).isZero();
		});
	}

}
