package io.axonipc;

/** Owner or permissions of the channel's shared memory are not as they must be. */
public final class ChannelAccessException extends AxonException {

	private static final long serialVersionUID = 1L;

	ChannelAccessException(String message) {
		super(message);
	}

	ChannelAccessException(String message, Throwable cause) {
		super(message, cause);
	}

}
