package io.axonipc.samples.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What is measured, and what takes turns with what. */
final class Plan {

	/** Systems that are there to compare with, measured by a full run only. */
	private static final List<String> RIVALS = List.of("uds-java", "tcp-java", "jeromq", "chronicle-queue", "grpc-java",
			"rabbitmq-spring");

	private final List<Group> groups = new ArrayList<>();

	private final boolean full;

	private Plan(boolean full) {
		this.full = full;
	}

	/**
	 * The groups of a run.
	 * @param full whether every system and scenario is measured, or only what the targets
	 * name
	 * @param only what to measure, as system/scenario, of all systems and scenarios;
	 * empty for everything
	 * @return groups that are not empty
	 */
	static List<Group> of(boolean full, Set<String> only) {
		Plan plan = new Plan(full || !only.isEmpty());
		plan.roundTrips();
		plan.waiting();
		plan.streams();
		plan.others();
		List<Group> chosen = new ArrayList<>();
		for (Group group : plan.groups) {
			List<Case> cases = group.cases()
				.stream()
				.filter((item) -> full || item.ring().isEmpty())
				.filter((item) -> only.isEmpty() || only.contains(item.system() + "/" + item.scenario()))
				.toList();
			if (!cases.isEmpty()) {
				chosen.add(new Group(group.name(), cases));
			}
		}
		return chosen;
	}

	private void roundTrips() {
		Set<Case> latency = cases("spin-32", "c-cacheline", "axon-java", "axon-c", "aeron-ipc");
		latency.addAll(cases("default-32", "axon-java", "axon-c"));
		for (String payload : List.of("bytes", "string", "json")) {
			latency.add(new Case("axon-spring", "listener-" + payload));
		}
		add("latency", latency);
		add("spin-256", cases("spin-256", "axon-java", "axon-c", "aeron-ipc"));
		add("spin-1k", cases("spin-1k", "axon-java", "axon-c", "aeron-ipc"));
		addRivals("spin-32", RIVALS);
		addRivals("spin-256", RIVALS);
		addRivals("spin-1k", RIVALS);
	}

	private void waiting() {
		add("park", cases("park-32", "c-semaphore", "axon-java", "axon-c"));
		add("onecore", cases("onecore-32", "c-semaphore", "axon-java", "axon-c"));
		add("sparse", cases("sparse-32", "c-semaphore", "axon-java", "axon-c"));
		for (String scenario : List.of("park-32", "default-32", "onecore-32", "sparse-32")) {
			List<String> systems = new ArrayList<>(RIVALS);
			systems.add(0, "aeron-ipc");
			addRivals(scenario, systems);
		}
	}

	private void streams() {
		for (String size : List.of("32", "256", "1k")) {
			add("stream-" + size, cases("stream-" + size, "axon-java", "axon-c", "aeron-ipc"));
		}
		add("shared", cases("shared-4x32", "axon-java", "axon-c", "aeron-ipc-shared"));
		add("stream-64k", cases("stream-64k", "axon-java", "axon-c", "aeron-ipc", "memcpy"));
		for (String size : List.of("1m", "16m")) {
			String scenario = "stream-" + size;
			Set<Case> large = cases(scenario, "memcpy", "axon-java", "axon-c", "aeron-ipc");
			large.addAll(cases(scenario + "-claim", "axon-java", "axon-c"));
			add(scenario, large);
		}
		if (this.full) {
			for (String size : List.of("32", "256", "1k", "64k", "1m", "16m")) {
				addRings("stream-" + size);
			}
			for (String size : List.of("32", "256", "1k", "64k", "1m", "16m")) {
				addRivals("stream-" + size, RIVALS);
			}
			addRivals("shared-4x32", RIVALS);
		}
	}

	private void others() {
		add("python", cases("java-python-32", "axon-python", "python-pipe"));
		add("python stream", cases("python-java-stream-32", "axon-python"));
		Set<Case> idle = cases("idle", "axon-java", "axon-c");
		if (this.full) {
			idle.addAll(cases("idle", "aeron-ipc", "uds-java", "tcp-java", "jeromq", "chronicle-queue", "grpc-java",
					"c-semaphore", "rabbitmq-spring"));
		}
		add("idle", idle);
		add("start", Set.of(new Case("axon-java", "open"), new Case("axon-spring", "spring-start")));
	}

	private static Set<Case> cases(String scenario, String... systems) {
		Set<Case> cases = new LinkedHashSet<>();
		for (String system : systems) {
			cases.add(new Case(system, scenario));
		}
		return cases;
	}

	private void add(String name, Set<Case> cases) {
		this.groups.add(new Group(name, List.copyOf(cases)));
	}

	private void addRivals(String scenario, List<String> systems) {
		if (this.full) {
			add(scenario + ", others", cases(scenario, systems.toArray(String[]::new)));
		}
	}

	private void addRings(String scenario) {
		List<Case> cases = new ArrayList<>();
		for (String system : List.of("axon-java", "axon-c", "aeron-ipc")) {
			cases.add(new Case(system, scenario, Case.FULL));
			cases.add(new Case(system, scenario, Case.EMPTY));
		}
		this.groups.add(new Group(scenario + ", full and empty", cases));
	}

}
