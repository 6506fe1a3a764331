package io.axonipc.spring.autoconfigure;

import java.util.Map;

import io.axonipc.AxonChannel;

import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.AutowireCandidateQualifier;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/**
 * Defines a bean of type {@link AxonChannel} for each key below {@code axon.channels}
 * that is enabled, with the key as qualifier. The beans are prototypes that ask
 * {@link io.axonipc.spring.AxonChannels} for the channel that is open now: a channel bean
 * is not closed by the container behind its owner's back, and a lookup after a restart
 * finds the new one. The name has a character that no name derived from a class or method
 * has.
 */
class AxonChannelsRegistrar implements ImportBeanDefinitionRegistrar {

	static final String BEAN_NAME_PREFIX = "axonChannel-";

	private static final ConfigurationPropertyName CHANNELS = ConfigurationPropertyName.of("axon.channels");

	private final Environment environment;

	AxonChannelsRegistrar(Environment environment) {
		this.environment = environment;
	}

	@Override
	public void registerBeanDefinitions(AnnotationMetadata metadata, BeanDefinitionRegistry registry) {
		Binder binder = Binder.get(this.environment);
		for (String key : binder.bind(CHANNELS, Bindable.mapOf(String.class, Object.class))
			.orElseGet(Map::of)
			.keySet()) {
			ConfigurationPropertyName enabled = CHANNELS.append("[" + key + "]").append("enabled");
			if (binder.bind(enabled, Bindable.of(Boolean.class)).orElse(true)) {
				registry.registerBeanDefinition(BEAN_NAME_PREFIX + key, definition(key));
			}
		}
	}

	private static RootBeanDefinition definition(String key) {
		RootBeanDefinition definition = new RootBeanDefinition();
		definition.setTargetType(AxonChannel.class);
		definition.setFactoryBeanName(AxonAutoConfiguration.CHANNELS_BEAN_NAME);
		definition.setFactoryMethodName("channel");
		definition.getConstructorArgumentValues().addIndexedArgumentValue(0, key);
		definition.setScope(BeanDefinition.SCOPE_PROTOTYPE);
		definition.addQualifier(new AutowireCandidateQualifier(Qualifier.class, key));
		return definition;
	}

}
