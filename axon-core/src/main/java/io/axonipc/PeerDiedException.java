package io.axonipc;

/** The peer that was there when the request was sent went away before it answered. */
public final class PeerDiedException extends AxonException {

	private static final long serialVersionUID = 1L;

	PeerDiedException(String message) {
		super(message);
	}

}
