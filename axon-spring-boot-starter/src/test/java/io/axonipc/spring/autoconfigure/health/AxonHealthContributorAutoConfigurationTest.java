package io.axonipc.spring.autoconfigure.health;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

import io.axonipc.AxonChannel;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.axonipc.spring.ChannelNames;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.actuate.autoconfigure.endpoint.EndpointAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.availability.ApplicationAvailabilityBean;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.IndicatedHealthDescriptor;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration;
import org.springframework.boot.health.autoconfigure.application.AvailabilityHealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

class AxonHealthContributorAutoConfigurationTest {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(AxonAutoConfiguration.class, AxonHealthContributorAutoConfiguration.class,
						HealthContributorRegistryAutoConfiguration.class, HealthContributorAutoConfiguration.class,
						HealthEndpointAutoConfiguration.class, EndpointAutoConfiguration.class))
		.withPropertyValues(this.names.property("features"), "management.endpoints.web.exposure.include=health",
				"management.endpoint.health.show-details=always");

	static class Listener {

		@AxonListener("t")
		void listen() {
		}

	}

	@Test
	void absentPeerIsADetail() {
		this.runner.run((context) -> {
			IndicatedHealthDescriptor health = health(context);
			assertThat(health.getStatus()).isEqualTo(Status.UP);
			assertThat(health.getDetails()).containsEntry("mapped", true)
				.containsEntry("listening", false)
				.containsEntry("peerAlive", false)
				.containsEntry("ringUsed", 0L)
				.containsEntry("name", this.names.name("features"));
		});
	}

	@Test
	void presentPeerListenersAndDepthAreDetails() {
		this.runner.withBean(Listener.class).run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				context.getBean(AxonChannel.class).sender().send("t", new byte[0]);
				IndicatedHealthDescriptor health = health(context);
				assertThat(health.getStatus()).isEqualTo(Status.UP);
				assertThat(health.getDetails()).contains(entry("peerAlive", true), entry("listening", true),
						entry("ringUsed", 64L));
				peer.receiver().poll((message) -> {
				}, 1);
			}
		});
	}

	@Test
	void channelThatIsNotOpenIsUp() {
		this.runner.run((context) -> {
			context.stop();
			assertThat(health(context).getStatus()).isEqualTo(Status.UP);
			assertThat(health(context).getDetails()).containsExactly(entry("mapped", false), entry("listening", false));
		});
	}

	@Test
	void corruptChannelIsDown() {
		this.runner.withBean(Listener.class).run((context) -> {
			corrupt();
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(health(context).getStatus()).isEqualTo(Status.DOWN));
			assertThat(health(context).getDetails()).containsEntry("mapped", false).containsKey("error");
			AxonListenerEndpointRegistry listeners = context.getBean(AxonListenerEndpointRegistry.class);
			Awaitility.await().atMost(PATIENCE).until(() -> listeners.isFailed("features"));
			context.stop();
			assertThat(listeners.isFailed("features")).isFalse();
		});
		AxonChannel.discard(this.names.name("features"));
	}

	/** Writes what is no record to the start of the client's ring. */
	private void corrupt() throws IOException {
		Path segment = Path.of("/dev/shm/axon." + this.names.name("features"));
		try (FileChannel file = FileChannel.open(segment, StandardOpenOption.WRITE)) {
			file.write(ByteBuffer.wrap("forged record".getBytes(StandardCharsets.UTF_8)), 12288 + (1 << 20));
		}
	}

	@Test
	void readinessWaitsForThePeerWhereItIsToldTo() {
		this.runner.withConfiguration(AutoConfigurations.of(AvailabilityHealthContributorAutoConfiguration.class))
			.withBean(ApplicationAvailabilityBean.class)
			.withPropertyValues("management.health.axon-peer.enabled=true",
					"management.health.readinessstate.enabled=true",
					"management.endpoint.health.group.readiness.include=readinessState,axonPeer")
			.run((context) -> {
				HealthEndpoint endpoint = context.getBean(HealthEndpoint.class);
				assertThat(endpoint.healthForPath("readiness", "axonPeer").getStatus())
					.isEqualTo(Status.OUT_OF_SERVICE);
				try (AxonChannel peer = this.names.peer("features")) {
					assertThat(peer.isOpen()).isTrue();
					IndicatedHealthDescriptor health = (IndicatedHealthDescriptor) endpoint.healthForPath("readiness",
							"axonPeer");
					assertThat(health.getStatus()).isEqualTo(Status.UP);
					assertThat(health.getDetails()).containsExactly(entry("features", "alive"));
				}
				assertThat(health(context).getStatus()).isEqualTo(Status.UP);
			});
	}

	@Test
	void nothingWithoutChannelsOrHealthOrWhenDisabled() {
		String[] beans = { "axonHealthContributor", "axonPeerHealthIndicator" };
		this.runner.run((context) -> assertThat(context).hasBean(beans[0]).doesNotHaveBean(beans[1]));
		this.runner.withPropertyValues("management.health.axon.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(beans[0]));
		this.runner.withClassLoader(new FilteredClassLoader(ConditionalOnEnabledHealthIndicator.class))
			.run((context) -> assertThat(context).doesNotHaveBean(beans[0]));
		new ApplicationContextRunner()
			.withConfiguration(
					AutoConfigurations.of(AxonAutoConfiguration.class, AxonHealthContributorAutoConfiguration.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(beans[0]));
	}

	private static IndicatedHealthDescriptor health(AssertableApplicationContext context) {
		HealthDescriptor health = context.getBean(HealthEndpoint.class).healthForPath("axon", "features");
		return (IndicatedHealthDescriptor) health;
	}

}
