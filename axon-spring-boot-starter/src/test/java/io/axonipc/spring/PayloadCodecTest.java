package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Function;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.messaging.converter.MessageConversionException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class PayloadCodecTest {

	static Stream<Object> values() {
		return Stream.of(new byte[] { 1, -2 }, new boolean[] { true, false, true }, new char[] { 'a', '\u20ac' },
				new short[] { 1, Short.MIN_VALUE }, new int[] { 1, Integer.MIN_VALUE },
				new long[] { 1, Long.MIN_VALUE }, new float[] { 1.5f, Float.NaN }, new double[] { 0.1, -0.0 },
				"h\u00e9\u20ac\ud83d\ude00", "", new double[0], ByteBuffer.wrap(new byte[] { 1, 2, 3 }));
	}

	@ParameterizedTest
	@MethodSource("values")
	void whatIsWrittenIsRead(Object value) {
		OutgoingPayload<?> outgoing = PayloadCodec.outgoing(value);
		ByteBuffer target = ByteBuffer.allocateDirect(outgoing.length());
		outgoing.writeTo(target);
		Class<?> type = (value instanceof ByteBuffer) ? ByteBuffer.class : value.getClass();
		Function<ByteBuffer, ?> reader = PayloadCodec.reader(type);
		assertThat(reader.apply(target.clear())).isEqualTo(value);
		assertThat(reader.apply(outgoing.toBuffer())).isEqualTo(value);
	}

	@Test
	void numbersAreLittleEndian() {
		assertThat(PayloadCodec.outgoing(new int[] { 0x01020304, 5 }).toBuffer().array()).containsExactly(4, 3, 2, 1, 5,
				0, 0, 0);
		assertThat(PayloadCodec.outgoing(new double[] { 1 }).toBuffer().array()).containsExactly(0, 0, 0, 0, 0, 0, 0xf0,
				0x3f);
	}

	@Test
	void bufferIsSentFromPositionToLimitAndNotMoved() {
		ByteBuffer buffer = ByteBuffer.wrap(new byte[] { 1, 2, 3, 4 }).position(1).limit(3);
		OutgoingPayload<?> outgoing = PayloadCodec.outgoing(buffer);
		ByteBuffer target = ByteBuffer.allocate(outgoing.length());
		outgoing.writeTo(target);
		assertThat(target.array()).containsExactly(2, 3);
		assertThat(buffer.position()).isEqualTo(1);
		assertThat(buffer.limit()).isEqualTo(3);
	}

	@Test
	void bufferIsReadAsLittleEndianCopy() {
		ByteBuffer payload = ByteBuffer.wrap(new byte[] { 1, 0, 0, 0 });
		ByteBuffer read = PayloadCodec.reader(ByteBuffer.class).apply(payload);
		payload.put(0, (byte) 9);
		assertThat(read.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
		assertThat(read.getInt()).isEqualTo(1);
	}

	@Test
	void payloadWithHalfAnElementIsRefused() {
		Function<ByteBuffer, double[]> reader = PayloadCodec.reader(double[].class);
		assertThatExceptionOfType(MessageConversionException.class)
			.isThrownBy(() -> reader.apply(ByteBuffer.allocate(12)))
			.withMessageContaining("12 bytes")
			.withMessageContaining("double[]");
	}

	@Test
	void objectsNeedAConverter() {
		assertThat(PayloadCodec.outgoing(new Object())).isNull();
		assertThat(PayloadCodec.outgoing(1)).isNull();
		assertThat(PayloadCodec.reader(Object.class)).isNull();
		assertThat(PayloadCodec.reader(String[].class)).isNull();
	}

	@Test
	void payloadLongerThanAnyMessageIsRefused() {
		OutgoingPayload<int[]> outgoing = new OutgoingPayload<>(new int[0],
				new PayloadCodec<>(int[].class, Integer.BYTES, (array) -> 1 << 29, (array, buffer) -> {
				}, (buffer) -> new int[0]));
		assertThatExceptionOfType(MessageConversionException.class).isThrownBy(outgoing::length)
			.withMessageContaining("2147483648 bytes");
	}

}
