package io.axonipc.samples.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

import io.axonipc.samples.benchmarks.Target.Figure;

/** What the figures have to reach. The only place with the limits. */
final class Targets {

	private static final String JAVA = "axon-java";

	private static final String C = "axon-c";

	private static final String AERON = "aeron-ipc";

	private static final double TOLERANCE = 0.05;

	private final List<Target> all = new ArrayList<>();

	private Targets() {
	}

	static List<Target> of(Results results) {
		Targets targets = new Targets();
		targets.againstOthers();
		targets.waiting();
		targets.absolute();
		targets.languages(results);
		return targets.all;
	}

	private void againstOthers() {
		rttRatio(1, "spin-32", "c-cacheline", 1.2);
		rttRatio(1, "spin-32", AERON, 1);
		rttRatio(1, "spin-1k", AERON, 1);
		rateRatio(2, "stream-32", AERON, 2);
		rateRatio(2, "stream-256", AERON, 1.5);
		rateRatio(2, "stream-1k", AERON, 2.5);
		rateRatio(2, "shared-4x32", "aeron-ipc-shared", 1);
		for (String scenario : List.of("stream-1m", "stream-16m")) {
			rateRatio(3, scenario, AERON, 5);
			rateRatio(3, scenario, "memcpy", 0.65);
		}
	}

	private void waiting() {
		rttRatio(4, "park-32", "c-semaphore", 1.1);
		atMost(4, "idle, percent of a core", value(JAVA, "idle", Result.IDLE_CPU), 0.5);
		atMost(4, "default-32 / spin-32", ratio(JAVA, "default-32", JAVA, "spin-32", Result.RTT_P50), 1.3);
		rttRatio(5, "onecore-32", "c-semaphore", 1.5);
		rttRatio(5, "sparse-32", "c-semaphore", 1.3);
	}

	private void absolute() {
		for (String scenario : List.of("spin-32", "stream-32")) {
			// Rounds end in a few objects and calls: less than half a unit of the last
			// digit
			// shown is none.
			atMost(6, scenario + " bytes allocated per message", value(JAVA, scenario, Result.ALLOC), 0.005);
		}
		for (String scenario : List.of("spin-32", "stream-32")) {
			atMost(6, scenario + " system calls per message", value(JAVA, scenario, Result.SYSCALLS), 0.0005);
		}
		String python = "java-python-32";
		atMost(7, python + " p50, ns", value("axon-python", python, Result.RTT_P50), 2500);
		atMost(7, python + " / python-pipe", ratio("axon-python", python, "python-pipe", python, Result.RTT_P50), 0.1);
		atLeast(7, "python-java-stream-32, million messages/s",
				(results) -> scale(results.value("axon-python", "python-java-stream-32", Result.THROUGHPUT), 1e-6), 2);
		atMost(8, "listener-bytes / spin-32", ratio("axon-spring", "listener-bytes", JAVA, "spin-32", Result.RTT_P50),
				5);
		atMost(8, "listener-json / spin-32", ratio("axon-spring", "listener-json", JAVA, "spin-32", Result.RTT_P50),
				20);
		atMost(10, "open a channel, ms", value(JAVA, "open", Result.START_TIME), 5);
		atMost(10, "a Spring context with a channel, more ms", value("axon-spring", "spring-start", Result.START_TIME),
				400);
	}

	/**
	 * Target 9 is for every scenario that both were measured in; without any, it is open.
	 */
	private void languages(Results results) {
		Set<String> scenarios = new LinkedHashSet<>();
		for (Result result : results.all()) {
			if (result.item().ring().isEmpty() && result.item().system().equals(C)
					&& !result.metric().equals(Result.IDLE_CPU)) {
				scenarios.add(result.item().scenario());
			}
		}
		if (scenarios.isEmpty()) {
			scenarios.add("spin-32");
		}
		for (String scenario : scenarios) {
			String text = scenario + " axon-c / axon-java";
			if (new Case(C, scenario).isStream()) {
				atLeast(9, text, ratio(C, scenario, JAVA, scenario, Result.THROUGHPUT), 1 - TOLERANCE);
			}
			else {
				atMost(9, text, ratio(C, scenario, JAVA, scenario, Result.RTT_P50), 1 + TOLERANCE);
			}
		}
		this.all.sort((a, b) -> Integer.compare(a.number(), b.number()));
	}

	private void rttRatio(int number, String scenario, String rival, double limit) {
		atMost(number, scenario + " p50 / " + rival, ratio(JAVA, scenario, rival, scenario, Result.RTT_P50), limit);
	}

	private void rateRatio(int number, String scenario, String rival, double limit) {
		atLeast(number, scenario + " / " + rival, ratio(JAVA, scenario, rival, scenario, Result.THROUGHPUT), limit);
	}

	private void atMost(int number, String text, Figure figure, double limit) {
		this.all.add(new Target(number, text, figure, false, limit));
	}

	private void atLeast(int number, String text, Figure figure, double limit) {
		this.all.add(new Target(number, text, figure, true, limit));
	}

	private static Figure value(String system, String scenario, String metric) {
		return (results) -> results.value(system, scenario, metric);
	}

	private static Figure ratio(String system, String scenario, String rival, String rivalScenario, String metric) {
		return (results) -> {
			var own = results.value(system, scenario, metric);
			var other = results.value(rival, rivalScenario, metric);
			return (own.isPresent() && other.isPresent()) ? OptionalDouble.of(own.getAsDouble() / other.getAsDouble())
					: OptionalDouble.empty();
		};
	}

	private static OptionalDouble scale(OptionalDouble value, double factor) {
		return value.isPresent() ? OptionalDouble.of(value.getAsDouble() * factor) : value;
	}

}
