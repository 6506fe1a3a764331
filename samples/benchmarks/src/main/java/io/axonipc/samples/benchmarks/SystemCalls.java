package io.axonipc.samples.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.axonipc.samples.benchmarks.WorkerProcess.FailedException;

/** Counts the system calls of a pair in a round of its own, by strace. */
final class SystemCalls {

	/** So many that the calls at a round's ends and those of the JVM's timers vanish. */
	private static final long MIN_MESSAGES = 1_000_000;

	private static final int CALLS_COLUMN = 3;

	private static final int PATIENCE_SECONDS = 20;

	private SystemCalls() {
	}

	/**
	 * Runs a round under strace.
	 * @param pair the pair
	 * @param folder for strace's summaries
	 * @return system calls per message of the busier process
	 * @throws FailedException when strace is not there or may not attach
	 */
	static double perMessage(Pair pair, Path folder) throws Exception {
		List<Process> traces = new ArrayList<>();
		List<Path> summaries = new ArrayList<>();
		long messages = Math.max(MIN_MESSAGES, 2 * pair.messages());
		try {
			for (WorkerProcess worker : pair.processes()) {
				Path summary = folder.resolve("strace-" + worker.pid());
				summaries.add(summary);
				traces.add(attach(worker.pid(), summary));
			}
			pair.round(messages);
		}
		finally {
			for (Process trace : traces) {
				trace.destroy();
				if (!trace.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
					trace.destroyForcibly();
				}
			}
		}
		long most = 0;
		for (Path summary : summaries) {
			most = Math.max(most, total(Files.readAllLines(summary)));
			Files.delete(summary);
		}
		return (double) most / messages;
	}

	private static Process attach(long pid, Path summary) throws IOException, FailedException {
		Process trace;
		try {
			trace = new ProcessBuilder("strace", "-f", "-c", "-o", summary.toString(), "-p", Long.toString(pid))
				.start();
		}
		catch (IOException ex) {
			throw new FailedException("strace is not installed", true);
		}
		BufferedReader messages = trace.errorReader();
		String line = messages.readLine();
		if (line == null || !line.contains("attached")) {
			trace.destroy();
			throw new FailedException("strace cannot attach: " + line, true);
		}
		return trace;
	}

	/** The number of calls in the last line of a summary of {@code strace -c}. */
	static long total(List<String> summary) {
		for (String line : summary) {
			if (line.endsWith(" total")) {
				return Long.parseLong(line.trim().split("\\s+")[CALLS_COLUMN]);
			}
		}
		return 0;
	}

}
