package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.messaging.converter.MessageConversionException;

/**
 * A type whose values are copied to and from shared memory as they are, without a message
 * converter. Buffers given to it are little-endian.
 *
 * @param <T> the type
 * @param type the type
 * @param elementSize bytes of one element
 * @param count the number of elements of a value
 * @param writer puts a value at the start of a buffer
 * @param reader takes a value that is all of a buffer
 */
record PayloadCodec<T>(Class<T> type, int elementSize, ToIntFunction<T> count, BiConsumer<T, ByteBuffer> writer,
		Function<ByteBuffer, T> reader) {

	private static final PayloadCodec<byte[]> BYTES = new PayloadCodec<>(byte[].class, 1, (array) -> array.length,
			(array, buffer) -> buffer.put(array), (buffer) -> {
				byte[] array = new byte[buffer.remaining()];
				buffer.get(array);
				return array;
			});

	/** Read as a copy: what it is read from is gone when it is looked at. */
	static final PayloadCodec<ByteBuffer> BYTE_BUFFER = new PayloadCodec<>(ByteBuffer.class, 1, ByteBuffer::remaining,
			(source, buffer) -> buffer.put(source.duplicate()),
			(buffer) -> ByteBuffer.wrap(BYTES.read(buffer)).order(ByteOrder.LITTLE_ENDIAN));

	private static final PayloadCodec<boolean[]> BOOLEANS = new PayloadCodec<>(boolean[].class, 1,
			(array) -> array.length, (array, buffer) -> {
				for (boolean element : array) {
					buffer.put((byte) (element ? 1 : 0));
				}
			}, (buffer) -> {
				boolean[] array = new boolean[buffer.remaining()];
				for (int i = 0; i < array.length; i++) {
					array[i] = buffer.get() != 0;
				}
				return array;
			});

	private static final PayloadCodec<char[]> CHARS = new PayloadCodec<>(char[].class, Character.BYTES,
			(array) -> array.length, (array, buffer) -> buffer.asCharBuffer().put(array), (buffer) -> {
				CharBuffer source = buffer.asCharBuffer();
				char[] array = new char[source.remaining()];
				source.get(array);
				return array;
			});

	private static final PayloadCodec<short[]> SHORTS = new PayloadCodec<>(short[].class, Short.BYTES,
			(array) -> array.length, (array, buffer) -> buffer.asShortBuffer().put(array), (buffer) -> {
				ShortBuffer source = buffer.asShortBuffer();
				short[] array = new short[source.remaining()];
				source.get(array);
				return array;
			});

	private static final PayloadCodec<int[]> INTS = new PayloadCodec<>(int[].class, Integer.BYTES,
			(array) -> array.length, (array, buffer) -> buffer.asIntBuffer().put(array), (buffer) -> {
				IntBuffer source = buffer.asIntBuffer();
				int[] array = new int[source.remaining()];
				source.get(array);
				return array;
			});

	private static final PayloadCodec<long[]> LONGS = new PayloadCodec<>(long[].class, Long.BYTES,
			(array) -> array.length, (array, buffer) -> buffer.asLongBuffer().put(array), (buffer) -> {
				LongBuffer source = buffer.asLongBuffer();
				long[] array = new long[source.remaining()];
				source.get(array);
				return array;
			});

	private static final PayloadCodec<float[]> FLOATS = new PayloadCodec<>(float[].class, Float.BYTES,
			(array) -> array.length, (array, buffer) -> buffer.asFloatBuffer().put(array), (buffer) -> {
				FloatBuffer source = buffer.asFloatBuffer();
				float[] array = new float[source.remaining()];
				source.get(array);
				return array;
			});

	private static final PayloadCodec<double[]> DOUBLES = new PayloadCodec<>(double[].class, Double.BYTES,
			(array) -> array.length, (array, buffer) -> buffer.asDoubleBuffer().put(array), (buffer) -> {
				DoubleBuffer source = buffer.asDoubleBuffer();
				double[] array = new double[source.remaining()];
				source.get(array);
				return array;
			});

	private static final Map<Class<?>, PayloadCodec<?>> CODECS = Stream
		.of(BYTES, BYTE_BUFFER, BOOLEANS, CHARS, SHORTS, INTS, LONGS, FLOATS, DOUBLES)
		.collect(Collectors.toUnmodifiableMap(PayloadCodec::type, Function.identity()));

	/** What reads a type, or null for types that need a message converter. */
	@SuppressWarnings("unchecked")
	static <T> @Nullable Function<ByteBuffer, T> reader(Class<T> type) {
		if (type == String.class) {
			return (buffer) -> type.cast(new String(BYTES.read(buffer), StandardCharsets.UTF_8));
		}
		PayloadCodec<T> codec = (PayloadCodec<T>) CODECS.get(type);
		return (codec != null) ? codec::read : null;
	}

	/** The bytes of a value, or null for those that need a message converter. */
	@SuppressWarnings("unchecked")
	static @Nullable OutgoingPayload<?> outgoing(Object value) {
		if (value instanceof String string) {
			return new OutgoingPayload<>(string.getBytes(StandardCharsets.UTF_8), BYTES);
		}
		if (value instanceof ByteBuffer buffer) {
			return new OutgoingPayload<>(buffer, BYTE_BUFFER);
		}
		PayloadCodec<Object> codec = (PayloadCodec<Object>) CODECS.get(value.getClass());
		return (codec != null) ? new OutgoingPayload<>(value, codec) : null;
	}

	private T read(ByteBuffer payload) {
		if (payload.remaining() % this.elementSize != 0) {
			throw new MessageConversionException("A payload of " + payload.remaining() + " bytes is no "
					+ this.type.getTypeName() + ", whose elements have " + this.elementSize + " bytes");
		}
		return this.reader.apply(payload.order(ByteOrder.LITTLE_ENDIAN));
	}

}
