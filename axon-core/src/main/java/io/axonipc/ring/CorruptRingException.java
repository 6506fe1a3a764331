package io.axonipc.ring;

/** A word in shared memory has a value that the protocol does not allow. */
public final class CorruptRingException extends RuntimeException {

	private static final long serialVersionUID = 1L;

	/**
	 * Made by the ring for its caller, who knows the channel.
	 * @param what what was found, with the values
	 */
	public CorruptRingException(String what) {
		super(what);
	}

}
