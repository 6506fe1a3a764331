package io.axonipc.spring;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

import io.axonipc.AxonChannel;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/** Listeners that are stopped, started, paused and resumed by their ids. */
class RegisteredListenerTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

	private final CountDownLatch release = new CountDownLatch(1);

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"), "second.auto-startup=")
		.withBean("queue", BlockingQueue.class, () -> this.seen)
		.withBean("release", CountDownLatch.class, () -> this.release)
		.withBean(Listeners.class);

	record Listeners(BlockingQueue<String> queue, CountDownLatch release,
			ObjectProvider<AxonListenerEndpointRegistry> registry) {

		@AxonListener(tag = "first", id = "one")
		void one(String payload) {
			this.queue.add("one " + payload);
		}

		@AxonListener(tag = { "second", "third.*" }, id = "two", autoStartup = "${second.auto-startup}")
		void two(String payload) {
			this.queue.add("two " + payload);
		}

		@AxonListener(tag = "restart", id = "three")
		void stopAndStart() {
			RegisteredListener self = this.registry.getObject().getListener("three");
			self.stop();
			self.start();
			self.stop();
			self.start();
			// The next thread waits for this one.
			Awaitility.await()
				.during(Duration.ofMillis(300))
				.until(() -> this.registry.getObject().failures("work") == 0);
			this.queue.add("restarted");
		}

		@AxonListener(tag = "pause", id = "five")
		void pause() {
			this.registry.getObject().getListener("five").pause();
			this.queue.add("paused");
		}

		@AxonListener(tag = "stop", id = "four")
		void stop() throws InterruptedException {
			this.registry.getObject().getListener("four").stop();
			this.queue.add("stopped");
			this.release.await();
			this.queue.add("finished");
		}

	}

	private void run(ApplicationContextRunner runner, BiConsumer<AxonListenerEndpointRegistry, AxonChannel> test) {
		runner.run((context) -> {
			assertThat(context).hasNotFailed();
			context.getBean(AxonChannels.class).channel("work");
			try (AxonChannel peer = this.names.peer("work")) {
				AxonListenerEndpointRegistry registry = context.getBean(AxonListenerEndpointRegistry.class);
				test.accept(registry, peer);
				assertThat(registry.failures("work")).isZero();
			}
		});
	}

	@Test
	void listenersAreFoundById() {
		run(this.runner, (registry, peer) -> {
			assertThat(registry.getListeners()).extracting(RegisteredListener::getId)
				.containsExactlyInAnyOrder("one", "two", "three", "four", "five");
			RegisteredListener two = registry.getListener("two");
			assertThat(two.getTags()).containsExactly("second", "third.*");
			assertThat(two.getChannel()).isEqualTo("work");
			assertThat(two.isRunning()).isTrue();
			assertThatIllegalArgumentException().isThrownBy(() -> registry.getListener("six"))
				.withMessageContaining("'six'")
				.withMessageContaining("two");
		});
	}

	@Test
	void whatIsSentToAPausedListenerWaitsAndNothingOvertakesIt() {
		run(this.runner, (registry, peer) -> {
			registry.getListener("two").pause();
			assertThat(registry.getListener("two").isPaused()).isTrue();
			assertThat(registry.getListener("one").isPaused()).isFalse();
			assertThat(registry.getListener("one").isRunning()).isFalse();
			assertThat(registry.isRunning("work")).as("the thread").isTrue();
			// The poll that is under way may still take one.
			send(peer, "first", "0");
			awaitUntilPaused(peer);
			send(peer, "second", "1");
			send(peer, "first", "2");
			registry.getListener("one").pause();
			registry.getListener("two").resume();
			assertThat(registry.getListener("two").isRunning()).isFalse();
			registry.getListener("one").resume();
			assertThat(registry.getListener("one").isRunning()).isTrue();
			assertThat(take()).isEqualTo("one 0");
			assertThat(take()).isEqualTo("two 1");
			assertThat(take()).isEqualTo("one 2");
			assertThat(registry.unhandled("work")).isZero();
		});
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 2, 64 })
	void pauseTakesEffectAfterAsManyMessagesAsAreTakenAtOnce(int limit) {
		run(this.runner.withPropertyValues("axon.channels.work.listener.poll-limit=" + limit), (registry, peer) -> {
			registry.getListener("one").pause();
			awaitUntilPaused(peer);
			for (int i = 0; i < 3; i++) {
				send(peer, "pause", "");
			}
			registry.getListener("one").resume();
			for (int i = 0; i < Math.min(3, limit); i++) {
				assertThat(take()).isEqualTo("paused");
			}
			awaitUntilPaused(peer);
			assertThat(this.seen).isEmpty();
			for (int i = limit; i < 3; i += limit) {
				registry.getListener("five").resume();
				assertThat(take()).isEqualTo("paused");
			}
		});
	}

	/** What is sent then stays in the channel. */
	private static void awaitUntilPaused(AxonChannel peer) {
		Awaitility.await().until(() -> {
			Thread receiver = receiver();
			return receiver != null && Arrays.stream(receiver.getStackTrace())
				.anyMatch((frame) -> frame.getMethodName().equals("pause"));
		});
		assertThat(peer.isPeerAlive()).isTrue();
	}

	private static Thread receiver() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().equals("axon-work"))
			.findFirst()
			.orElse(null);
	}

	@Test
	void whatIsSentToAStoppedListenerWaitsUntilAllAreStarted() {
		run(this.runner, (registry, peer) -> {
			registry.getListener("one").stop();
			assertThat(registry.isRunning("work")).isFalse();
			registry.getListener("two").stop();
			send(peer, "second", "1");
			send(peer, "first", "2");
			registry.getListener("one").start();
			assertThat(registry.isRunning("work")).isFalse();
			assertThat(registry.getListener("one").isRunning()).isFalse();
			assertThat(peer.counters().ringUsed()).isPositive();
			registry.getListener("two").start();
			registry.getListener("two").start();
			assertThat(take()).isEqualTo("two 1");
			assertThat(take()).isEqualTo("one 2");
		});
	}

	@Test
	void listenerMayStopAndStartItself() {
		run(this.runner, (registry, peer) -> {
			send(peer, "restart", "");
			send(peer, "first", "after");
			assertThat(take()).isEqualTo("restarted");
			assertThat(take()).isEqualTo("one after");
		});
	}

	@Test
	void stopOfTheContextWaitsForAListenerThatStoppedItself() {
		this.runner.run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				send(peer, "stop", "");
				assertThat(take()).isEqualTo("stopped");
				CompletableFuture<Void> stopped = CompletableFuture.runAsync(context::stop,
						(task) -> new Thread(task).start());
				Awaitility.await().until(() -> !context.getBean(AxonListenerEndpointRegistry.class).isRunning());
				assertThat(peer.isPeerAlive()).isTrue();
				assertThat(stopped).isNotDone();
				this.release.countDown();
				stopped.get(60, TimeUnit.SECONDS);
				assertThat(take()).isEqualTo("finished");
			}
		});
	}

	@Test
	void listenerWithoutAutoStartupHoldsItsChannelUntilItIsStarted() {
		run(this.runner.withPropertyValues("second.auto-startup=false"), (registry, peer) -> {
			assertThat(registry.isRunning("work")).isFalse();
			send(peer, "second", "1");
			registry.getListener("two").start();
			assertThat(take()).isEqualTo("two 1");
		});
	}

	@Test
	void listenersOfAChannelWithoutAutoStartupAreStartedByHand() {
		run(this.runner.withPropertyValues("axon.channels.work.auto-startup=false", "second.auto-startup=true"),
				(registry, peer) -> {
					assertThat(registry.isRunning("work")).isFalse();
					registry.getListener("one").start();
					registry.getListener("three").start();
					registry.getListener("four").start();
					registry.getListener("five").start();
					assertThat(registry.isRunning("work")).isTrue();
				});
	}

	@Test
	void restartOfTheContextStartsWhatStartsByItself() {
		this.runner.run((context) -> {
			AxonListenerEndpointRegistry registry = context.getBean(AxonListenerEndpointRegistry.class);
			registry.getListener("one").stop();
			registry.getListener("two").pause();
			context.stop();
			assertThatIllegalStateException().isThrownBy(() -> registry.getListener("one").start())
				.withMessageContaining("'one' cannot be started while its application context is stopped");
			context.start();
			assertThat(registry.getListener("one").isRunning()).isTrue();
		});
	}

	private static void send(AxonChannel peer, String tag, String payload) {
		peer.sender().send(tag, payload.getBytes(StandardCharsets.UTF_8));
	}

	private String take() {
		try {
			return this.seen.poll(60, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
