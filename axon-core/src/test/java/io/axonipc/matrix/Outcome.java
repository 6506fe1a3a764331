package io.axonipc.matrix;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How many steps went well, and what went wrong.
 *
 * @param passed steps that went well
 * @param steps all steps there are
 * @param failures where and how others failed
 */
record Outcome(int passed, int steps, List<Failure> failures) {

	static Outcome good(int steps) {
		return new Outcome(steps, steps, List.of());
	}

	static Outcome failed(int passed, int steps, Failure failure) {
		return new Outcome(passed, steps, List.of(failure));
	}

	Outcome plus(Outcome other) {
		return new Outcome(this.passed + other.passed, this.steps + other.steps,
				Stream.concat(this.failures.stream(), other.failures.stream()).toList());
	}

	boolean isGood() {
		return this.failures.isEmpty() && this.passed == this.steps;
	}

	/**
	 * What went wrong, and where: a line for all conversations in which it was the same.
	 */
	List<String> report() {
		return this.failures.stream()
			.collect(Collectors.groupingBy(Failure::what, LinkedHashMap::new,
					Collectors.mapping(Failure::where, Collectors.joining("; "))))
			.entrySet()
			.stream()
			.map((entry) -> entry.getKey() + " (" + entry.getValue() + ")")
			.toList();
	}

	@Override
	public String toString() {
		return (isGood() ? "ok " : "FAILED ") + this.passed + "/" + this.steps;
	}

}
