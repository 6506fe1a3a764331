package io.axonipc.samples.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.axonipc.samples.benchmarks.WorkerProcess.FailedException;

/** Runs the groups of a plan, one after the other. */
final class GroupRunner implements AutoCloseable {

	private static final int IDLE_SECONDS = 5;

	/** A JVM that has just started still compiles. */
	private static final int IDLE_SETTLE_SECONDS = 3;

	/** The workers wait longer than the clock runs. */
	private static final int IDLE_MARGIN_SECONDS = 1;

	/** With the start of the pairs, for the estimate of the rest. */
	private static final double IDLE_GROUP_SECONDS = 10;

	/** What a pair takes to start and to end. */
	private static final double START_SECONDS = 1;

	private final Commands commands;

	private final List<Integer> cpus;

	private final Path logs;

	private final String run;

	private final int rounds;

	private final Results results;

	/** The cache line's figures, to know outliers by. */
	private final Results reference = new Results();

	private final Map<Pair, Samples> alive = new LinkedHashMap<>();

	private int pairs;

	/**
	 * A run.
	 * @param home the module's folder
	 * @param logs the folder for what the workers print
	 * @param run unique; the names of all pairs begin with it
	 * @param rounds how many rounds are measured
	 * @param results where the figures go
	 */
	GroupRunner(Path home, Path logs, String run, int rounds, Results results) throws IOException {
		this.commands = new Commands(home);
		this.cpus = Machine.twoCpus();
		this.logs = logs;
		this.run = run;
		this.rounds = rounds;
		this.results = results;
	}

	/** Seconds that a group will take. */
	double expectedSeconds(Group group) {
		if (group.cases().get(0).isIdle()) {
			return IDLE_GROUP_SECONDS;
		}
		return group.cases()
			.stream()
			.mapToDouble((item) -> warmUpSeconds(item) + this.rounds * WarmUp.ROUND_SECONDS)
			.sum();
	}

	private double warmUpSeconds(Case item) {
		return START_SECONDS + WarmUp.seconds(this.commands.isJava(item));
	}

	void run(Group group, Progress progress) throws InterruptedException {
		progress.say(group.name() + ": starting " + group.cases().size() + " pairs");
		try {
			for (Case item : group.cases()) {
				attempt(item, () -> start(item));
			}
			for (Pair pair : List.copyOf(this.alive.keySet())) {
				attempt(pair, pair::awaitReady);
			}
			if (group.cases().get(0).isIdle()) {
				measureIdle(progress);
			}
			else {
				measureRounds(group, progress);
			}
		}
		finally {
			close();
		}
	}

	private void start(Case item) throws IOException {
		String name = this.run + "-" + this.pairs++;
		this.alive.put(new Pair(item, this.commands, name, this.cpus, this.logs), new Samples(item));
	}

	private void measureRounds(Group group, Progress progress) throws InterruptedException {
		for (Pair pair : List.copyOf(this.alive.keySet())) {
			progress.say(group.name() + ": warming up " + pair.item());
			attempt(pair, () -> WarmUp.run(pair, this.commands.isJava(pair.item())));
			progress.finished(warmUpSeconds(pair.item()));
		}
		for (int round = 1; round <= this.rounds; round++) {
			progress.say(group.name() + ": round " + round + " of " + this.rounds);
			for (Pair pair : List.copyOf(this.alive.keySet())) {
				attempt(pair, () -> this.alive.get(pair).add(pair.round()));
				progress.finished(WarmUp.ROUND_SECONDS);
			}
		}
		double cacheLine = cacheLine();
		this.alive.forEach((pair, samples) -> samples.addTo(this.results, cacheLine));
		countSystemCalls(progress);
	}

	/** Nanoseconds of the limit in this run, 0 while it is not known. */
	private double cacheLine() {
		Case limit = new Case("c-cacheline", "spin-32");
		this.alive.forEach((pair, samples) -> {
			if (pair.item().equals(limit)) {
				samples.addTo(this.reference, 0);
			}
		});
		return this.reference.value(limit, Result.RTT_P50).orElse(0);
	}

	private void countSystemCalls(Progress progress) throws InterruptedException {
		for (Pair pair : List.copyOf(this.alive.keySet())) {
			Case item = pair.item();
			boolean counts = item.system().equals("axon-java") && item.ring().isEmpty()
					&& (item.scenario().equals("spin-32") || item.scenario().equals("stream-32"));
			if (counts) {
				progress.say("counting the system calls of " + item);
				attempt(item + " " + Result.SYSCALLS, () -> this.results.add(new Result(item, Result.SYSCALLS,
						"per_msg", List.of(SystemCalls.perMessage(pair, this.logs)), List.of())));
			}
		}
	}

	private void measureIdle(Progress progress) throws InterruptedException {
		progress.say("idle: " + IDLE_SECONDS + " s without a message");
		for (Pair pair : List.copyOf(this.alive.keySet())) {
			attempt(pair, () -> pair.beginIdle(IDLE_SETTLE_SECONDS + IDLE_SECONDS + IDLE_MARGIN_SECONDS));
		}
		Thread.sleep(Duration.ofSeconds(IDLE_SETTLE_SECONDS).toMillis());
		long start = System.nanoTime();
		Map<Pair, long[]> before = cpuNanos();
		Thread.sleep(Duration.ofSeconds(IDLE_SECONDS).toMillis());
		Map<Pair, long[]> after = cpuNanos();
		long nanos = System.nanoTime() - start;
		for (Pair pair : List.copyOf(this.alive.keySet())) {
			attempt(pair, () -> {
				pair.endIdle();
				double percent = 0;
				for (int i = 0; i < after.get(pair).length; i++) {
					percent = Math.max(percent, 100.0 * (after.get(pair)[i] - before.get(pair)[i]) / nanos);
				}
				this.results.add(new Result(pair.item(), Result.IDLE_CPU, "percent", List.of(percent), List.of()));
			});
		}
		progress.finished(IDLE_GROUP_SECONDS);
	}

	private Map<Pair, long[]> cpuNanos() throws InterruptedException {
		Map<Pair, long[]> nanos = new HashMap<>();
		for (Pair pair : List.copyOf(this.alive.keySet())) {
			attempt(pair, () -> nanos.put(pair, pair.cpuNanos()));
		}
		return nanos;
	}

	private void attempt(Pair pair, Step step) throws InterruptedException {
		if (!attempt(pair.item(), step)) {
			pair.kill();
			this.alive.remove(pair);
		}
	}

	/** A case that fails is reported, and the others go on. */
	private boolean attempt(Object what, Step step) throws InterruptedException {
		try {
			step.run();
			return true;
		}
		catch (InterruptedException ex) {
			throw ex;
		}
		catch (FailedException ex) {
			this.results.notMeasured(what, ex.isUnavailable() ? ex.getMessage() : "failed: " + ex.getMessage());
		}
		catch (Exception ex) {
			this.results.notMeasured(what, "failed: " + ex);
		}
		return false;
	}

	@Override
	public void close() {
		List<Pair> left = new ArrayList<>(this.alive.keySet());
		this.alive.clear();
		left.forEach(Pair::close);
	}

	/** For a run that is broken off. */
	void kill() {
		List.copyOf(this.alive.keySet()).forEach(Pair::kill);
	}

	/** A part that may fail. */
	private interface Step {

		void run() throws Exception;

	}

}
