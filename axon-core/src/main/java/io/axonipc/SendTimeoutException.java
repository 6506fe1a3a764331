package io.axonipc;

/** The ring was full, and the peer made no room within the time-out. Nothing was sent. */
public final class SendTimeoutException extends AxonException {

	private static final long serialVersionUID = 1L;

	SendTimeoutException(String message) {
		super(message);
	}

}
