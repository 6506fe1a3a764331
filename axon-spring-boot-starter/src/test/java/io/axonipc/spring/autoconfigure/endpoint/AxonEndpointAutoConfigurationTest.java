package io.axonipc.spring.autoconfigure.endpoint;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.axonipc.AxonChannel;
import io.axonipc.MessageView;
import io.axonipc.Role;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.ChannelNames;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

class AxonEndpointAutoConfigurationTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, AxonEndpointAutoConfiguration.class))
		.withPropertyValues(this.names.property("features"), "management.endpoints.web.exposure.include=axon");

	static class Listener {

		@AxonListener({ "echo", "other" })
		byte[] echo(byte[] payload) {
			return payload;
		}

	}

	@Test
	void showsChannelsListenersAndCounters() {
		this.runner.withBean("listener", Listener.class).run((context) -> {
			AxonEndpoint endpoint = context.getBean(AxonEndpoint.class);
			AxonEndpoint.ChannelDescriptor channel = endpoint.axon().channels().get("features");
			assertThat(channel.endpoint())
				.isEqualTo(new AxonEndpoint.EndDescriptor(this.names.name("features"), Role.SERVER, 1 << 20, false, 0));
			assertThat(channel.listening()).isTrue();
			assertThat(channel.listeners())
				.containsExactlyEntriesOf(Map.of("listener.echo(byte[])", List.of("echo", "other")));
			try (AxonChannel peer = this.names.peer("features")) {
				peer.request("echo", ByteBuffer.allocate(3), Duration.ofSeconds(60), MessageView::length);
				assertThat(endpoint.axon().channels().get("features").endpoint().peerAlive()).isTrue();
			}
			context.stop();
			channel = endpoint.axon().channels().get("features");
			assertThat(channel.endpoint()).isNull();
			assertThat(channel.listening()).isFalse();
			assertThat(channel.counters()).containsEntry("messagesReceived", 1L)
				.containsEntry("bytesSent", 3L)
				.containsEntry("unhandled", 0L);
		});
	}

	@Test
	void isThereOnlyWhereItIsExposed() {
		this.runner.withPropertyValues("management.endpoints.web.exposure.include=health")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(AxonEndpoint.class));
		this.runner.withClassLoader(new FilteredClassLoader(ConditionalOnAvailableEndpoint.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(AxonEndpoint.class));
	}

}
