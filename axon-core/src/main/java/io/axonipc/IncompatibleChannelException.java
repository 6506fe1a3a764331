package io.axonipc;

/** The channel was made by another version of the protocol or with another C library. */
public final class IncompatibleChannelException extends AxonException {

	private static final long serialVersionUID = 1L;

	IncompatibleChannelException(String message) {
		super(message);
	}

}
