package io.axonipc.samples.benchmarks;

import java.util.List;

import io.axonipc.samples.benchmarks.Target.Verdict;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class TargetsTest {

	private Results results = new Results();

	@BeforeEach
	void everythingHolds() {
		rtt("c-cacheline", "spin-32", 300);
		rtt("axon-java", "spin-32", 360);
		rtt("aeron-ipc", "spin-32", 360);
		rtt("axon-c", "spin-32", 378);
		rtt("axon-java", "spin-1k", 600);
		rtt("aeron-ipc", "spin-1k", 600);
		rate("axon-java", "stream-32", 80e6);
		rate("aeron-ipc", "stream-32", 40e6);
		rate("axon-c", "stream-32", 76e6);
		rate("axon-java", "stream-256", 15e6);
		rate("aeron-ipc", "stream-256", 10e6);
		rate("axon-java", "stream-1k", 25e6);
		rate("aeron-ipc", "stream-1k", 10e6);
		rate("axon-java", "shared-4x32", 10e6);
		rate("aeron-ipc-shared", "shared-4x32", 10e6);
		for (String scenario : List.of("stream-1m", "stream-16m")) {
			rate("axon-java", scenario, 6500);
			rate("aeron-ipc", scenario, 1300);
			rate("memcpy", scenario, 10000);
		}
		rtt("axon-java", "park-32", 44_000);
		rtt("c-semaphore", "park-32", 40_000);
		add("axon-java", "idle", Result.IDLE_CPU, 0.5);
		rtt("axon-java", "default-32", 468);
		rtt("axon-java", "onecore-32", 3_000);
		rtt("c-semaphore", "onecore-32", 2_000);
		rtt("axon-java", "sparse-32", 130_000);
		rtt("c-semaphore", "sparse-32", 100_000);
		for (String scenario : List.of("spin-32", "stream-32")) {
			add("axon-java", scenario, Result.ALLOC, 0);
			add("axon-java", scenario, Result.SYSCALLS, 0);
		}
		rtt("axon-python", "java-python-32", 2_500);
		rtt("python-pipe", "java-python-32", 25_000);
		rate("axon-python", "python-java-stream-32", 2e6);
		rtt("axon-spring", "listener-bytes", 1_800);
		rtt("axon-spring", "listener-json", 7_200);
		add("axon-java", "open", Result.START_TIME, 5);
		add("axon-spring", "spring-start", Result.START_TIME, 400);
	}

	@Test
	void figuresAtTheirLimitsPass() {
		assertThat(Targets.of(this.results))
			.allSatisfy((target) -> assertThat(target.verdict(this.results)).as(target.text()).isEqualTo(Verdict.PASS))
			.extracting(Target::number)
			.containsOnly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
			.isSorted();
	}

	@ParameterizedTest
	@CsvSource({ "axon-java, spin-32, rtt_p50, 361, 1", "axon-java, spin-1k, rtt_p50, 601, 1",
			"axon-java, stream-32, throughput, 79e6, 2", "axon-java, stream-256, throughput, 14.9e6, 2",
			"axon-java, stream-1k, throughput, 24e6, 2", "axon-java, shared-4x32, throughput, 9.9e6, 2",
			"axon-java, stream-1m, throughput, 6400, 3", "axon-java, stream-16m, throughput, 6400, 3",
			"axon-java, park-32, rtt_p50, 44001, 4", "axon-java, idle, idle_cpu, 0.51, 4",
			"axon-java, default-32, rtt_p50, 469, 4", "axon-java, onecore-32, rtt_p50, 3001, 5",
			"axon-java, sparse-32, rtt_p50, 130001, 5", "axon-java, spin-32, alloc, 0.01, 6",
			"axon-java, stream-32, alloc, 16, 6", "axon-java, spin-32, syscalls, 0.001, 6",
			"axon-java, stream-32, syscalls, 1, 6", "axon-python, java-python-32, rtt_p50, 2501, 7",
			"axon-python, python-java-stream-32, throughput, 1.9e6, 7", "axon-spring, listener-bytes, rtt_p50, 1801, 8",
			"axon-spring, listener-json, rtt_p50, 7201, 8", "axon-c, spin-32, rtt_p50, 379, 9",
			"axon-c, stream-32, throughput, 75e6, 9", "axon-java, open, start_time, 5.1, 10",
			"axon-spring, spring-start, start_time, 401, 10" })
	void figuresBeyondTheirLimitsFail(String system, String scenario, String metric, double value, int number) {
		Results worse = without(system, scenario, metric);
		worse.add(new Result(new Case(system, scenario), metric, "", List.of(value), List.of()));
		assertThat(Targets.of(worse)).filteredOn((target) -> target.verdict(worse) == Verdict.FAIL)
			.isNotEmpty()
			.extracting(Target::number)
			.contains(number);
	}

	@Test
	void whatIsNotMeasuredNeitherPassesNorFails() {
		Results none = new Results();
		assertThat(Targets.of(none)).isNotEmpty()
			.allSatisfy((target) -> assertThat(target.verdict(none)).isEqualTo(Verdict.NOT_MEASURED));
	}

	@Test
	void aMissingRivalIsNotMeasured() {
		Results without = without("aeron-ipc", "spin-1k", Result.RTT_P50);
		assertThat(Targets.of(without)).filteredOn((target) -> target.text().startsWith("spin-1k"))
			.singleElement()
			.satisfies((target) -> assertThat(target.verdict(without)).isEqualTo(Verdict.NOT_MEASURED));
	}

	private Results without(String system, String scenario, String metric) {
		Results others = new Results();
		this.results.all()
			.stream()
			.filter((result) -> !result.item().equals(new Case(system, scenario)) || !result.metric().equals(metric))
			.forEach(others::add);
		return others;
	}

	private void rtt(String system, String scenario, double nanos) {
		add(system, scenario, Result.RTT_P50, nanos);
	}

	private void rate(String system, String scenario, double rate) {
		add(system, scenario, Result.THROUGHPUT, rate);
	}

	private void add(String system, String scenario, String metric, double value) {
		this.results.add(new Result(new Case(system, scenario), metric, "", List.of(value), List.of()));
	}

}
