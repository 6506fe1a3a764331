package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import org.springframework.messaging.converter.MessageConversionException;

/**
 * A payload whose length is known and whose bytes are yet to be written, so that they go
 * straight to where they are sent from.
 *
 * @param <T> the type of its source
 * @param source what to write
 * @param codec how to write it
 */
record OutgoingPayload<T>(T source, PayloadCodec<T> codec) {

	/** Its length in bytes. */
	int length() {
		long length = (long) this.codec.count().applyAsInt(this.source) * this.codec.elementSize();
		if (length > Integer.MAX_VALUE) {
			throw new MessageConversionException(
					"A " + this.codec.type().getTypeName() + " of " + length + " bytes is too long for a message");
		}
		return (int) length;
	}

	void writeTo(ByteBuffer buffer) {
		this.codec.writer().accept(this.source, buffer.order(ByteOrder.LITTLE_ENDIAN));
	}

	/** One that does not change with its source, unless that is bytes already. */
	OutgoingPayload<?> detached() {
		return new OutgoingPayload<>(toBuffer(), PayloadCodec.BYTE_BUFFER);
	}

	/** Its bytes; may share memory with its source. */
	ByteBuffer toBuffer() {
		if (this.source instanceof byte[] bytes) {
			return ByteBuffer.wrap(bytes);
		}
		if (this.source instanceof ByteBuffer buffer) {
			return buffer.duplicate();
		}
		return copy();
	}

	/** Its bytes, in memory of their own. */
	ByteBuffer copy() {
		ByteBuffer buffer = ByteBuffer.allocate(length());
		writeTo(buffer);
		return buffer.clear();
	}

}
