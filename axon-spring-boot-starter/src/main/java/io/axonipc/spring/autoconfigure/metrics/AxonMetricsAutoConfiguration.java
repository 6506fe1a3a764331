package io.axonipc.spring.autoconfigure.metrics;

import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.axonipc.spring.ListenerTimers;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * {@link EnableAutoConfiguration Auto-configuration} for {@link AxonMetrics} and, where
 * there is a {@link MeterRegistry}, the timer of the listeners.
 */
@AutoConfiguration(after = { AxonAutoConfiguration.class, AxonObservationAutoConfiguration.class },
		afterName = "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean(AxonChannels.class)
public final class AxonMetricsAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	AxonMetrics axonMetrics(AxonChannels channels, AxonListenerEndpointRegistry listeners) {
		return new AxonMetrics(channels, listeners);
	}

	@Bean
	@ConditionalOnBean(MeterRegistry.class)
	@ConditionalOnMissingBean(ListenerTimers.class)
	AxonListenerTimers axonListenerTimers(MeterRegistry registry) {
		return new AxonListenerTimers(registry);
	}

	/**
	 * Takes the key {@code error}, which says no more than {@code exception}, off the
	 * observation of listeners: so it has the same keys as the timer in its place.
	 */
	@Bean
	MeterFilter axonListenerMeterFilter() {
		return new MeterFilter() {

			@Override
			public Meter.Id map(Meter.Id id) {
				return id.getName().startsWith(AxonListenerObservations.NAME)
						? id.replaceTags(id.getTags().stream().filter((tag) -> !tag.getKey().equals("error")).toList())
						: id;
			}

		};
	}

}
