package io.axonipc.samples.benchmarks;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class SamplesTest {

	private final Results results = new Results();

	@Test
	void theValueIsTheMedian() {
		assertThat(Result.median(List.of(5.0, 1.0, 9.0))).isEqualTo(5);
		assertThat(Result.median(List.of(4.0, 1.0, 9.0, 2.0))).isEqualTo(3);
	}

	@Test
	void aRoundTripFasterThanHalfACacheLineIsLeftOut() {
		Samples samples = samples("axon-java", "spin-32", 300, 149, 310);
		samples.addTo(this.results, 300);
		Result p50 = this.results.all().get(0);
		assertThat(p50.metric()).isEqualTo(Result.RTT_P50);
		assertThat(p50.runs()).containsExactly(300.0, 310.0);
		assertThat(p50.leftOut()).containsExactly(149.0);
	}

	@Test
	void oneCoreMayBeFasterThanACacheLine() {
		samples("c-semaphore", "onecore-32", 100).addTo(this.results, 300);
		assertThat(this.results.value("c-semaphore", "onecore-32", Result.RTT_P50)).hasValue(100);
	}

	@Test
	void nothingButOutliersIsNotMeasured() {
		samples("axon-java", "spin-32", 20, 30).addTo(this.results, 300);
		assertThat(this.results.all()).isEmpty();
		assertThat(this.results.notMeasured().get("axon-java/spin-32")).contains("outliers");
	}

	@Test
	void smallMessagesAreCountedAndLargeOnesWeighed() {
		Map<String, Double> round = Map.of("seconds", 0.5, "messages", 100.0, "bytes", 1e8);
		Samples small = new Samples(new Case("axon-c", "stream-1k"));
		small.add(round);
		small.addTo(this.results, 0);
		Samples large = new Samples(new Case("axon-c", "stream-1m-claim"));
		large.add(round);
		large.addTo(this.results, 0);
		assertThat(this.results.all()).extracting(Result::unit).containsExactly("msg/s", "MB/s");
		assertThat(this.results.all()).extracting(Result::value).containsExactly(200.0, 200.0);
	}

	private static Samples samples(String system, String scenario, double... p50) {
		Samples samples = new Samples(new Case(system, scenario));
		for (double value : p50) {
			samples.add(Map.of("p50", value));
		}
		return samples;
	}

}
