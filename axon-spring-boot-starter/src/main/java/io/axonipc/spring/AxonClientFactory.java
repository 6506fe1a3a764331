package io.axonipc.spring;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;

import org.springframework.context.EmbeddedValueResolverAware;
import org.springframework.util.StringValueResolver;

/**
 * Implements interfaces whose methods are {@link AxonExchange exchanges} with the peer,
 * so that calling it looks like calling an object. Thread-safe, as are the objects it
 * makes.
 *
 * <pre>
 * interface Features {
 *
 *     &#64;AxonExchange("norm")
 *     double[] norm(double[] vector);
 *
 * }
 *
 * &#64;Bean
 * Features features(AxonClientFactory clients) {
 *     return clients.create(Features.class);
 * }
 * </pre>
 *
 * What its methods throw is what {@link AxonOperations} throws.
 */
public final class AxonClientFactory implements EmbeddedValueResolverAware {

	private final AxonOperations axon;

	private UnaryOperator<@Nullable String> resolver = UnaryOperator.identity();

	/**
	 * Creates a factory.
	 * @param axon sends the messages and requests
	 */
	public AxonClientFactory(AxonOperations axon) {
		this.axon = axon;
	}

	@Override
	public void setEmbeddedValueResolver(StringValueResolver resolver) {
		this.resolver = (text) -> (text != null) ? resolver.resolveStringValue(text) : null;
	}

	/**
	 * Implements an interface. Opens no channel.
	 * @param <T> the interface
	 * @param type the interface; its abstract methods are exchanges
	 * @return an implementation
	 * @throws IllegalArgumentException if a method cannot be an exchange; the message
	 * names it and says what to do
	 */
	public <T> T create(Class<T> type) {
		if (!type.isInterface()) {
			throw new IllegalArgumentException(type.getName() + " is no interface: only those can be implemented");
		}
		Map<Method, Invocation> methods = new HashMap<>();
		for (Method method : type.getMethods()) {
			if (method.isDefault()) {
				methods.put(method, defaultMethod(method));
			}
			else if (Modifier.isAbstract(method.getModifiers()) && !isMethodOfObject(method)) {
				AxonClientMethod exchange = AxonClientMethod.of(method, type, this.resolver);
				methods.put(method, (proxy, arguments) -> exchange.call(this.axon, arguments));
			}
		}
		InvocationHandler handler = (proxy, method, arguments) -> {
			Invocation invocation = methods.get(method);
			Object[] given = (arguments != null) ? arguments : new Object[0];
			return (invocation != null) ? invocation.invoke(proxy, given) : objectMethod(type, proxy, method, given);
		};
		return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] { type }, handler));
	}

	private static boolean isMethodOfObject(Method method) {
		try {
			Object.class.getMethod(method.getName(), method.getParameterTypes());
			return true;
		}
		catch (NoSuchMethodException ex) {
			return false;
		}
	}

	private static Invocation defaultMethod(Method method) {
		Class<?> owner = method.getDeclaringClass();
		try {
			MethodHandle handle = MethodHandles.privateLookupIn(owner, MethodHandles.lookup())
				.unreflectSpecial(method, owner);
			return (proxy, arguments) -> handle.bindTo(proxy).invokeWithArguments(arguments);
		}
		catch (IllegalAccessException ex) {
			throw new IllegalArgumentException("Default method '" + method.toGenericString()
					+ "' cannot be called: make it public, or open its module", ex);
		}
	}

	private static Object objectMethod(Class<?> type, Object proxy, Method method, Object[] arguments) {
		return switch (method.getName()) {
			case "equals" -> proxy == arguments[0];
			case "hashCode" -> System.identityHashCode(proxy);
			default -> "Axon client " + type.getName();
		};
	}

	@FunctionalInterface
	private interface Invocation {

		@Nullable Object invoke(Object proxy, Object[] arguments) throws Throwable;

	}

}
