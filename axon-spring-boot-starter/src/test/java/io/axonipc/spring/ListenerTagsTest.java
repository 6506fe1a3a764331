package io.axonipc.spring;

import java.util.function.Consumer;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.messaging.handler.annotation.Header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** Which listener a tag has, if any. */
@ExtendWith(OutputCaptureExtension.class)
class ListenerTagsTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("features"))
		.withBean(Sensors.class);

	private AxonListenerEndpointRegistry registry;

	static class Sensors {

		@AxonListener("sensor.*")
		String sensor(@Header(AxonHeaders.TAG) String tag) {
			return "sensor " + tag;
		}

		@AxonListener("sensor.in*")
		String indoorSensor(String payload) {
			return "indoor";
		}

		@AxonListener("sensor.inside")
		String inside(String payload) {
			return "inside";
		}

	}

	static class Fallback {

		@AxonListener("*")
		String anything(@Header(AxonHeaders.TAG) String tag) {
			return "anything " + tag;
		}

	}

	private void withListeners(Consumer<OtherProcess> test) {
		withListeners(this.runner, test);
	}

	private void withListeners(ApplicationContextRunner runner, Consumer<OtherProcess> test) {
		runner.run((context) -> {
			assertThat(context).hasNotFailed();
			this.registry = context.getBean(AxonListenerEndpointRegistry.class);
			try (AxonChannel peer = this.names.peer("features")) {
				test.accept(new OtherProcess(peer));
			}
		});
	}

	@Test
	void exactTagGoesBeforeThePatternAndTheLongerPatternBeforeTheShorter() {
		withListeners((peer) -> {
			assertThat(peer.request("sensor.1", "")).isEqualTo("sensor sensor.1");
			assertThat(peer.request("sensor.", "")).isEqualTo("sensor sensor.");
			assertThat(peer.request("sensor.in.1", "")).isEqualTo("indoor");
			assertThat(peer.request("sensor.inside", "")).isEqualTo("inside");
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("sensor"))
				.withMessageContaining("No listener for tag 'sensor'");
			assertThat(this.registry.unhandled("features")).isEqualTo(1);
		});
	}

	@Test
	void starIsTheFallback() {
		withListeners(this.runner.withBean(Fallback.class), (peer) -> {
			assertThat(peer.request("whatever", "")).isEqualTo("anything whatever");
			assertThat(peer.request("sensor.1", "")).isEqualTo("sensor sensor.1");
			assertThat(this.registry.unhandled("features")).isZero();
		});
	}

	@Test
	void tagWithoutListenerIsCountedAnsweredAndLoggedOnce(CapturedOutput output) {
		withListeners((peer) -> {
			for (int i = 0; i < 3; i++) {
				assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("unknown"))
					.withMessageContaining("No listener for tag 'unknown' on channel 'features'");
			}
			assertThat(this.registry.unhandled("features")).isEqualTo(3);
			assertThat(this.registry.errors("features")).isZero();
		});
		assertThat(output.getOut().split("No listener for tag 'unknown'", -1)).hasSize(2);
	}

	@Test
	void unhandledTagsNeedNotBeLogged(CapturedOutput output) {
		withListeners(this.runner.withPropertyValues("axon.channels.features.listener.unhandled-tags=ignore"),
				(peer) -> {
					assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("unknown"))
						.withMessageContaining("No listener for tag 'unknown'");
					assertThat(this.registry.unhandled("features")).isEqualTo(1);
				});
		assertThat(output).doesNotContain("No listener for tag");
	}

}
