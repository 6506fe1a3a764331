package io.axonipc;

/**
 * The channel was closed, by this process or because of an earlier error; open it again.
 */
public final class ChannelClosedException extends AxonException {

	private static final long serialVersionUID = 1L;

	ChannelClosedException(String message) {
		super(message);
	}

	ChannelClosedException(String message, Throwable cause) {
		super(message, cause);
	}

}
