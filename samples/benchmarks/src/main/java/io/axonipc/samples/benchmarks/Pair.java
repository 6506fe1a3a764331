package io.axonipc.samples.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.axonipc.samples.benchmarks.WorkerProcess.FailedException;

/** The two processes of a case, or the one where there is no other. */
final class Pair implements AutoCloseable {

	private static final Duration START_PATIENCE = Duration.ofSeconds(40);

	private static final Duration ROUND_PATIENCE = Duration.ofSeconds(70);

	/** More than a sender needs to fill any ring. */
	private static final long FILL_MILLIS = 50;

	private final Case item;

	private final List<WorkerProcess> processes = new ArrayList<>();

	private long messages = 100;

	Pair(Case item, Commands commands, String name, List<Integer> cpus, Path logs) throws IOException {
		this.item = item;
		String log = item.toString().replace('/', '-');
		int firstCpu = item.isShared() ? -1 : cpus.get(0);
		int secondCpu = item.usesOneCpu() ? cpus.get(0) : cpus.get(1);
		start(commands.of(item, "first", name, firstCpu), logs.resolve(log + "-first.log"));
		if (!item.hasOneProcess()) {
			start(commands.of(item, "second", name, secondCpu), logs.resolve(log + "-second.log"));
		}
	}

	private void start(List<String> command, Path log) throws IOException {
		try {
			this.processes.add(new WorkerProcess(command, log));
		}
		catch (IOException ex) {
			close();
			throw ex;
		}
	}

	void awaitReady() throws FailedException, InterruptedException {
		for (WorkerProcess process : this.processes) {
			process.await("ready", START_PATIENCE);
		}
	}

	Case item() {
		return this.item;
	}

	List<WorkerProcess> processes() {
		return this.processes;
	}

	/** How many messages a round has. */
	long messages() {
		return this.messages;
	}

	void setMessages(long number) {
		// Several senders share them.
		this.messages = this.item.isShared() ? (number + 3) / 4 * 4 : number;
	}

	/**
	 * One round of as many messages as were set.
	 * @return the figures of both sides; of one that both report, the higher
	 */
	Map<String, Double> round() throws FailedException, InterruptedException {
		return round(this.messages);
	}

	Map<String, Double> round(long number) throws FailedException, InterruptedException {
		List<WorkerProcess> order = new ArrayList<>(this.processes);
		if (!this.item.ring().equals(Case.FULL)) {
			Collections.reverse(order);
		}
		for (WorkerProcess process : order) {
			process.tell("round " + number);
			if (!this.item.ring().isEmpty() && process == order.get(0)) {
				Thread.sleep(FILL_MILLIS);
			}
		}
		Map<String, Double> figures = new TreeMap<>();
		for (WorkerProcess process : this.processes) {
			process.await("done", ROUND_PATIENCE).forEach((key, value) -> figures.merge(key, value, Math::max));
		}
		return figures;
	}

	/** Lets both sides wait while nothing is sent; ended by {@link #endIdle}. */
	void beginIdle(long seconds) throws FailedException {
		for (WorkerProcess process : this.processes) {
			process.tell("idle " + seconds);
		}
	}

	void endIdle() throws FailedException, InterruptedException {
		for (WorkerProcess process : this.processes) {
			process.await("done", ROUND_PATIENCE);
		}
	}

	/** Nanoseconds of processor time that each process has used so far. */
	long[] cpuNanos() throws IOException {
		long[] nanos = new long[this.processes.size()];
		for (int i = 0; i < nanos.length; i++) {
			nanos[i] = this.processes.get(i).cpuNanos();
		}
		return nanos;
	}

	void kill() {
		this.processes.forEach(WorkerProcess::kill);
	}

	@Override
	public void close() {
		this.processes.forEach(WorkerProcess::close);
		try {
			for (WorkerProcess process : this.processes) {
				process.awaitEnd();
			}
		}
		catch (InterruptedException ex) {
			kill();
			Thread.currentThread().interrupt();
		}
	}

}
