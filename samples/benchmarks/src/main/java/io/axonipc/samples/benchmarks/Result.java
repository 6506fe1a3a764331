package io.axonipc.samples.benchmarks;

import java.util.Arrays;
import java.util.List;

/**
 * One figure of one case.
 *
 * @param item what was measured
 * @param metric the kind of figure
 * @param unit its unit
 * @param runs the figure of each round that counts
 * @param leftOut the figures of rounds that the host spoiled
 */
record Result(Case item, String metric, String unit, List<Double> runs, List<Double> leftOut) {

	static final String RTT_P50 = "rtt_p50";

	static final String THROUGHPUT = "throughput";

	static final String IDLE_CPU = "idle_cpu";

	static final String ALLOC = "alloc";

	static final String SYSCALLS = "syscalls";

	static final String START_TIME = "start_time";

	Result {
		if (runs.isEmpty()) {
			throw new IllegalArgumentException(item + " " + metric + ": no runs");
		}
		runs = List.copyOf(runs);
		leftOut = List.copyOf(leftOut);
	}

	double value() {
		return median(this.runs);
	}

	static double median(List<Double> values) {
		double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
		Arrays.sort(sorted);
		int middle = sorted.length / 2;
		return (sorted.length % 2 == 1) ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
	}

}
