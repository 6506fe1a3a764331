package io.axonipc.spring.autoconfigure.metrics;

import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.ListenerTimers;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.micrometer.observation.ObservationRegistry;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * {@link EnableAutoConfiguration Auto-configuration} for the observation of listeners,
 * which takes the place of their timers.
 */
@AutoConfiguration(after = AxonAutoConfiguration.class,
		afterName = "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration")
@ConditionalOnBooleanProperty("axon.observation-enabled")
@ConditionalOnBean({ AxonChannels.class, ObservationRegistry.class })
public final class AxonObservationAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(ListenerTimers.class)
	AxonListenerObservations axonListenerObservations(ObservationRegistry registry) {
		return new AxonListenerObservations(registry);
	}

}
