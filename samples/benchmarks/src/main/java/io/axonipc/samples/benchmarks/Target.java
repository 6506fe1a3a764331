package io.axonipc.samples.benchmarks;

import java.util.OptionalDouble;

/**
 * A limit, and the figure that has to keep it.
 *
 * @param number the target's number
 * @param text which figure it is; the systems are named where there is a choice
 * @param figure finds it
 * @param atLeast whether the figure must not be below the limit, instead of not above
 * @param limit the limit
 */
record Target(int number, String text, Figure figure, boolean atLeast, double limit) {

	Verdict verdict(Results results) {
		OptionalDouble value = this.figure.of(results);
		if (value.isEmpty()) {
			return Verdict.NOT_MEASURED;
		}
		boolean holds = this.atLeast ? value.getAsDouble() >= this.limit : value.getAsDouble() <= this.limit;
		return holds ? Verdict.PASS : Verdict.FAIL;
	}

	/** Finds a figure among the results. */
	interface Figure {

		OptionalDouble of(Results results);

	}

	/** What becomes of a target. */
	enum Verdict {

		PASS, FAIL, NOT_MEASURED;

		@Override
		public String toString() {
			return name().replace('_', ' ');
		}

	}

}
