package io.axonipc.spring.autoconfigure.health;

import java.util.function.Function;
import java.util.stream.Collectors;

import io.axonipc.AxonChannel;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.context.annotation.Bean;

/**
 * {@link EnableAutoConfiguration Auto-configuration} for the health of channels,
 * {@code axon}, and that of their peers, {@code axonPeer}, which is there when
 * {@code management.health.axon-peer.enabled} is set: for the readiness group.
 */
@AutoConfiguration(after = AxonAutoConfiguration.class)
@ConditionalOnClass(ConditionalOnEnabledHealthIndicator.class)
@ConditionalOnBean(AxonChannel.class)
public final class AxonHealthContributorAutoConfiguration {

	@Bean
	@ConditionalOnEnabledHealthIndicator("axon")
	@ConditionalOnMissingBean(name = { "axonHealthIndicator", "axonHealthContributor" })
	HealthContributor axonHealthContributor(AxonChannels channels, AxonListenerEndpointRegistry listeners) {
		return CompositeHealthContributor.fromMap(channels.keys()
			.stream()
			.collect(
					Collectors.toMap(Function.identity(), (key) -> new AxonHealthIndicator(key, channels, listeners))));
	}

	@Bean
	@ConditionalOnBooleanProperty("management.health.axon-peer.enabled")
	@ConditionalOnMissingBean(name = { "axonPeerHealthIndicator", "axonPeerHealthContributor" })
	HealthContributor axonPeerHealthIndicator(AxonChannels channels) {
		return new AxonPeerHealthIndicator(channels);
	}

}
