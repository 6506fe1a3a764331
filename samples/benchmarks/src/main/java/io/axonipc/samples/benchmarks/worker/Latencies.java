package io.axonipc.samples.benchmarks.worker;

import java.util.LinkedHashMap;
import java.util.Map;

import org.HdrHistogram.Histogram;

/** The round-trip times of one round. For one thread. */
public final class Latencies {

	/** No round trip takes longer: a worker would have given up. */
	private static final long HIGHEST_NANOS = 60_000_000_000L;

	private final Histogram histogram = new Histogram(HIGHEST_NANOS, 3);

	/** Forgets the last round. */
	public void restart() {
		this.histogram.reset();
	}

	/**
	 * Notes a round trip; allocates nothing.
	 * @param nanos how long it took
	 */
	public void record(long nanos) {
		this.histogram.recordValue(Math.min(nanos, HIGHEST_NANOS));
	}

	/**
	 * What a worker reports.
	 * @return p50, p90, p99, p999, p9999 and max in nanoseconds, by key
	 */
	public Map<String, Number> figures() {
		Map<String, Number> figures = new LinkedHashMap<>();
		figures.put("p50", this.histogram.getValueAtPercentile(50));
		figures.put("p90", this.histogram.getValueAtPercentile(90));
		figures.put("p99", this.histogram.getValueAtPercentile(99));
		figures.put("p999", this.histogram.getValueAtPercentile(99.9));
		figures.put("p9999", this.histogram.getValueAtPercentile(99.99));
		figures.put("max", this.histogram.getMaxValue());
		return figures;
	}

}
