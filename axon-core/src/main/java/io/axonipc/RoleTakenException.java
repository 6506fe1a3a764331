package io.axonipc;

/** Another process, or another part of this one, holds the role. */
public final class RoleTakenException extends AxonException {

	private static final long serialVersionUID = 1L;

	private final long pid;

	RoleTakenException(String message, long pid) {
		super(message);
		this.pid = pid;
	}

	/**
	 * Who holds the role, as far as the segment's header tells.
	 * @return a process id in the holder's namespace
	 */
	public long pid() {
		return this.pid;
	}

}
