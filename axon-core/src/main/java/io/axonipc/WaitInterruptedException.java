package io.axonipc;

/** The thread was interrupted while it waited; its interrupt status is still set. */
public final class WaitInterruptedException extends AxonException {

	private static final long serialVersionUID = 1L;

	WaitInterruptedException(String message) {
		super(message);
	}

}
