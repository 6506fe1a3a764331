package io.axonipc.testing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** Counts messages, and sums up all their bytes: tag, metadata and payload. */
public final class Tally {

	private final CRC32 crc = new CRC32();

	private int messages;

	/**
	 * Adds a message.
	 * @param tag its tag
	 * @param metadata its metadata, or null
	 * @param payload the bytes from position to limit, left as they are
	 */
	public void add(String tag, byte[] metadata, ByteBuffer payload) {
		this.messages++;
		this.crc.update(tag.getBytes(StandardCharsets.UTF_8));
		if (metadata != null) {
			this.crc.update(metadata);
		}
		this.crc.update(payload.duplicate());
	}

	/**
	 * How many were added.
	 * @return messages
	 */
	public int messages() {
		return this.messages;
	}

	/**
	 * As peers print it.
	 * @return the number of messages, and the CRC-32 in eight hexadecimal digits
	 */
	@Override
	public String toString() {
		return "%d/%08x".formatted(this.messages, this.crc.getValue());
	}

}
