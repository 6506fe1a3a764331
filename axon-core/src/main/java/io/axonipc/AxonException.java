package io.axonipc;

/**
 * The base of everything that Axon throws except {@link IllegalArgumentException} and
 * {@link IllegalStateException} for misuse. Its message says what happened, to which
 * channel, with which values, and what to do.
 */
public class AxonException extends RuntimeException {

	private static final long serialVersionUID = 1L;

	AxonException(String message) {
		super(message);
	}

	AxonException(String message, Throwable cause) {
		super(message, cause);
	}

}
