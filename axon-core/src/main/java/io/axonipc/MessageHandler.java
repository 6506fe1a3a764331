package io.axonipc;

/** Handles messages in place. */
@FunctionalInterface
public interface MessageHandler {

	/**
	 * Handles one message. It is acknowledged when this returns or throws; when the
	 * process dies before, a successor receives it again.
	 * @param message the message, valid until this returns; what is needed longer must be
	 * copied
	 */
	void onMessage(MessageView message);

}
