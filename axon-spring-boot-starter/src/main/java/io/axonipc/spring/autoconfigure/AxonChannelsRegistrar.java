package io.axonipc.spring.autoconfigure;

import java.util.Map;
import java.util.Set;

import io.axonipc.AxonChannel;

import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.AutowireCandidateQualifier;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/**
 * Defines a bean of type {@link AxonChannel} for each key below {@code axon.channels},
 * with the key as qualifier. The beans are prototypes that ask
 * {@link io.axonipc.spring.AxonChannels} for the channel that is open now: a channel bean
 * is not closed by the container behind its owner's back, and a lookup after a restart
 * finds the new one. The name has a character that no name derived from a class or method
 * has.
 */
class AxonChannelsRegistrar implements ImportBeanDefinitionRegistrar {

	static final String BEAN_NAME_PREFIX = "axonChannel-";

	private static final Bindable<Map<String, Object>> CHANNELS = Bindable.mapOf(String.class, Object.class);

	private final Environment environment;

	AxonChannelsRegistrar(Environment environment) {
		this.environment = environment;
	}

	@Override
	public void registerBeanDefinitions(AnnotationMetadata metadata, BeanDefinitionRegistry registry) {
		keys().forEach((key) -> registry.registerBeanDefinition(BEAN_NAME_PREFIX + key, definition(key)));
	}

	private Set<String> keys() {
		return Binder.get(this.environment).bind("axon.channels", CHANNELS).orElseGet(Map::of).keySet();
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
