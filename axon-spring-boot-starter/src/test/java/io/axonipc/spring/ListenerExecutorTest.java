package io.axonipc.spring;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.ChannelOptions;
import io.axonipc.Role;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.axonipc.spring.autoconfigure.metrics.AxonMetricsAutoConfiguration;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.axonipc.testing.PeerProcess;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.messaging.handler.annotation.Header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** Listeners that an executor calls. */
@ExtendWith(OutputCaptureExtension.class)
class ListenerExecutorTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final Listeners listeners = new Listeners();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, AxonMetricsAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"))
		.withBean(MeterRegistry.class, SimpleMeterRegistry::new)
		.withBean("mine", Executor.class, () -> (task) -> new Thread(task, "mine").start())
		.withBean(Listeners.class, () -> this.listeners);

	static class Listeners {

		final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

		AxonListenerEndpointRegistry registry;

		final CountDownLatch release = new CountDownLatch(1);

		@AxonListener(tag = "block", executor = "${block.executor:mine}", id = "block")
		void block(byte[] payload) throws InterruptedException {
			this.release.await();
			this.seen.add(Thread.currentThread().getName() + " " + new String(payload, StandardCharsets.UTF_8));
		}

		@AxonListener("note")
		void note(String note, @Header(AxonHeaders.TAG) String tag) {
			this.seen.add(Thread.currentThread().getName() + " " + tag + " " + note);
		}

		@AxonListener(tag = "fail", executor = "mine", id = "fail")
		void fail(String text) {
			throw new IllegalStateException("cannot do " + text);
		}

		@AxonListener(tag = "unspeakable", executor = "mine", id = "unspeakable")
		void unspeakable() {
			throw new ListenerFailureTest.UnspeakableException();
		}

		@AxonListener(tag = "sum", executor = "mine")
		int sum(int[] numbers) {
			return Arrays.stream(numbers).sum();
		}

		@AxonListener(tag = "typed", executor = "mine", id = "typed")
		void typed(int[] numbers) {
		}

		@AxonListener(tag = "stop", executor = "mine", id = "stop")
		void stop() throws InterruptedException {
			this.release.await();
			this.registry.getListener("stop").stop();
			this.seen.add("stopped");
		}

		/** What a context does that this listener closes. */
		@AxonListener(tag = "stop-all", executor = "mine")
		void stopAll() throws InterruptedException {
			CountDownLatch calledBack = new CountDownLatch(1);
			this.registry.stop(calledBack::countDown);
			this.seen.add(calledBack.await(60, TimeUnit.SECONDS) ? "stopped" : "waits for itself");
		}

		@AxonListener("stop-directly")
		void stopDirectly() {
			this.release.countDown();
			this.registry.getListener("stop").stop();
			this.seen.add("stopped");
		}

		@AxonListener(tag = "direct", executor = "direct")
		String direct() {
			return Thread.currentThread().getName();
		}

	}

	@Test
	void messageIsAcknowledgedAtTheHandOverAndTheNextOneTaken() {
		this.runner.run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				CompletableFuture<String> reply = ask(peer, "block", "copied");
				Awaitility.await().until(() -> peer.counters().messagesSent() == 1);
				peer.sender().send("note", "overwritten".getBytes(StandardCharsets.UTF_8));
				assertThat(take()).isEqualTo("axon-work note overwritten");
				Awaitility.await()
					.untilAsserted(() -> assertThat(peer.counters().ringUsed()).as("not yet acknowledged").isZero());
				assertThat(reply).isNotDone();
				this.listeners.release.countDown();
				assertThat(take()).isEqualTo("mine copied");
				assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("");
				MeterRegistry meters = context.getBean(MeterRegistry.class);
				Awaitility.await()
					.untilAsserted(() -> assertThat(
							meters.get("axon.listener").tags("listener", "block", "result", "success").timer().count())
						.isEqualTo(1));
			}
		});
	}

	@Test
	void channelsExecutorCallsThoseWithoutTheirOwn() {
		this.runner.withPropertyValues("axon.channels.work.listener.executor=mine").run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				peer.sender().send("note", "x".getBytes(StandardCharsets.UTF_8));
				assertThat(take()).isEqualTo("mine note x");
				assertThat(new OtherProcess(peer).request("direct", "")).isEqualTo("axon-work");
			}
		});
	}

	@Test
	@EnabledForJreRange(min = JRE.JAVA_21)
	void virtualThreadsCall() {
		this.listeners.release.countDown();
		this.runner.withPropertyValues("block.executor=virtual").run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				peer.sender().send("block", new byte[0]);
				assertThat(take()).startsWith("axon-work-");
			}
		});
	}

	@Test
	@EnabledForJreRange(max = JRE.JAVA_20)
	void virtualThreadsAreRefusedWhereThereAreNone() {
		this.runner.withPropertyValues("block.executor=virtual")
			.run((context) -> assertThat(context).getFailure()
				.isInstanceOf(InvalidListenerException.class)
				.hasMessageContaining("has no virtual threads")
				.hasMessageContaining("Java 21"));
	}

	@Test
	void stopWaitsForWhatWasHandedOver() {
		this.runner.run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				CompletableFuture<String> reply = ask(peer, "block", "x");
				Awaitility.await().until(() -> peer.counters().messagesSent() == 1 && peer.counters().ringUsed() == 0);
				CompletableFuture<Void> stopped = CompletableFuture.runAsync(context::stop,
						(task) -> new Thread(task).start());
				Awaitility.await().until(() -> !context.getBean(AxonListenerEndpointRegistry.class).isRunning("work"));
				assertThat(stopped).isNotDone();
				assertThat(peer.isPeerAlive()).isTrue();
				this.listeners.release.countDown();
				stopped.get(60, TimeUnit.SECONDS);
				assertThat(take()).isEqualTo("mine x");
				assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("");
			}
		});
	}

	@Test
	void messageThatWasHandedOverDoesNotComeAgainWhenTheProcessDies() throws IOException, InterruptedException {
		ChannelOptions server = ChannelOptions.defaults().role(Role.SERVER);
		try (AxonChannel peer = AxonChannel.open(this.names.name("work"), server)) {
			peer.sender().send("hold", new byte[3]);
			try (PeerProcess application = startApplication("pool")) {
				application.expect("hold 3");
				Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> peer.counters().ringUsed() == 0);
				application.kill();
			}
			peer.sender().send("hold", new byte[4]);
			try (PeerProcess application = startApplication("direct")) {
				application.expect("hold 4");
				application.kill();
			}
			try (PeerProcess application = startApplication("pool")) {
				application.expect("hold 4");
				peer.sender().send("echo", "last".getBytes(StandardCharsets.UTF_8));
				application.expect("echo last");
				Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> peer.counters().ringUsed() == 0);
				application.kill();
			}
		}
		// Nobody left it cleanly.
		AxonChannel.discard(this.names.name("work"));
	}

	private PeerProcess startApplication(String executor) throws IOException {
		return PeerProcess.start(TestApplication.class, "--" + this.names.property("work"),
				"--axon.channels.work.role=client", "--hold.executor=" + executor);
	}

	@Test
	void whatTheListenerReturnsIsTheReply() {
		this.runner.run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				byte[] numbers = PayloadCodec.outgoing(new int[] { 20, 22 }).toBuffer().array();
				assertThat(new OtherProcess(peer).request("sum", numbers)).asString().isEqualTo("42");
			}
		});
	}

	@Test
	void listenersThatStopAtTheSameTimeDoNotWaitForEachOther() {
		this.runner.run((context) -> {
			this.listeners.registry = context.getBean(AxonListenerEndpointRegistry.class);
			try (AxonChannel peer = this.names.peer("work")) {
				peer.sender().send("stop", new byte[0]);
				peer.sender().send("stop-directly", new byte[0]);
				assertThat(take()).isEqualTo("stopped");
				assertThat(take()).isEqualTo("stopped");
			}
		});
	}

	@Test
	void listenerThatClosesItsContextIsNotWaitedFor() {
		this.runner.run((context) -> {
			this.listeners.registry = context.getBean(AxonListenerEndpointRegistry.class);
			try (AxonChannel peer = this.names.peer("work")) {
				peer.sender().send("stop-all", new byte[0]);
				assertThat(take()).isEqualTo("stopped");
			}
		});
	}

	@Test
	void executorThatFailsAfterTheCallHasTheMessageHandledOnce(CapturedOutput output) {
		Executor late = (task) -> {
			task.run();
			throw new IllegalStateException("too late to fail");
		};
		this.runner.withBean("late", Executor.class, () -> late)
			.withPropertyValues("block.executor=late")
			.run((context) -> {
				this.listeners.release.countDown();
				AxonListenerEndpointRegistry registry = context.getBean(AxonListenerEndpointRegistry.class);
				try (AxonChannel peer = this.names.peer("work")) {
					assertThat(new OtherProcess(peer).request("block", "x")).isEmpty();
					assertThat(new OtherProcess(peer).request("direct", "")).isEqualTo("axon-work");
					assertThat(peer.counters().repliesDropped()).isZero();
				}
				assertThat(registry.errors("work")).isZero();
				RegisteredListener listener = registry.getListener("block");
				assertThat(CompletableFuture.runAsync(listener::stop, (task) -> new Thread(task).start()))
					.as("nothing in hand")
					.succeedsWithin(OtherProcess.PATIENCE);
			});
		assertThat(output).contains("The executor of listener 'block' failed after it had called it")
			.contains("too late to fail");
	}

	@Test
	void calledListenerMayStopItself() {
		this.runner.run((context) -> {
			this.listeners.registry = context.getBean(AxonListenerEndpointRegistry.class);
			try (AxonChannel peer = this.names.peer("work")) {
				this.listeners.release.countDown();
				peer.sender().send("stop", new byte[0]);
				assertThat(take()).isEqualTo("stopped");
				assertThat(this.listeners.registry.isRunning("work")).isFalse();
			}
		});
	}

	@Test
	void failureIsLoggedCountedAndAnswered(CapturedOutput output) {
		this.runner.run((context) -> {
			AxonListenerEndpointRegistry registry = context.getBean(AxonListenerEndpointRegistry.class);
			try (AxonChannel peer = this.names.peer("work")) {
				assertThatExceptionOfType(AxonRemoteException.class)
					.isThrownBy(() -> new OtherProcess(peer).request("fail", "it"))
					.withMessage("cannot do it");
				assertThat(registry.errors("work")).isEqualTo(1);
				assertThat(output).contains("IllegalStateException: cannot do it");
				assertThat(output).contains("Listener 'fail' failed on a message with tag 'fail' from channel 'work'");
			}
		});
	}

	@Test
	void failureThatCannotBeToldIsAnsweredAndEndsTheCall(CapturedOutput output) {
		this.runner.run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				assertThatExceptionOfType(AxonRemoteException.class)
					.isThrownBy(() -> new OtherProcess(peer).request("unspeakable", ""))
					.withMessageContaining("UnspeakableException");
			}
			RegisteredListener listener = context.getBean(AxonListenerEndpointRegistry.class)
				.getListener("unspeakable");
			assertThat(CompletableFuture.runAsync(listener::stop, (task) -> new Thread(task).start()))
				.as("nothing in hand")
				.succeedsWithin(OtherProcess.PATIENCE);
		});
		assertThat(output).contains("what it failed with on a message with tag 'unspeakable' cannot be told");
	}

	@Test
	void failureGoesToTheErrorHandlerWithACopy() {
		AxonListenerErrorHandler handler = (message, failure) -> this.listeners.seen
			.add(failure.getMessage() + " " + new String(message.getPayload(), StandardCharsets.UTF_8));
		this.runner.withBean(AxonListenerErrorHandler.class, () -> handler).run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				peer.sender().send("fail", "it".getBytes(StandardCharsets.UTF_8));
				assertThat(take()).isEqualTo("cannot do it it");
			}
		});
	}

	@Test
	void messageThatIsNotHandedOverHasFailed(CapturedOutput output) {
		Executor full = (task) -> {
			throw new TaskRejectedException("full");
		};
		this.runner.withBean("full", Executor.class, () -> full)
			.withPropertyValues("block.executor=full")
			.run((context) -> {
				try (AxonChannel peer = this.names.peer("work")) {
					assertThatExceptionOfType(AxonRemoteException.class)
						.isThrownBy(() -> new OtherProcess(peer).request("block", "x"))
						.withMessageContaining("full");
					assertThatExceptionOfType(AxonRemoteException.class)
						.isThrownBy(() -> new OtherProcess(peer).request("typed", "odd"));
				}
				assertThat(failed(context.getBean(MeterRegistry.class), "block")).isEqualTo(1);
				assertThat(failed(context.getBean(MeterRegistry.class), "typed")).as("unreadable").isEqualTo(1);
				assertThat(context.getBean(AxonListenerEndpointRegistry.class).errors("work")).isEqualTo(2);
				RegisteredListener listener = context.getBean(AxonListenerEndpointRegistry.class).getListener("block");
				assertThat(CompletableFuture.runAsync(listener::stop, (task) -> new Thread(task).start()))
					.as("nothing in hand")
					.succeedsWithin(OtherProcess.PATIENCE);
			});
		assertThat(output).contains("Listener 'block' failed");
	}

	private static CompletableFuture<String> ask(AxonChannel peer, String tag, String payload) {
		return CompletableFuture.supplyAsync(() -> new OtherProcess(peer).request(tag, payload),
				(task) -> new Thread(task).start());
	}

	private static long failed(MeterRegistry meters, String listener) {
		return meters.get("axon.listener").tags("listener", listener, "result", "error").timer().count();
	}

	@AfterEach
	void release() {
		this.listeners.release.countDown();
	}

	private String take() throws InterruptedException {
		return this.listeners.seen.poll(90, TimeUnit.SECONDS);
	}

}
