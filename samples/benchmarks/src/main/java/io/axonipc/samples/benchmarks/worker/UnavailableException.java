package io.axonipc.samples.benchmarks.worker;

/** Says why a system cannot run here, while it is opened. */
public class UnavailableException extends Exception {

	private static final long serialVersionUID = 1;

	/**
	 * A reason for the list of what was not measured.
	 * @param reason what is missing
	 */
	public UnavailableException(String reason) {
		super(reason);
	}

}
