package io.axonipc;

/**
 * Bytes in shared memory break the protocol, or the names were removed. The channel is
 * closed; look at the peer, then {@link AxonChannel#discard discard} the channel.
 */
public final class CorruptChannelException extends AxonException {

	private static final long serialVersionUID = 1L;

	CorruptChannelException(String message) {
		super(message);
	}

	CorruptChannelException(String message, Throwable cause) {
		super(message, cause);
	}

}
