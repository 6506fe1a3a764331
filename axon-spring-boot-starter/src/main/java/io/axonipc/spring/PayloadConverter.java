package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.converter.MessageConversionException;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.converter.SmartMessageConverter;
import org.springframework.messaging.support.GenericMessage;

/**
 * Payloads to bytes and back: types with a {@link PayloadCodec} directly, all others
 * through a message converter, for which a message's payload is a {@code byte[]}.
 */
final class PayloadConverter implements SmartMessageConverter {

	private static final byte[] EMPTY = new byte[0];

	private final MessageConverter delegate;

	PayloadConverter(MessageConverter delegate) {
		this.delegate = delegate;
	}

	OutgoingPayload<?> write(@Nullable Object payload, String channel, String tag) {
		Object value = (payload != null) ? payload : EMPTY;
		OutgoingPayload<?> outgoing = PayloadCodec.outgoing(value);
		return (outgoing != null) ? outgoing : convert(value, channel, tag);
	}

	<T> @Nullable T read(ByteBuffer payload, Class<T> type, String channel, String tag) {
		Function<ByteBuffer, T> reader = PayloadCodec.reader(type);
		if (reader == null && !payload.hasRemaining()) {
			return null;
		}
		try {
			return (reader != null) ? reader.apply(payload) : convert(payload, type, channel, tag);
		}
		catch (MessageConversionException ex) {
			throw new MessageConversionException("Cannot read the payload of tag '" + tag + "' on channel '" + channel
					+ "' as " + type.getTypeName() + ": " + ex.getMessage(), ex);
		}
	}

	private OutgoingPayload<?> convert(Object value, String channel, String tag) {
		String what = "Cannot write " + value.getClass().getTypeName() + " as a payload of tag '" + tag
				+ "' on channel '" + channel + "': ";
		Message<?> message;
		try {
			message = this.delegate.toMessage(value, headers(channel, tag));
		}
		catch (MessageConversionException ex) {
			throw new MessageConversionException(what + ex.getMessage(), ex);
		}
		OutgoingPayload<?> outgoing = (message != null) ? PayloadCodec.outgoing(message.getPayload()) : null;
		if (outgoing == null) {
			throw new MessageConversionException(
					what + "no message converter takes it. Jackson on the class path makes it JSON");
		}
		return outgoing;
	}

	private <T> T convert(ByteBuffer payload, Class<T> type, String channel, String tag) {
		byte[] bytes = new byte[payload.remaining()];
		payload.get(bytes);
		Object value = this.delegate.fromMessage(new GenericMessage<>(bytes, headers(channel, tag)), type);
		if (value == null) {
			throw new MessageConversionException(
					"no message converter makes it. Jackson on the class path reads it from JSON");
		}
		return type.cast(value);
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
