package io.axonipc.spring.autoconfigure.endpoint;

import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;

import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * {@link EnableAutoConfiguration Auto-configuration} for {@link AxonEndpoint}.
 */
@AutoConfiguration(after = AxonAutoConfiguration.class)
@ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
@ConditionalOnAvailableEndpoint(AxonEndpoint.class)
@ConditionalOnBean(AxonChannels.class)
public final class AxonEndpointAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	AxonEndpoint axonEndpoint(AxonChannels channels, AxonListenerEndpointRegistry listeners) {
		return new AxonEndpoint(channels, listeners);
	}

}
