package io.axonipc;

/** There is not enough shared memory. */
public final class ChannelMemoryException extends AxonException {

	private static final long serialVersionUID = 1L;

	ChannelMemoryException(String message) {
		super(message);
	}

	ChannelMemoryException(String message, Throwable cause) {
		super(message, cause);
	}

}
