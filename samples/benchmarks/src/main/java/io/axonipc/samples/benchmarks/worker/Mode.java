package io.axonipc.samples.benchmarks.worker;

/** How a worker waits for a message, and for room. */
public enum Mode {

	/** Never parks and never yields. */
	SPIN,

	/** Blocks at once. */
	PARK,

	/** As the system does unless it is told otherwise. */
	DEFAULT

}
