package io.axonipc;

/** A message that could never fit this channel. Nothing was sent. */
public final class MessageTooLargeException extends AxonException {

	private static final long serialVersionUID = 1L;

	MessageTooLargeException(String message) {
		super(message);
	}

}
