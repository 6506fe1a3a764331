package io.axonipc.samples.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The rounds of one case, as its workers reported them. */
final class Samples {

	private static final double BYTES_PER_MEGABYTE = 1e6;

	private static final Map<String, String> PERCENTILES = new LinkedHashMap<>();

	static {
		PERCENTILES.put("p50", Result.RTT_P50);
		PERCENTILES.put("p90", "rtt_p90");
		PERCENTILES.put("p99", "rtt_p99");
		PERCENTILES.put("p999", "rtt_p999");
		PERCENTILES.put("p9999", "rtt_p9999");
	}

	private final Case item;

	private final List<Map<String, Double>> rounds = new ArrayList<>();

	Samples(Case item) {
		this.item = item;
	}

	void add(Map<String, Double> figures) {
		this.rounds.add(figures);
	}

	/**
	 * The rounds as results.
	 * @param results where to put them
	 * @param cacheLine the round trip of one cache line in this run in nanoseconds, 0
	 * when it was not measured: a round that is faster than half of it was not run on two
	 * cores, whatever the host says
	 */
	void addTo(Results results, double cacheLine) {
		List<Map<String, Double>> good = new ArrayList<>();
		List<Map<String, Double>> outliers = new ArrayList<>();
		for (Map<String, Double> round : this.rounds) {
			boolean outlier = this.item.isRoundTrip() && !this.item.usesOneCpu()
					&& round.getOrDefault("p50", cacheLine) < cacheLine / 2;
			(outlier ? outliers : good).add(round);
		}
		if (good.isEmpty()) {
			results.notMeasured(this.item, this.rounds.isEmpty() ? "no round was finished"
					: "all rounds were outliers of the host: faster than half a cache line's round trip");
			return;
		}
		if (this.item.isStream()) {
			addThroughput(results, good);
		}
		else if (this.item.isStart()) {
			addStartTime(results, good);
		}
		else {
			PERCENTILES
				.forEach((key, metric) -> add(results, metric, "ns", figures(good, key), figures(outliers, key)));
		}
		if (this.item.system().equals("axon-java") && good.get(0).containsKey("alloc")) {
			add(results, Result.ALLOC, "B/op", figures(good, "alloc"), List.of());
		}
	}

	/** Users start a JVM once, so that counts where both are reported. */
	private void addStartTime(Results results, List<Map<String, Double>> good) {
		boolean fresh = good.get(0).containsKey("start_fresh");
		add(results, Result.START_TIME, "ms", figures(good, fresh ? "start_fresh" : "start"), List.of());
		if (fresh) {
			add(results, "start_time_warm", "ms", figures(good, "start"), List.of());
		}
	}

	private void addThroughput(Results results, List<Map<String, Double>> good) {
		String key = this.item.countsBytes() ? "bytes" : "messages";
		double scale = this.item.countsBytes() ? BYTES_PER_MEGABYTE : 1;
		List<Double> rates = good.stream().map((round) -> round.get(key) / round.get("seconds") / scale).toList();
		add(results, Result.THROUGHPUT, this.item.countsBytes() ? "MB/s" : "msg/s", rates, List.of());
	}

	private static List<Double> figures(List<Map<String, Double>> rounds, String key) {
		return rounds.stream().filter((round) -> round.containsKey(key)).map((round) -> round.get(key)).toList();
	}

	private void add(Results results, String metric, String unit, List<Double> runs, List<Double> leftOut) {
		if (!runs.isEmpty()) {
			results.add(new Result(this.item, metric, unit, runs, leftOut));
		}
	}

}
