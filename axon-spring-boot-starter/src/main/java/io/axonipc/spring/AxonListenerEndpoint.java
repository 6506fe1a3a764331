package io.axonipc.spring;

import java.lang.reflect.Method;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * An {@link AxonListener} method with its attributes resolved.
 *
 * @param id its name in log messages
 * @param channel the channel's key, or an empty string for the only channel
 * @param tags the tags it handles
 * @param options what it sets for itself
 * @param target what to call
 */
record AxonListenerEndpoint(String id, String channel, List<String> tags, Options options, Target target) {

	/**
	 * What a listener may set for itself.
	 *
	 * @param executor what calls it, or an empty string for the channel's
	 * @param errorHandler the name of an error handler bean, or an empty string for the
	 * application's
	 * @param autoStartup whether it starts with the application context, or null for when
	 * its channel does
	 */
	record Options(String executor, String errorHandler, @Nullable Boolean autoStartup) {
	}

	/**
	 * A method of a bean.
	 *
	 * @param beanName the bean's name
	 * @param bean the bean, possibly a proxy
	 * @param method a method that can be invoked on the bean
	 */
	record Target(String beanName, Object bean, Method method) {
	}

	InvalidListenerException invalid(String problem, String remedy) {
		return new InvalidListenerException(this.target.beanName(), this.target.method(), problem, remedy);
	}

	@Override
	public String toString() {
		return this.id;
	}

}
