package io.axonipc.spring;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

import io.axonipc.AxonChannel;
import io.axonipc.MessageView;
import org.jspecify.annotations.Nullable;

import org.springframework.core.GenericTypeResolver;
import org.springframework.core.ResolvableType;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.converter.MessageConversionException;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Headers;
import org.springframework.messaging.handler.annotation.support.MessageHandlerMethodFactory;
import org.springframework.messaging.handler.invocation.InvocableHandlerMethod;
import org.springframework.messaging.support.GenericMessage;
import org.springframework.messaging.support.MessageHeaderAccessor;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Decides how a listener method is called: with its one simple parameter taken from the
 * message, or through spring-messaging, which takes a copy of the payload, a map of
 * headers and several times as long.
 */
final class ListenerInvokerFactory {

	private final MessageHandlerMethodFactory messagingFactory;

	private final PayloadConverter converter;

	ListenerInvokerFactory(MessageHandlerMethodFactory messagingFactory, PayloadConverter converter) {
		this.messagingFactory = messagingFactory;
		this.converter = converter;
	}

	/**
	 * Checks a listener method and decides how to call it.
	 * @param handedOver whether an executor calls it, later than the message is valid
	 * @throws InvalidListenerException if it cannot be called
	 */
	ListenerMethod create(AxonListenerEndpoint endpoint, ChannelDefinition channel, boolean handedOver) {
		Method method = endpoint.target().method();
		Class<?> returned = method.getReturnType();
		checkReply(endpoint, ListenerFutures.isFuture(returned)
				? ResolvableType.forMethodReturnType(method).getGeneric().toClass() : returned);
		checkViews(endpoint, method, handedOver);
		Function<MessageView, ?> argument = simpleArgument(endpoint.target());
		if (argument == null) {
			checkParameters(endpoint, method);
			return messaging(endpoint.target(), channel.key());
		}
		return direct(endpoint.target(), argument);
	}

	private static void checkReply(AxonListenerEndpoint endpoint, Class<?> type) {
		boolean later = ListenerFutures.isFuture(type) || ListenerFutures.isOtherFuture(type);
		if (later || Message.class.isAssignableFrom(type) || type == MessageView.class) {
			throw endpoint.invalid("returns " + type.getSimpleName() + ", which cannot be a reply",
					"Return the payload of the reply itself" + (later ? ", or a CompletableFuture of it" : ""));
		}
	}

	private static void checkViews(AxonListenerEndpoint endpoint, Method method, boolean handedOver) {
		List<Class<?>> types = Arrays.asList(method.getParameterTypes());
		if (handedOver && (types.contains(MessageView.class) || types.contains(ByteBuffer.class))) {
			throw endpoint.invalid(
					"takes a MessageView or ByteBuffer, which shows the message in place, and has an executor, "
							+ "which calls it when the message is gone",
					"Take a byte[], or set its executor to 'direct'");
		}
		if (ListenerFutures.isFuture(method.getReturnType()) && types.contains(MessageView.class)) {
			throw endpoint.invalid(
					"takes a MessageView, which shows the message in place, and returns a "
							+ method.getReturnType().getSimpleName() + ", which may need it when it is gone",
					"Take a byte[] or a ByteBuffer, which are copies then, or return the reply itself");
		}
	}

	private static void checkParameters(AxonListenerEndpoint endpoint, Method method) {
		if (Arrays.asList(method.getParameterTypes()).contains(MessageView.class)) {
			throw endpoint.invalid("takes a MessageView together with something else",
					"Make the MessageView its only parameter, without annotations: it has the tag and all else");
		}
		long payloads = Arrays.stream(method.getParameters()).filter(ListenerInvokerFactory::isPayload).count();
		if (payloads > 1) {
			throw endpoint.invalid("has " + payloads + " parameters for one payload",
					"Annotate those that are not the payload with @Header or @Headers");
		}
	}

	private static boolean isPayload(Parameter parameter) {
		Class<?> type = parameter.getType();
		return !parameter.isAnnotationPresent(Header.class) && !parameter.isAnnotationPresent(Headers.class)
				&& !Message.class.isAssignableFrom(type) && type != MessageHeaders.class
				&& !MessageHeaderAccessor.class.isAssignableFrom(type) && type != AxonChannel.class;
	}

	/**
	 * Makes the one argument of a method from a message; null if the method asks for
	 * more.
	 */
	private @Nullable Function<MessageView, ?> simpleArgument(AxonListenerEndpoint.Target target) {
		Method method = target.method();
		if (method.getParameterCount() == 0) {
			return Function.identity();
		}
		if (method.getParameterCount() > 1 || method.getParameters()[0].getAnnotations().length > 0) {
			return null;
		}
		Class<?> type = method.getParameterTypes()[0];
		if (type == MessageView.class) {
			return Function.identity();
		}
		if (type == ByteBuffer.class) {
			// What returns a future may need it when the message is gone.
			return ListenerFutures.isFuture(method.getReturnType()) ? (
					message) -> ByteBuffer.wrap(message.toByteArray()).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN)
					: MessageView::payload;
		}
		if (!isPayload(method.getParameters()[0]) || (type != byte[].class && type.isAssignableFrom(byte[].class))) {
			// An Object is a byte[] to spring-messaging.
			return null;
		}
		Type resolved = GenericTypeResolver.resolveType(method.getGenericParameterTypes()[0],
				ClassUtils.getUserClass(target.bean()));
		Function<MessageView, ?> reader = this.converter.reader(resolved);
		return (reader != null) ? (message) -> required(reader.apply(message), resolved) : null;
	}

	private static Object required(@Nullable Object payload, Type type) {
		if (payload == null) {
			throw new MessageConversionException("The payload is empty or null and has to be " + type.getTypeName());
		}
		return payload;
	}

	private static ListenerMethod direct(AxonListenerEndpoint.Target target, Function<MessageView, ?> argument) {
		MethodHandle handle = handle(target);
		return new ListenerMethod(argument, (value) -> (Object) handle.invokeExact(value));
	}

	/** A handle that takes and returns an object, whatever the method does. */
	private static MethodHandle handle(AxonListenerEndpoint.Target target) {
		Method method = target.method();
		ReflectionUtils.makeAccessible(method);
		try {
			MethodHandle handle = MethodHandles.lookup().unreflect(method).asFixedArity();
			if (!Modifier.isStatic(method.getModifiers())) {
				handle = handle.bindTo(target.bean());
			}
			if (method.getParameterCount() == 0) {
				handle = MethodHandles.dropArguments(handle, 0, Object.class);
			}
			return handle.asType(MethodType.methodType(Object.class, Object.class));
		}
		catch (IllegalAccessException ex) {
			throw new IllegalStateException("Method was made accessible and is not: " + method, ex);
		}
	}

	private ListenerMethod messaging(AxonListenerEndpoint.Target target, String channel) {
		InvocableHandlerMethod handler = this.messagingFactory.createInvocableHandlerMethod(target.bean(),
				target.method());
		return new ListenerMethod((view) -> toMessage(view, channel),
				(message) -> handler.invoke((Message<?>) message));
	}

	static Message<byte[]> toMessage(MessageView view, String channel) {
		Map<String, Object> headers = new HashMap<>();
		headers.put(AxonHeaders.CHANNEL, channel);
		headers.put(AxonHeaders.TAG, view.tag());
		headers.put(AxonHeaders.REDELIVERED, view.isRedelivered());
		if (view.isRequest()) {
			headers.put(AxonHeaders.CORRELATION_ID, view.correlationId());
		}
		byte[] metadata = view.metadata();
		if (metadata != null) {
			headers.put(AxonHeaders.METADATA, metadata);
		}
		return new GenericMessage<>(view.toByteArray(), headers);
	}

}
