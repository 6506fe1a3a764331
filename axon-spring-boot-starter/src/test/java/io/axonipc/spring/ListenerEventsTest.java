package io.axonipc.spring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.Claim;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.event.EventListener;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class ListenerEventsTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final Watcher watcher = new Watcher();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"), "axon.channels.work.capacity=64KB")
		.withBean(Watcher.class, () -> this.watcher);

	static class Watcher {

		final BlockingQueue<ApplicationEvent> events = new LinkedBlockingQueue<>();

		@AxonListener("length")
		int length(byte[] payload) {
			return payload.length;
		}

		@EventListener
		void onPeer(AxonPeerEvent event) {
			this.events.add(event);
			throw new IllegalStateException("on purpose");
		}

		@EventListener
		void onFailure(AxonListenerFailedEvent event) {
			this.events.add(event);
		}

	}

	@Test
	void peerThatComesAndGoesIsAnnouncedEachTime(CapturedOutput output) {
		this.runner.run((context) -> {
			for (int i = 0; i < 2; i++) {
				try (AxonChannel peer = this.names.peer("work")) {
					assertThat(take()).isInstanceOfSatisfying(AxonPeerEvent.Up.class,
							(event) -> assertThat(event.getChannel()).isEqualTo("work"));
					assertThat(new OtherProcess(peer).request("length", "x")).as("goes on").isEqualTo("1");
				}
				assertThat(take()).isInstanceOf(AxonPeerEvent.Down.class);
			}
			context.stop();
			assertThat(this.watcher.events).isEmpty();
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).failures("work")).isZero();
		});
		assertThat(output).contains("IllegalStateException: on purpose");
	}

	@Test
	void failureToReceiveIsAnnouncedOnce() {
		this.runner.run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				assertThat(take()).isInstanceOf(AxonPeerEvent.Up.class);
				Path slot = Path.of("/dev/shm/axon." + this.names.name("work") + "~1.00");
				try (Claim claim = peer.sender().claim("length", 64 * 1024)) {
					Files.setPosixFilePermissions(slot, PosixFilePermissions.fromString("rw-rw-rw-"));
					claim.commit();
				}
				assertThat(take()).isInstanceOfSatisfying(AxonListenerFailedEvent.class, (event) -> {
					assertThat(event.isFatal()).isFalse();
					assertThat(event.getChannel()).isEqualTo("work");
					assertThat(event.getFailure()).hasMessageContaining("mode 0666");
				});
				Files.setPosixFilePermissions(slot, PosixFilePermissions.fromString("rw-------"));
				assertThat(new OtherProcess(peer).request("length", "x")).isEqualTo("1");
			}
			assertThat(take()).isInstanceOf(AxonPeerEvent.Down.class);
		});
	}

	@Test
	void endOfTheListenersIsAnnouncedAsFatal() {
		this.runner.run((context) -> {
			removeNames();
			assertThat(take()).isInstanceOfSatisfying(AxonListenerFailedEvent.class, (event) -> {
				assertThat(event.isFatal()).isTrue();
				assertThat(event.getFailure()).hasMessageContaining("removed from /dev/shm");
			});
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).isRunning("work")).isFalse();
		});
	}

	private void removeNames() throws IOException {
		for (String file : UniqueNames.files(this.names.name("work"))) {
			Files.delete(Path.of("/dev/shm", file));
		}
	}

	private ApplicationEvent take() throws InterruptedException {
		return this.watcher.events.poll(60, TimeUnit.SECONDS);
	}

}
