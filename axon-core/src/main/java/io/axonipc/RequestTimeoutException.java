package io.axonipc;

/** No reply within the time-out. */
public final class RequestTimeoutException extends AxonException {

	private static final long serialVersionUID = 1L;

	RequestTimeoutException(String message) {
		super(message);
	}

}
