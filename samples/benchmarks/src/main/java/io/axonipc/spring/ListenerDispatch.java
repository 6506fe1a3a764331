package io.axonipc.spring;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;

import io.axonipc.ChannelOptions;
import io.axonipc.MessageView;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;

import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.handler.annotation.support.DefaultMessageHandlerMethodFactory;

/**
 * The starter's way from a message to a listener method, without the thread that receives
 * and the reply. In the starter's package, because none of it is public.
 */
public final class ListenerDispatch {

	private final ListenerInvoker invoker;

	/**
	 * Decides how to call a method, as the starter does at start-up.
	 * @param bean the listener
	 * @param name of its only method of that name
	 */
	public ListenerDispatch(Object bean, String name) {
		Method method = Arrays.stream(bean.getClass().getDeclaredMethods())
			.filter((candidate) -> candidate.getName().equals(name))
			.findAny()
			.orElseThrow();
		DefaultMessageHandlerMethodFactory messaging = new DefaultMessageHandlerMethodFactory();
		PayloadConverter converter = new PayloadConverter(starterConverter());
		messaging.setMessageConverter(converter);
		messaging.afterPropertiesSet();
		AxonListenerEndpoint endpoint = new AxonListenerEndpoint(name, "", List.of(name),
				new AxonListenerEndpoint.Options("", "", null), new AxonListenerEndpoint.Target(name, bean, method));
		ChannelDefinition channel = new ChannelDefinition("benchmark", "benchmark", ChannelOptions.defaults());
		this.invoker = new ListenerInvokerFactory(messaging, converter).create(endpoint, channel, false)::invoke;
	}

	private static MessageConverter starterConverter() {
		try (var context = new AnnotationConfigApplicationContext(AxonAutoConfiguration.class)) {
			return context.getBean("axonMessageConverter", MessageConverter.class);
		}
	}

	/**
	 * Calls the method.
	 * @param message its message
	 * @return what it returned
	 * @throws Throwable what it threw
	 */
	public Object invoke(MessageView message) throws Throwable {
		return this.invoker.invoke(message);
	}

}
