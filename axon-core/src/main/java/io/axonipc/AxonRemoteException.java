package io.axonipc;

/** The peer answered with an error; the message is its text. */
public final class AxonRemoteException extends AxonException {

	private static final long serialVersionUID = 1L;

	AxonRemoteException(String message) {
		super(message);
	}

}
