package io.axonipc.samples.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** What a run found out, and what it could not. */
final class Results {

	private final List<Result> all = new ArrayList<>();

	private final Map<String, String> notMeasured = new LinkedHashMap<>();

	void add(Result result) {
		this.all.add(result);
	}

	/**
	 * Notes why something has no figure.
	 * @param what a case, or a metric of one
	 * @param reason what to tell people
	 */
	void notMeasured(Object what, String reason) {
		this.notMeasured.put(what.toString(), reason);
	}

	List<Result> all() {
		return this.all;
	}

	/** Reasons by case. */
	Map<String, String> notMeasured() {
		return this.notMeasured;
	}

	/** The median; of streams that of the natural ring. */
	OptionalDouble value(String system, String scenario, String metric) {
		return value(new Case(system, scenario), metric);
	}

	OptionalDouble value(Case item, String metric) {
		return this.all.stream()
			.filter((result) -> result.item().equals(item) && result.metric().equals(metric))
			.mapToDouble(Result::value)
			.findFirst();
	}

}
