package io.axonipc.spring.autoconfigure.metrics;

import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** {@link EnableAutoConfiguration Auto-configuration} for {@link AxonMetrics}. */
@AutoConfiguration(after = AxonAutoConfiguration.class)
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean(AxonChannels.class)
public final class AxonMetricsAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	AxonMetrics axonMetrics(AxonChannels channels, AxonListenerEndpointRegistry listeners) {
		return new AxonMetrics(channels, listeners);
	}

}
