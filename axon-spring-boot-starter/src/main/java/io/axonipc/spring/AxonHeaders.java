package io.axonipc.spring;

import org.springframework.messaging.handler.annotation.Header;

/**
 * Names of message headers, for {@link Header @Header} parameters of listener methods.
 */
public final class AxonHeaders {

	/** The prefix of all names. */
	public static final String PREFIX = "axon_";

	/** The key of the channel: {@code String}. */
	public static final String CHANNEL = PREFIX + "channel";

	/** The tag: {@code String}. */
	public static final String TAG = PREFIX + "tag";

	/**
	 * The correlation id of a request: {@code Long}; absent when no reply is expected.
	 */
	public static final String CORRELATION_ID = PREFIX + "correlationId";

	/**
	 * Whether this process or a predecessor died with this message in hand:
	 * {@code Boolean}.
	 */
	public static final String REDELIVERED = PREFIX + "redelivered";

	/**
	 * What the sender sent beside the payload: {@code byte[]}; absent when that is
	 * nothing.
	 */
	public static final String METADATA = PREFIX + "metadata";

	private AxonHeaders() {
	}

}
