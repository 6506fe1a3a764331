package io.axonipc.samples.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import io.axonipc.samples.benchmarks.worker.Setup;
import io.axonipc.samples.benchmarks.worker.Task;
import io.axonipc.samples.benchmarks.worker.Tasks;
import io.axonipc.samples.benchmarks.worker.UnavailableException;

/**
 * One process of a pair. Its arguments are system, scenario, {@code first} or
 * {@code second}, the pair's name, and a CPU or -1; it takes commands on standard input
 * and answers on standard output, as the README says.
 */
public final class Worker {

	private static final int ARGUMENTS = 5;

	/** A side that spins does not outlive its peer for long. */
	private static final int ROUND_LIMIT_SECONDS = 60;

	private final BufferedReader commands = new BufferedReader(
			new InputStreamReader(System.in, StandardCharsets.US_ASCII));

	private final PrintStream answers;

	private final ScheduledThreadPoolExecutor limiter = new ScheduledThreadPoolExecutor(1, (task) -> {
		Thread thread = new Thread(task, "round limit");
		thread.setDaemon(true);
		return thread;
	});

	private Worker(PrintStream answers) {
		this.answers = answers;
		this.limiter.setRemoveOnCancelPolicy(true);
	}

	public static void main(String[] args) {
		Worker worker = new Worker(System.out);
		// What libraries print must not be taken for answers.
		System.setOut(System.err);
		System.exit(worker.run(args));
	}

	private int run(String[] args) {
		try {
			if (args.length != ARGUMENTS) {
				throw new IllegalArgumentException(
						args.length + " arguments instead of SYSTEM SCENARIO first|second NAME CPU");
			}
			Setup setup = Setup.of(args[0], args[1], args[2].equals("first"), args[3]);
			try (Task task = Tasks.open(setup, Integer.parseInt(args[4]))) {
				answer("ready");
				obey(task);
			}
			return 0;
		}
		catch (UnavailableException ex) {
			answer("unavailable " + oneLine(ex.getMessage()));
			return 0;
		}
		catch (Throwable ex) {
			ex.printStackTrace();
			answer("error " + oneLine(ex.toString()));
			return 1;
		}
	}

	private void obey(Task task) throws Exception {
		String line;
		while ((line = this.commands.readLine()) != null) {
			String[] words = line.split(" ");
			switch (words[0]) {
				case "round" -> answer(done(round(task, Long.parseLong(words[1]))));
				case "idle" -> {
					task.idle(TimeUnit.SECONDS.toNanos(Long.parseLong(words[1])));
					answer("done");
				}
				case "exit" -> {
					return;
				}
				default -> throw new IOException("unknown command: " + line);
			}
		}
	}

	private Map<String, Number> round(Task task, long messages) throws Exception {
		ScheduledFuture<?> limit = this.limiter.schedule(this::giveUp, ROUND_LIMIT_SECONDS, TimeUnit.SECONDS);
		try {
			return task.round(messages);
		}
		finally {
			limit.cancel(false);
		}
	}

	private void giveUp() {
		answer("error a round did not end within " + ROUND_LIMIT_SECONDS
				+ " s: the other side is gone, or the round is too long");
		Runtime.getRuntime().halt(1);
	}

	private static String done(Map<String, Number> figures) {
		StringJoiner line = new StringJoiner(" ");
		line.add("done");
		figures.forEach((key, value) -> line.add(key + "=" + value));
		return line.toString();
	}

	private static String oneLine(String text) {
		return String.valueOf(text).replaceAll("\\s+", " ");
	}

	private void answer(String line) {
		this.answers.println(line);
		this.answers.flush();
	}

}
