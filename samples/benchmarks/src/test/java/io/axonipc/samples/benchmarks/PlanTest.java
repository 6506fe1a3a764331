package io.axonipc.samples.benchmarks;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class PlanTest {

	@Test
	void aQuickRunMeasuresWhatEveryTargetNames() {
		Results results = new Results();
		for (Group group : Plan.of(false, Set.of())) {
			for (Case item : group.cases()) {
				for (String metric : List.of(Result.RTT_P50, Result.THROUGHPUT, Result.IDLE_CPU, Result.ALLOC,
						Result.SYSCALLS, Result.START_TIME)) {
					results.add(new Result(item, metric, "", List.of(1.0), List.of()));
				}
			}
		}
		assertThat(Targets.of(results))
			.allSatisfy((target) -> assertThat(target.figure().of(results)).as(target.text()).isPresent());
	}

	@Test
	void ratiosComeFromOneGroup() {
		assertThat(groupOf("axon-java", "spin-32")).contains(new Case("c-cacheline", "spin-32"),
				new Case("aeron-ipc", "spin-32"), new Case("axon-java", "default-32"),
				new Case("axon-spring", "listener-json"));
		assertThat(groupOf("axon-java", "stream-16m")).contains(new Case("memcpy", "stream-16m"),
				new Case("aeron-ipc", "stream-16m"));
	}

	@Test
	void aFullRunMeasuresNothingTwice() {
		List<Case> cases = Plan.of(true, Set.of()).stream().flatMap((group) -> group.cases().stream()).toList();
		assertThat(new HashSet<>(cases)).hasSameSizeAs(cases);
	}

	@Test
	void aChoiceIsMeasuredAlone() {
		assertThat(Plan.of(true, Set.of("grpc-java/spin-32"))).singleElement()
			.satisfies((group) -> assertThat(group.cases()).containsExactly(new Case("grpc-java", "spin-32")));
		assertThat(Plan.of(true, Set.of("nobody/nothing"))).isEmpty();
	}

	private static List<Case> groupOf(String system, String scenario) {
		return Plan.of(false, Set.of())
			.stream()
			.map(Group::cases)
			.filter((cases) -> cases.contains(new Case(system, scenario)))
			.findFirst()
			.orElseThrow();
	}

}
