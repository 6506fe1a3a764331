package io.axonipc;

/** The channel does not exist, and no server made it within the time-out. */
public final class ChannelNotFoundException extends AxonException {

	private static final long serialVersionUID = 1L;

	ChannelNotFoundException(String message) {
		super(message);
	}

}
