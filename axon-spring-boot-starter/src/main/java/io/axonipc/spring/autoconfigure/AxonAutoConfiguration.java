package io.axonipc.spring.autoconfigure;

import java.lang.reflect.Method;

import io.axonipc.AxonChannel;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonClientFactory;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.AxonListenerAnnotationBeanPostProcessor;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.axonipc.spring.AxonListenerErrorHandler;
import io.axonipc.spring.AxonMessageRecoverer;
import io.axonipc.spring.AxonOperations;
import io.axonipc.spring.AxonTemplate;
import io.axonipc.spring.ListenerTimers;
import io.micrometer.observation.ObservationRegistry;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.thread.Threading;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.env.Environment;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.messaging.converter.ByteArrayMessageConverter;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.validation.Validator;

/**
 * {@link EnableAutoConfiguration Auto-configuration} for Axon: an {@link AxonChannel} for
 * each entry of {@code axon.channels}, an {@link AxonTemplate} and what
 * {@link io.axonipc.spring.AxonListener @AxonListener} needs.
 * <p>
 * Objects are converted by the bean named {@value #CONVERTER_BEAN_NAME}: JSON where
 * Jackson is there. Define a {@link MessageConverter} of that name to replace it. It is
 * no candidate for injection by type, because a message converter of the application is
 * often another one's.
 */
@AutoConfiguration(afterName = "org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration")
@EnableConfigurationProperties(AxonProperties.class)
@Import(AxonChannelsRegistrar.class)
public final class AxonAutoConfiguration {

	static final String CHANNELS_BEAN_NAME = "axonChannels";

	static final String CONVERTER_BEAN_NAME = "axonMessageConverter";

	@Bean(CHANNELS_BEAN_NAME)
	AxonChannels axonChannels(AxonProperties properties) {
		return new AxonChannels(properties.definitions());
	}

	@Bean
	@ConditionalOnMissingBean(AxonOperations.class)
	AxonTemplate axonTemplate(AxonChannels channels, @Qualifier(CONVERTER_BEAN_NAME) MessageConverter converter,
			AxonProperties properties, Environment environment, ObjectProvider<ObservationRegistry> observations) {
		SimpleAsyncTaskExecutor requests = new SimpleAsyncTaskExecutor("axon-request-");
		requests.setDaemon(true);
		requests.setVirtualThreads(Threading.VIRTUAL.isActive(environment));
		return new AxonTemplate(channels, converter, properties.template().defaultChannel(), requests,
				properties.observationEnabled() ? observations.getIfUnique(() -> ObservationRegistry.NOOP)
						: ObservationRegistry.NOOP);
	}

	@Bean
	@ConditionalOnMissingBean
	AxonClientFactory axonClientFactory(AxonOperations axon) {
		return new AxonClientFactory(axon);
	}

	@Bean
	AxonListenerEndpointRegistry axonListenerEndpointRegistry(AxonChannels channels,
			@Qualifier(CONVERTER_BEAN_NAME) MessageConverter converter, ObjectProvider<Validator> validator,
			ObjectProvider<ListenerTimers> timers, ObjectProvider<AxonMessageRecoverer> recoverer,
			ObjectProvider<AxonListenerErrorHandler> errorHandler) {
		AxonListenerEndpointRegistry registry = new AxonListenerEndpointRegistry(channels, converter,
				validator.getIfUnique(), timers.getIfUnique(), recoverer.getIfAvailable());
		registry.setErrorHandler(errorHandler.getIfUnique());
		return registry;
	}

	@Bean
	static AxonListenerAnnotationBeanPostProcessor axonListenerAnnotationBeanPostProcessor() {
		return new AxonListenerAnnotationBeanPostProcessor();
	}

	/** A listener that nobody injects would never be made when all beans are lazy. */
	@Bean
	static LazyInitializationExcludeFilter axonListenerLazyInitializationExcludeFilter() {
		return (beanName, definition,
				type) -> !MethodIntrospector
					.selectMethods(type,
							(Method method) -> AnnotatedElementUtils.hasAnnotation(method, AxonListener.class))
					.isEmpty();
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(JsonMapper.class)
	static class JsonConfiguration {

		@Bean(name = CONVERTER_BEAN_NAME, defaultCandidate = false)
		@ConditionalOnMissingBean(name = CONVERTER_BEAN_NAME)
		JsonMessageConverter axonMessageConverter(ObjectProvider<JsonMapper> jsonMapper) {
			JsonMapper mapper = jsonMapper.getIfUnique();
			return (mapper != null) ? new JsonMessageConverter(mapper) : new JsonMessageConverter();
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnMissingClass("tools.jackson.databind.json.JsonMapper")
	static class WithoutJsonConfiguration {

		@Bean(name = CONVERTER_BEAN_NAME, defaultCandidate = false)
		@ConditionalOnMissingBean(name = CONVERTER_BEAN_NAME)
		ByteArrayMessageConverter axonMessageConverter() {
			return new ByteArrayMessageConverter();
		}

	}

}
