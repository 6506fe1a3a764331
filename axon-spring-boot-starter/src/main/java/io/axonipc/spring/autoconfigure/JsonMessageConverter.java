package io.axonipc.spring.autoconfigure;

import java.lang.reflect.Type;
import java.util.function.Function;

import io.axonipc.spring.DirectMessageConverter;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.messaging.converter.JacksonJsonMessageConverter;
import org.springframework.messaging.converter.MessageConversionException;

/** Spring's JSON converter, and its conversions without messages. */
final class JsonMessageConverter extends JacksonJsonMessageConverter implements DirectMessageConverter {

	private final ObjectWriter writer = getJsonMapper().writer();

	JsonMessageConverter() {
	}

	JsonMessageConverter(JsonMapper mapper) {
		super(mapper);
	}

	@Override
	public byte[] write(Object payload) {
		try {
			return this.writer.writeValueAsBytes(payload);
		}
		catch (JacksonException ex) {
			throw new MessageConversionException("Could not write JSON: " + ex.getMessage(), ex);
		}
	}

	@Override
	public Function<byte[], @Nullable Object> reader(Type type) {
		ObjectReader reader = getJsonMapper().readerFor(getJsonMapper().constructType(type));
		return (bytes) -> {
			try {
				return reader.readValue(bytes);
			}
			catch (JacksonException ex) {
				throw new MessageConversionException("Could not read JSON: " + ex.getMessage(), ex);
			}
		};
	}

}
