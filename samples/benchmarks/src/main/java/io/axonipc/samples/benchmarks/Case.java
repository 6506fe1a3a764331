package io.axonipc.samples.benchmarks;

import io.axonipc.samples.benchmarks.worker.Setup;

/**
 * One system in one scenario: what one pair of processes measures.
 *
 * @param system the system's name, as in the results
 * @param scenario the scenario's name, as in the results
 * @param ring {@code full} or {@code empty} for the streams that keep it so, otherwise an
 * empty string
 */
record Case(String system, String scenario, String ring) {

	static final String FULL = "full";

	static final String EMPTY = "empty";

	Case(String system, String scenario) {
		this(system, scenario, "");
	}

	/** The scenario's name for the workers: a sender has to know that it is to pause. */
	String workerScenario() {
		return this.ring.equals(EMPTY) ? this.scenario + "-empty" : this.scenario;
	}

	boolean isStream() {
		return Setup.of(this.system, this.scenario, true, "").isStream();
	}

	boolean isRoundTrip() {
		return !isStream() && !isIdle() && !isStart();
	}

	boolean isIdle() {
		return this.scenario.equals("idle");
	}

	/** Whether it measures how long something takes to start. */
	boolean isStart() {
		return this.scenario.equals("open") || this.scenario.equals("spring-start");
	}

	boolean hasOneProcess() {
		return isStart() || this.system.equals("memcpy");
	}

	boolean usesOneCpu() {
		return this.scenario.startsWith("onecore");
	}

	/** Whether the senders are several threads, which are not pinned. */
	boolean isShared() {
		return this.scenario.startsWith("shared");
	}

	int size() {
		return Setup.of(this.system, this.scenario, true, "").size();
	}

	/** Large messages are counted in bytes, small ones in messages. */
	boolean countsBytes() {
		return size() > 1024;
	}

	@Override
	public String toString() {
		return this.system + "/" + this.scenario + (this.ring.isEmpty() ? "" : "/" + this.ring);
	}

}
