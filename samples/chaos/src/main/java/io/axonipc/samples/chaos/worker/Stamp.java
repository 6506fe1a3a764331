package io.axonipc.samples.chaos.worker;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;

/**
 * The 16 bytes that prove a message: its number, the size of its body, and the CRC-32 of
 * number and body. They travel as metadata beside the body, or before it in the payload.
 */
final class Stamp {

	static final int SIZE = 16;

	private final CRC32 crc = new CRC32();

	private final ByteBuffer bytes = buffer();

	private final ByteBuffer number = buffer();

	private static ByteBuffer buffer() {
		return ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
	}

	/** The stamp of a message; the same array each time. */
	byte[] of(long messageNumber, ByteBuffer body) {
		this.bytes.putLong(0, messageNumber).putInt(8, body.remaining()).putInt(12, crc(messageNumber, body));
		return this.bytes.array();
	}

	private int crc(long messageNumber, ByteBuffer body) {
		this.number.putLong(0, messageNumber);
		this.crc.reset();
		this.crc.update(this.number.array(), 0, Long.BYTES);
		this.crc.update(body.duplicate());
		return (int) this.crc.getValue();
	}

	boolean fits(ByteBuffer stamp, ByteBuffer body) {
		return stamp.getLong(0) > 0 && stamp.getInt(8) == body.remaining()
				&& stamp.getInt(12) == crc(stamp.getLong(0), body);
	}

}
