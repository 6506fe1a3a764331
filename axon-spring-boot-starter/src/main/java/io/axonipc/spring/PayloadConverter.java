package io.axonipc.spring;

import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import io.axonipc.MessageView;
import org.jspecify.annotations.Nullable;

import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.converter.MessageConversionException;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.converter.SmartMessageConverter;
import org.springframework.messaging.support.GenericMessage;

/**
 * Payloads to bytes and back: types with a {@link PayloadCodec} directly, all others by a
 * message converter, for which a message's payload is a {@code byte[]}. Messages are made
 * only for a converter that needs them. Thread-safe.
 */
public final class PayloadConverter implements SmartMessageConverter {

	private static final byte[] EMPTY = new byte[0];

	private final MessageConverter delegate;

	private final @Nullable DirectMessageConverter direct;

	/** As many as the application's code names types of replies. */
	private final Map<Type, Function<MessageView, @Nullable Object>> replyReaders = new ConcurrentHashMap<>();

	/**
	 * Creates a converter.
	 * @param delegate for payloads that are not bytes, strings or arrays of primitives
	 */
	public PayloadConverter(MessageConverter delegate) {
		this.delegate = delegate;
		this.direct = (delegate instanceof DirectMessageConverter converter) ? converter : null;
	}

	/**
	 * Makes the bytes of a payload.
	 * @param payload the payload
	 * @param channel the key of the channel that it is for
	 * @param tag the tag of its message
	 * @return the bytes, which may be those of the payload
	 * @throws MessageConversionException if it cannot be written
	 */
	public ByteBuffer toBuffer(@Nullable Object payload, String channel, String tag) {
		return write(payload, channel, tag).toBuffer();
	}

	OutgoingPayload<?> write(@Nullable Object payload, String channel, String tag) {
		Object value = (payload != null) ? payload : EMPTY;
		OutgoingPayload<?> outgoing = PayloadCodec.outgoing(value);
		return (outgoing != null) ? outgoing : convert(value, channel, tag);
	}

	/**
	 * Decides how payloads of a type are read where that takes no messages.
	 * @return makes null of an empty payload for types without a codec; or null
	 */
	@Nullable Function<MessageView, @Nullable Object> reader(Type type) {
		if (type == byte[].class) {
			return MessageView::toByteArray;
		}
		if (type == String.class) {
			return (message) -> new String(message.toByteArray(), StandardCharsets.UTF_8);
		}
		Function<ByteBuffer, ?> codec = (type instanceof Class<?> simple) ? PayloadCodec.reader(simple) : null;
		if (codec != null) {
			return (message) -> codec.apply(message.payload());
		}
		if (this.direct == null) {
			return null;
		}
		Function<byte[], @Nullable Object> reader = this.direct.reader(type);
		return (message) -> (message.length() != 0) ? reader.apply(message.toByteArray()) : null;
	}

	@SuppressWarnings("unchecked")
	<T> @Nullable T read(MessageView reply, Type type, String channel, String tag) {
		Function<MessageView, @Nullable Object> reader = replyReader(type);
		if (reader == null && reply.length() == 0) {
			return null;
		}
		try {
			return (T) ((reader != null) ? reader.apply(reply) : convert(reply, type, channel, tag));
		}
		catch (MessageConversionException ex) {
			throw new MessageConversionException("Cannot read the payload of tag '" + tag + "' on channel '" + channel
					+ "' as " + type.getTypeName() + ": " + ex.getMessage(), ex);
		}
	}

	private @Nullable Function<MessageView, @Nullable Object> replyReader(Type type) {
		Function<MessageView, @Nullable Object> reader = this.replyReaders.get(type);
		if (reader == null) {
			reader = reader(type);
			if (reader != null) {
				this.replyReaders.put(type, reader);
			}
		}
		return reader;
	}

	private OutgoingPayload<?> convert(Object value, String channel, String tag) {
		Object bytes;
		try {
			bytes = (this.direct != null) ? this.direct.write(value) : payload(value, headers(channel, tag));
		}
		catch (MessageConversionException ex) {
			throw new MessageConversionException(unwritable(value, channel, tag) + ex.getMessage(), ex);
		}
		OutgoingPayload<?> outgoing = (bytes != null) ? PayloadCodec.outgoing(bytes) : null;
		if (outgoing == null) {
			throw new MessageConversionException(unwritable(value, channel, tag)
					+ "no message converter takes it. Jackson on the class path makes it JSON");
		}
		return outgoing;
	}

	private static String unwritable(Object value, String channel, String tag) {
		return "Cannot write " + value.getClass().getTypeName() + " as a payload of tag '" + tag + "' on channel '"
				+ channel + "': ";
	}

	private @Nullable Object payload(Object value, MessageHeaders headers) {
		Message<?> message = this.delegate.toMessage(value, headers);
		return (message != null) ? message.getPayload() : null;
	}

	private Object convert(MessageView reply, Type type, String channel, String tag) {
		if (!(type instanceof Class<?> simple)) {
			throw new MessageConversionException("a message converter is asked for classes only. "
					+ "One that is a DirectMessageConverter, as the JSON one is, is asked for any type");
		}
		MessageHeaders headers = headers(channel, tag);
		Object value = this.delegate.fromMessage(new GenericMessage<>(reply.toByteArray(), headers), simple);
		if (value == null) {
			throw new MessageConversionException(
					"no message converter makes it. Jackson on the class path reads it from JSON");
		}
		return value;
	}

	private static MessageHeaders headers(String channel, String tag) {
		return new MessageHeaders(Map.of(AxonHeaders.CHANNEL, channel, AxonHeaders.TAG, tag));
	}

	@Override
	public @Nullable Object fromMessage(Message<?> message, Class<?> targetClass, @Nullable Object hint) {
		Function<ByteBuffer, ?> reader = PayloadCodec.reader(targetClass);
		if (reader != null && message.getPayload() instanceof byte[] bytes) {
			return reader.apply(ByteBuffer.wrap(bytes));
		}
		return (this.delegate instanceof SmartMessageConverter smart) ? smart.fromMessage(message, targetClass, hint)
				: this.delegate.fromMessage(message, targetClass);
	}

	@Override
	public @Nullable Object fromMessage(Message<?> message, Class<?> targetClass) {
		return fromMessage(message, targetClass, null);
	}

	@Override
	public @Nullable Message<?> toMessage(Object payload, @Nullable MessageHeaders headers) {
		return this.delegate.toMessage(payload, headers);
	}

	@Override
	public @Nullable Message<?> toMessage(Object payload, @Nullable MessageHeaders headers, @Nullable Object hint) {
		return (this.delegate instanceof SmartMessageConverter smart) ? smart.toMessage(payload, headers, hint)
				: this.delegate.toMessage(payload, headers);
	}

}
