package io.axonipc.spring;

import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.format.annotation.DurationFormat;
import org.springframework.format.datetime.standard.DurationFormatterUtils;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;

/** How a method of a client's interface is called; decided once. */
final class AxonClientMethod {

	/** What a parameter may be, and the type it must have then. */
	private enum Part {

		PAYLOAD(Object.class), TIMEOUT(Duration.class), CHANNEL(String.class), TAG(String.class),
		METADATA(byte[].class);

		private final Class<?> type;

		Part(Class<?> type) {
			this.type = type;
		}

	}

	private final Method method;

	private final String tag;

	private final @Nullable String channel;

	private final @Nullable Duration timeout;

	/** The indices of the parameters that a call is made of. */
	private final Map<Part, Integer> parts;

	/** What a reply is read as; null for a method that does not wait for one. */
	private final @Nullable ParameterizedTypeReference<Object> replyType;

	private final boolean async;

	private AxonClientMethod(Method method, Class<?> type, UnaryOperator<@Nullable String> resolver) {
		this.method = method;
		AxonExchange own = AnnotatedElementUtils.findMergedAnnotation(method, AxonExchange.class);
		if (own == null) {
			throw invalid("is no exchange", "Annotate it with @AxonExchange(\"tag\"), or make it a default method");
		}
		AxonExchange common = AnnotatedElementUtils.findMergedAnnotation(type, AxonExchange.class);
		if (common != null && !common.tag().isEmpty()) {
			throw invalid("is of an interface with a tag for all its methods", "Give each method a tag of its own");
		}
		String tag = resolver.apply(own.tag());
		this.tag = StringUtils.hasText(tag) ? tag : method.getName();
		this.channel = attribute(own.channel(), (common != null) ? common.channel() : "", resolver);
		this.timeout = duration(attribute(own.timeout(), (common != null) ? common.timeout() : "", resolver));
		this.parts = parts();
		ResolvableType returned = ResolvableType.forMethodReturnType(method, type);
		Class<?> raw = returned.toClass();
		this.async = ListenerFutures.isFuture(raw);
		if (ListenerFutures.isOtherFuture(raw)) {
			throw invalid("returns " + raw.getSimpleName(), "Return a CompletableFuture");
		}
		this.replyType = (raw != void.class) ? replyType(this.async ? returned.getGeneric() : returned) : null;
	}

	/**
	 * Checks a method and decides how to call it.
	 * @throws IllegalArgumentException if it cannot be an exchange
	 */
	static AxonClientMethod of(Method method, Class<?> type, UnaryOperator<@Nullable String> resolver) {
		return new AxonClientMethod(method, type, resolver);
	}

	@Nullable Object call(AxonOperations axon, Object[] arguments) {
		String tag = (String) argument(Part.TAG, arguments);
		AxonMessageSpec message = axon.message((tag != null) ? tag : this.tag)
			.payload(argument(Part.PAYLOAD, arguments))
			.metadata((byte[]) argument(Part.METADATA, arguments));
		String channel = (String) argument(Part.CHANNEL, arguments);
		if (channel != null || this.channel != null) {
			message.channel((channel != null) ? channel : this.channel);
		}
		Duration timeout = (Duration) argument(Part.TIMEOUT, arguments);
		if (timeout != null || this.timeout != null) {
			message.timeout((timeout != null) ? timeout : this.timeout);
		}
		if (this.replyType == null) {
			message.send();
			return null;
		}
		return this.async ? message.sendAndReceiveAsync(this.replyType)
				: required(message.sendAndReceive(this.replyType));
	}

	private @Nullable Object argument(Part part, Object[] arguments) {
		Integer index = this.parts.get(part);
		return (index != null) ? arguments[index] : null;
	}

	private @Nullable Object required(@Nullable Object reply) {
		if (reply == null && this.method.getReturnType().isPrimitive()) {
			throw new IllegalStateException("The peer's reply to '" + this.tag
					+ "' is empty or null, and has to be of type " + this.method.getReturnType()
					+ ". Let the method return an object, or the peer reply with a value");
		}
		return reply;
	}

	private Map<Part, Integer> parts() {
		Map<Part, Integer> found = new HashMap<>();
		Parameter[] parameters = this.method.getParameters();
		for (int i = 0; i < parameters.length; i++) {
			Part part = part(parameters[i]);
			if (!part.type.isAssignableFrom(ClassUtils.resolvePrimitiveIfNecessary(parameters[i].getType()))) {
				throw invalid("has a parameter '" + parameters[i] + "' that must be a " + part.type.getSimpleName(),
						"Change its type");
			}
			if (found.putIfAbsent(part, i) != null) {
				throw invalid("has two parameters for the " + part.name().toLowerCase(Locale.ROOT),
						"A message has one payload: put all that it is made of into one record, and annotate "
								+ "other parameters with @Header");
			}
		}
		return found;
	}

	private Part part(Parameter parameter) {
		Header header = AnnotatedElementUtils.findMergedAnnotation(parameter, Header.class);
		if (header != null) {
			return switch (header.name()) {
				case AxonHeaders.CHANNEL -> Part.CHANNEL;
				case AxonHeaders.TAG -> Part.TAG;
				case AxonHeaders.METADATA -> Part.METADATA;
				default -> throw invalid("has a header '" + header.name() + "', which no message has",
						"Use one of AxonHeaders: CHANNEL, TAG or METADATA");
			};
		}
		boolean payload = AnnotatedElementUtils.hasAnnotation(parameter, Payload.class);
		return (parameter.getType() == Duration.class && !payload) ? Part.TIMEOUT : Part.PAYLOAD;
	}

	private static @Nullable String attribute(String own, String common, UnaryOperator<@Nullable String> resolver) {
		String resolved = resolver.apply(own.isEmpty() ? common : own);
		return StringUtils.hasText(resolved) ? resolved : null;
	}

	private @Nullable Duration duration(@Nullable String text) {
		try {
			return (text != null) ? DurationFormatterUtils.detectAndParse(text, DurationFormat.Unit.MILLIS) : null;
		}
		catch (IllegalArgumentException ex) {
			throw invalid("has the time-out '" + text + "', which is no duration", "Write it like 2s or 500ms");
		}
	}

	private static ParameterizedTypeReference<Object> replyType(ResolvableType type) {
		Type resolved = (type.getType() instanceof Class<?> simple) ? ClassUtils.resolvePrimitiveIfNecessary(simple)
				: type.getType();
		return ParameterizedTypeReference.forType(resolved);
	}

	private IllegalArgumentException invalid(String problem, String remedy) {
		return new IllegalArgumentException(
				"Method '" + this.method.toGenericString() + "' of an Axon client " + problem + ". " + remedy + ".");
	}

}
