package io.axonipc;

/**
 * What travels with a payload.
 *
 * @param tag the message's name, 1 to 255 bytes of UTF-8
 * @param metadata up to 65535 bytes, not copied, or null; absent, it costs nothing
 */
public record MessageHeader(String tag, byte[] metadata) {

	/**
	 * A header without metadata.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 */
	public MessageHeader(String tag) {
		this(tag, null);
	}

}
