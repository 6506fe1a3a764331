package io.axonipc.spring;

import java.lang.reflect.Type;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.springframework.messaging.converter.MessageConversionException;
import org.springframework.messaging.converter.MessageConverter;

/**
 * A message converter that can do without messages: headers and MIME types cost more than
 * the conversion. Thread-safe.
 */
public interface DirectMessageConverter extends MessageConverter {

	/**
	 * Writes a payload.
	 * @param payload the payload
	 * @return its bytes, not changed afterwards
	 * @throws MessageConversionException if it cannot be written
	 */
	byte[] write(Object payload);

	/**
	 * Decides how a type is read; called once for each listener and type of reply.
	 * @param type the type
	 * @return what makes a value of all the bytes, or throws a
	 * {@link MessageConversionException}
	 */
	Function<byte[], @Nullable Object> reader(Type type);

}
