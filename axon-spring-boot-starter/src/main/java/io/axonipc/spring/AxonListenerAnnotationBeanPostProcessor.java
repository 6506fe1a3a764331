package io.axonipc.spring;

import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import org.springframework.aop.framework.AopInfrastructureBean;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.scope.ScopedObject;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.config.EmbeddedValueResolver;
import org.springframework.beans.factory.support.MergedBeanDefinitionPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.util.StringUtils;

/**
 * Finds {@link AxonListener} methods and hands them to the
 * {@link AxonListenerEndpointRegistry} when all singletons are there.
 */
public final class AxonListenerAnnotationBeanPostProcessor
		implements MergedBeanDefinitionPostProcessor, BeanFactoryAware, SmartInitializingSingleton, Ordered {

	private static final int MAX_TAG_BYTES = 255;

	private final Set<Class<?>> classesWithout = ConcurrentHashMap.newKeySet();

	private final List<AxonListenerEndpoint> endpoints = new ArrayList<>();

	private boolean frozen;

	private @Nullable ConfigurableListableBeanFactory beanFactory;

	private @Nullable EmbeddedValueResolver resolver;

	@Override
	public void setBeanFactory(BeanFactory beanFactory) {
		this.beanFactory = (ConfigurableListableBeanFactory) beanFactory;
		this.resolver = new EmbeddedValueResolver(this.beanFactory);
	}

	/**
	 * After the processors that make proxies, so that calls go through them: some have
	 * the same order, but processors of merged definitions come after all others.
	 */
	@Override
	public int getOrder() {
		return LOWEST_PRECEDENCE;
	}

	@Override
	public void postProcessMergedBeanDefinition(RootBeanDefinition definition, Class<?> type, String beanName) {
	}

	@Override
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		Class<?> type = AopProxyUtils.ultimateTargetClass(bean);
		// A scoped proxy is both: what it leads to is made later, and called through it.
		boolean infrastructure = bean instanceof AopInfrastructureBean && !(bean instanceof ScopedObject);
		if (infrastructure || ScopedProxyUtils.isScopedTarget(beanName) || this.classesWithout.contains(type)
				|| !AnnotationUtils.isCandidateClass(type, AxonListener.class)) {
			return bean;
		}
		Map<Method, AxonListener> methods = listenerMethods(type);
		if (methods.isEmpty()) {
			this.classesWithout.add(type);
		}
		methods.forEach((method, annotation) -> add(endpoint(annotation, method, bean, beanName)));
		return bean;
	}

	private static Map<Method, AxonListener> listenerMethods(Class<?> type) {
		return MethodIntrospector.selectMethods(type,
				(MethodIntrospector.MetadataLookup<@Nullable AxonListener>) (method) -> AnnotatedElementUtils
					.findMergedAnnotation(method, AxonListener.class));
	}

	@Override
	public void afterSingletonsInstantiated() {
		// Nobody may have asked for a scoped proxy yet.
		for (String name : this.beanFactory.getBeanNamesForType(ScopedObject.class, true, false)) {
			this.beanFactory.getBean(name);
		}
		for (String name : this.beanFactory.getBeanDefinitionNames()) {
			checkThatItWasMade(name);
		}
		AxonListenerEndpointRegistry registry = this.beanFactory.getBean(AxonListenerEndpointRegistry.class);
		synchronized (this.endpoints) {
			this.frozen = true;
			registry.register(this.endpoints);
		}
	}

	/** A listener that nobody has made by now would be silently none. */
	private void checkThatItWasMade(String beanName) {
		BeanDefinition definition = this.beanFactory.getMergedBeanDefinition(beanName);
		boolean made = definition.isAbstract() || (definition.isSingleton() && !definition.isLazyInit())
				|| ScopedProxyUtils.isScopedTarget(beanName)
				|| this.endpoints.stream().anyMatch((endpoint) -> endpoint.target().beanName().equals(beanName));
		Class<?> type = made ? null : this.beanFactory.getType(beanName, false);
		if (type != null && AnnotationUtils.isCandidateClass(type, AxonListener.class)) {
			listenerMethods(type).keySet().stream().findFirst().ifPresent((method) -> {
				throw new InvalidListenerException(beanName, method,
						"would never be called, as its bean is lazy or no singleton, and not made at start-up",
						"Make the bean a singleton that is not lazy, or give its scope a proxy");
			});
		}
	}

	private void add(AxonListenerEndpoint endpoint) {
		synchronized (this.endpoints) {
			if (this.frozen) {
				throw endpoint.invalid("comes too late: its bean was made when the context had been refreshed",
						"Make the bean a singleton that is not lazy");
			}
			for (AxonListenerEndpoint other : this.endpoints) {
				if (other.target().method().equals(endpoint.target().method())
						&& other.target().beanName().equals(endpoint.target().beanName())) {
					throw endpoint.invalid("is there more than once, as its bean is no singleton",
							"Make the bean a singleton, or give its scope a proxy");
				}
				if (other.id().equals(endpoint.id())) {
					throw endpoint.invalid("has the id '" + endpoint.id() + "' of another listener",
							"Give it another id");
				}
			}
			this.endpoints.add(endpoint);
		}
	}

	private AxonListenerEndpoint endpoint(AxonListener annotation, Method method, Object bean, String beanName) {
		Method invocable;
		try {
			invocable = AopUtils.selectInvocableMethod(method, bean.getClass());
		}
		catch (IllegalStateException ex) {
			throw new InvalidListenerException(beanName, method, "cannot be called through the bean's proxy",
					"Declare it in an interface of the bean, or proxy the class (proxyTargetClass); and do not make it private");
		}
		String id = resolve(annotation.id());
		if (!StringUtils.hasText(id)) {
			id = Arrays.stream(method.getParameterTypes())
				.map(Class::getSimpleName)
				.collect(Collectors.joining(", ", beanName + "." + method.getName() + "(", ")"));
		}
		List<String> tags = Arrays.stream(annotation.tag()).map(this::resolve).distinct().toList();
		AxonListenerEndpoint.Options options = new AxonListenerEndpoint.Options(resolve(annotation.executor()),
				resolve(annotation.errorHandler()), autoStartup(annotation, method, beanName));
		AxonListenerEndpoint endpoint = new AxonListenerEndpoint(id, resolve(annotation.channel()), tags, options,
				new AxonListenerEndpoint.Target(beanName, bean, invocable));
		if (tags.isEmpty()) {
			throw endpoint.invalid("has no tag", "Write @AxonListener(\"tag\")");
		}
		for (String tag : tags) {
			int length = tag.getBytes(StandardCharsets.UTF_8).length;
			if (length == 0 || length > MAX_TAG_BYTES) {
				throw endpoint.invalid("has a tag of " + length + " bytes",
						"Use a tag of 1 to " + MAX_TAG_BYTES + " bytes");
			}
		}
		return endpoint;
	}

	private @Nullable Boolean autoStartup(AxonListener annotation, Method method, String beanName) {
		String text = resolve(annotation.autoStartup());
		return switch (text) {
			case "" -> null;
			case "true" -> true;
			case "false" -> false;
			default -> throw new InvalidListenerException(beanName, method, "has the autoStartup '" + text + "'",
					"Say 'true' or 'false'");
		};
	}

	private String resolve(String text) {
		String resolved = this.resolver.resolveStringValue(text);
		return (resolved != null) ? resolved : "";
	}

}
