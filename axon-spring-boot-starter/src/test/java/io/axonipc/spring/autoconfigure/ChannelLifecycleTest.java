package io.axonipc.spring.autoconfigure;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelClosedException;
import io.axonipc.ChannelNotFoundException;
import io.axonipc.ChannelOptions;
import io.axonipc.RoleTakenException;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.axonipc.spring.AxonOperations;
import io.axonipc.spring.AxonTemplate;
import io.axonipc.spring.ChannelNames;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class ChannelLifecycleTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("features"));

	@Test
	void channelAskedForBeforeTheStartIsOpenedThen() {
		this.runner.withUserConfiguration(Early.class).run((context) -> {
			assertThat(context.getBean(Early.class).wasOpen).isTrue();
			assertThat(context.getBean(AxonChannel.class)).isSameAs(context.getBean(Early.class).channel);
		});
	}

	@Configuration(proxyBeanMethods = false)
	static class Early {

		final AxonChannel channel;

		final boolean wasOpen;

		Early(AxonChannel channel) {
			this.channel = channel;
			this.wasOpen = channel.isOpen();
		}

	}

	@Test
	void restartOpensChannelsAgain() {
		this.runner.run((context) -> {
			ObjectProvider<AxonChannel> provider = context.getBeanProvider(AxonChannel.class);
			AxonChannel before = provider.getObject();
			context.stop();
			assertThatExceptionOfType(ChannelClosedException.class)
				.isThrownBy(() -> before.sender().send("t", new byte[0]));
			assertThatIllegalStateException().isThrownBy(() -> context.getBean(AxonTemplate.class).send("t", null))
				.withMessageContaining("'features'")
				.withMessageContaining("stopped");
			assertThatExceptionOfType(ChannelNotFoundException.class).isThrownBy(() -> AxonChannel
				.open(this.names.name("features"), ChannelOptions.defaults().openTimeout(Duration.ZERO)));
			context.start();
			assertThat(provider.getObject()).isNotSameAs(before);
			assertThat(provider.getObject().isOpen()).isTrue();
		});
	}

	@ParameterizedTest
	@CsvSource({ "private,rw-------", "group,rw-rw----" })
	void permissionsAreThoseOfTheFiles(String permissions, String mode) {
		this.runner.withPropertyValues("axon.channels.features.permissions=" + permissions)
			.run((context) -> assertThat(UniqueNames.files(this.names.name("features"))).isNotEmpty()
				.allSatisfy((file) -> assertThat(Files.getPosixFilePermissions(Path.of("/dev/shm", file)))
					.isEqualTo(PosixFilePermissions.fromString(mode))));
	}

	@Test
	void contextsFollowOneAnotherOnOneName() {
		for (int i = 0; i < 3; i++) {
			this.runner.run((context) -> assertThat(context.getBean(AxonChannel.class).isOpen()).isTrue());
		}
	}

	@Test
	void contextThatIsStoppedLeavesTheRoleToAnother() {
		this.runner.run((first) -> {
			this.runner
				.run((second) -> assertThat(second).getFailure().rootCause().isInstanceOf(RoleTakenException.class));
			first.stop();
			this.runner.run((second) -> assertThat(second).hasNotFailed());
			first.start();
			assertThat(first.getBean(AxonChannel.class).isOpen()).isTrue();
		});
	}

	@Test
	void failureInTheMiddleOfTheRefreshLetsGoOfTheRole() {
		this.runner.withUserConfiguration(EarlyFailure.class)
			.run((context) -> assertThat(context).getFailure().rootCause().hasMessage("on purpose"));
		this.runner.run((context) -> assertThat(context).hasNotFailed());
	}

	@Configuration(proxyBeanMethods = false)
	static class EarlyFailure {

		EarlyFailure(AxonChannel channel) {
			assertThat(channel.isOpen()).isTrue();
			throw new IllegalStateException("on purpose");
		}

	}

	@Test
	void failureInTheMiddleOfTheStartEndsThreadsAndLetsGoOfRoles() {
		this.runner.withBean(Listener.class)
			.withBean(FailingLifecycle.class)
			.run((context) -> assertThat(context).hasFailed());
		assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName).doesNotContain("axon-features");
		this.runner.run((context) -> assertThat(context).hasNotFailed());
	}

	@Test
	void oneChannelThatCannotBeOpenedLetsGoOfTheOthers() {
		this.runner
			.withPropertyValues(this.names.property("other"), "axon.channels.other.role=client",
					"axon.channels.other.open-timeout=0s")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(ChannelNotFoundException.class));
		this.runner.run((context) -> assertThat(context).hasNotFailed());
	}

	static class Listener {

		@AxonListener("t")
		void listen() {
		}

	}

	static class FailingLifecycle implements SmartLifecycle {

		@Override
		public void start() {
			throw new IllegalStateException("on purpose");
		}

		@Override
		public void stop() {
		}

		@Override
		public boolean isRunning() {
			return false;
		}

	}

	@Test
	void listenersStopFirstAndChannelsLast() {
		AtomicBoolean sent = new AtomicBoolean();
		this.runner.withBean(Listener.class).withUserConfiguration(SendingAtStop.class).run((context) -> {
			SendingAtStop lifecycle = context.getBean(SendingAtStop.class);
			assertThat(lifecycle.sentAtStart).isTrue();
			try (AxonChannel peer = this.names.peer("features")) {
				context.stop();
				assertThat(peer.receiver().poll((message) -> sent.set(message.tag().equals("stop")), 2)).isEqualTo(2);
			}
			assertThat(sent).isTrue();
			assertThat(lifecycle.listenersRanAtStop).isFalse();
		});
	}

	@Configuration(proxyBeanMethods = false)
	static class SendingAtStop implements SmartLifecycle {

		private final AxonOperations axon;

		private final ObjectProvider<AxonListenerEndpointRegistry> listeners;

		private boolean running;

		boolean sentAtStart;

		boolean listenersRanAtStop;

		SendingAtStop(AxonOperations axon, ObjectProvider<AxonListenerEndpointRegistry> listeners) {
			this.axon = axon;
			this.listeners = listeners;
		}

		@Override
		public void start() {
			this.axon.send("start", null);
			this.sentAtStart = true;
			this.running = true;
		}

		@Override
		public void stop() {
			this.listenersRanAtStop = this.listeners.getObject().isRunning();
			this.axon.send("stop", null);
			this.running = false;
		}

		@Override
		public boolean isRunning() {
			return this.running;
		}

		@Override
		public int getPhase() {
			return 0;
		}

	}

}
