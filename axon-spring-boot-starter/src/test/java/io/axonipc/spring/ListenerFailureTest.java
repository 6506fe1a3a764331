package io.axonipc.spring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.ChannelClosedException;
import io.axonipc.Claim;
import io.axonipc.MessageView;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.UniqueNames;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ContextConsumer;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

@ExtendWith(OutputCaptureExtension.class)
class ListenerFailureTest {

	private static final int CAPACITY = 64 * 1024;

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final Listeners listeners = new Listeners();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("features"), "axon.channels.features.capacity=64KB")
		.withBean(Listeners.class, () -> this.listeners);

	private AxonListenerEndpointRegistry registry;

	static class Listeners {

		final BlockingQueue<Integer> lengths = new LinkedBlockingQueue<>();

		@AxonListener("length")
		int length(byte[] payload) {
			this.lengths.add(payload.length);
			return payload.length;
		}

		@AxonListener("StackOverflowError")
		int overflow(byte[] payload) {
			return overflow(payload) + 1;
		}

		@AxonListener("OutOfMemoryError")
		byte[] memory() {
			throw new OutOfMemoryError("on purpose");
		}

		@AxonListener("InternalError")
		void fault() {
			throw new InternalError("on purpose");
		}

		@AxonListener("NoClassDefFoundError")
		void missingClass() {
			throw new NoClassDefFoundError("on purpose");
		}

		@AxonListener("unspeakable")
		void unspeakable() {
			throw new UnspeakableException();
		}

	}

	static class UnspeakableException extends RuntimeException {

		private static final long serialVersionUID = 1L;

		@Override
		public String getMessage() {
			throw new OutOfMemoryError("on purpose");
		}

	}

	private void run(ContextConsumer<AssertableApplicationContext> test) {
		this.runner.run((context) -> {
			assertThat(context).hasNotFailed();
			this.registry = context.getBean(AxonListenerEndpointRegistry.class);
			assertThat(this.registry.isRunning("features")).isTrue();
			test.accept(context);
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "StackOverflowError", "OutOfMemoryError", "InternalError", "NoClassDefFoundError" })
	void errorOfAListenerIsAnsweredAndEndsNothing(String error, CapturedOutput output) {
		run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				OtherProcess other = new OtherProcess(peer);
				assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> other.request(error))
					.withMessageMatching(".*" + error + ".*|on purpose");
				assertThat(other.request("length", "x")).isEqualTo("1");
			}
			assertThat(this.registry.errors("features")).isEqualTo(1);
			assertThat(this.registry.failures("features")).isZero();
			assertThat(this.registry.isRunning("features")).isTrue();
		});
		assertThat(output).contains("failed on a message with tag '" + error + "' from channel 'features'");
	}

	@Test
	void errorInTheReportOfAnErrorEndsNothing(CapturedOutput output) {
		run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				peer.sender().send("unspeakable", new byte[0]);
				assertThat(new OtherProcess(peer).request("length", "x")).isEqualTo("1");
			}
			assertThat(this.registry.failures("features")).isEqualTo(1);
		});
		assertThat(output).contains("Receiving from channel 'features' failed, and is tried again");
	}

	@Test
	void messageThatCannotBeReadNowIsReadLater(CapturedOutput output) {
		run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				Path slot;
				try (Claim claim = peer.sender().claim("length", CAPACITY)) {
					slot = file("~1.00");
					Files.setPosixFilePermissions(slot, PosixFilePermissions.fromString("rw-rw-rw-"));
					claim.commit();
				}
				Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> this.registry.failures("features") > 1);
				assertThat(this.registry.isRunning("features")).isTrue();
				assertThat(this.listeners.lengths).isEmpty();
				Files.setPosixFilePermissions(slot, PosixFilePermissions.fromString("rw-------"));
				assertThat(this.listeners.lengths.poll(60, TimeUnit.SECONDS)).isEqualTo(CAPACITY);
				assertThat(new OtherProcess(peer).request("length", "x")).isEqualTo("1");
			}
		});
		assertThat(output.getOut().split("Receiving from channel 'features' failed", -1)).hasSize(2);
		assertThat(output).contains("mode 0666");
	}

	@ParameterizedTest
	@ValueSource(strings = { "forged record", "names removed" })
	void corruptChannelEndsTheLoopForAllToSeeAndARestartBeginsAnew(String damage, CapturedOutput output) {
		run((context) -> {
			if (damage.equals("forged record")) {
				forgeRecord();
			}
			else {
				removeNames();
			}
			Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> !this.registry.isRunning("features"));
			assertThat(this.registry.failures("features")).isEqualTo(1);
			RegisteredListener listener = this.registry.getListeners().iterator().next();
			listener.stop();
			assertThatIllegalStateException().isThrownBy(listener::start)
				.withMessageContaining("channel 'features' failed and is closed")
				.withMessageContaining("restart the application context");
			assertThat(this.registry.isFailed("features")).isTrue();
			assertThatExceptionOfType(ChannelClosedException.class)
				.isThrownBy(() -> context.getBean(AxonTemplate.class).send("t", null));
			context.stop();
			removeNames();
			context.start();
			assertThat(this.registry.isRunning("features")).isTrue();
			try (AxonChannel peer = this.names.peer("features")) {
				assertThat(new OtherProcess(peer).request("length", "x")).isEqualTo("1");
			}
			context.stop();
			assertThat(this.registry.isRunning("features")).isFalse();
			assertThat(this.registry.failures("features")).as("a stop is none").isEqualTo(1);
		});
		assertThat(output).contains("Channel 'features' is no longer listened to. Remove the cause and restart")
			.contains("CorruptChannelException");
	}

	@Test
	@Tag("hardening")
	void truncatedChannelEndsTheLoopAndTheProcessCanStillBeStopped() throws IOException, InterruptedException {
		try (PeerProcess application = PeerProcess.start(TestApplication.class, "--" + this.names.property("features"),
				"--logging.threshold.console=error", "--logging.pattern.console=%m%nopex%n",
				"--spring.lifecycle.timeout-per-shutdown-phase=10m", "--spring.main.keep-alive=true")) {
			try (AxonChannel peer = Awaitility.await()
				.ignoreExceptions()
				.atMost(OtherProcess.PATIENCE)
				.until(() -> this.names.peer("features"), (channel) -> true)) {
				assertThat(new OtherProcess(peer).request("echo", "x")).isEqualTo("x");
				application.expect("echo x");
			}
			try (FileChannel segment = FileChannel.open(file(""), StandardOpenOption.WRITE)) {
				segment.truncate(0);
			}
			application.expect("Channel 'features' is no longer listened to. Remove the cause and restart the "
					+ "application; what is unread waits for it");
			application.signal("TERM");
			application.expectExit(143);
		}
		finally {
			removeNames();
		}
	}

	/** Writes what is no record to the start of the client's ring. */
	private void forgeRecord() throws IOException {
		try (FileChannel segment = FileChannel.open(file(""), StandardOpenOption.WRITE)) {
			segment.write(ByteBuffer.wrap("forged record".getBytes(StandardCharsets.UTF_8)), 12288 + CAPACITY);
		}
	}

	private void removeNames() throws IOException {
		for (String file : UniqueNames.files(this.names.name("features"))) {
			Files.delete(Path.of("/dev/shm", file));
		}
	}

	private Path file(String suffix) {
		return Path.of("/dev/shm/axon." + this.names.name("features") + suffix);
	}

	static class HandedOver {

		final BlockingQueue<Integer> lengths = new LinkedBlockingQueue<>();

		@AxonListener(tag = "handed", executor = "mine")
		void handed(byte[] payload) {
			this.lengths.add(payload.length);
		}

	}

	@ParameterizedTest
	@ValueSource(strings = { "prepare", "start", "leave", "stop", "record" })
	void timerThatFailsDecidesAboutNoMessage(String failing, CapturedOutput output) {
		HandedOver handedOver = new HandedOver();
		this.runner.withBean(ListenerTimers.class, () -> (channel, listener) -> new FailingTimer(failing))
			.withBean("mine", Executor.class, () -> (task) -> new Thread(task).start())
			.withBean("handedOver", HandedOver.class, () -> handedOver)
			.run((context) -> {
				AxonListenerEndpointRegistry registry = context.getBean(AxonListenerEndpointRegistry.class);
				try (AxonChannel peer = this.names.peer("features")) {
					OtherProcess other = new OtherProcess(peer);
					for (String payload : new String[] { "x", "xy" }) {
						assertThat(other.request("length", payload)).isEqualTo(String.valueOf(payload.length()));
						assertThat(other.request("handed", payload)).isEmpty();
						assertThat(handedOver.lengths.poll(60, TimeUnit.SECONDS)).isEqualTo(payload.length());
					}
				}
				context.stop();
				assertThat(registry.errors("features")).isZero();
				assertThat(registry.failures("features")).isZero();
			});
		assertThat(output.toString().split("Timing or observing listener", -1)).as("once for each listener").hasSize(3);
	}

	private record FailingTimer(String failing) implements ListenerTimers.ListenerTimer, ListenerTimers.ListenerCall {

		@Override
		public ListenerTimers.ListenerCall prepare(MessageView message) {
			failIf("prepare");
			return this;
		}

		@Override
		public void start() {
			failIf("start");
		}

		@Override
		public void leave() {
			failIf("leave");
		}

		@Override
		public void stop(Throwable failure) {
			failIf("stop");
		}

		@Override
		public void record(long nanos, Throwable failure) {
			failIf("record");
		}

		private void failIf(String method) {
			if (method.equals(this.failing)) {
				throw new IllegalStateException("on purpose");
			}
		}

	}

}
