package io.axonipc.samples.benchmarks;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One process of a pair, spoken to in lines. */
final class WorkerProcess implements AutoCloseable {

	private static final Duration EXIT_PATIENCE = Duration.ofSeconds(10);

	/** The reader's last word. */
	private static final String ENDED = "";

	private final Process process;

	private final BufferedWriter commands;

	private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

	private final Path log;

	WorkerProcess(List<String> command, Path log) throws IOException {
		this.log = log;
		this.process = new ProcessBuilder(command).redirectError(log.toFile()).start();
		this.commands = this.process.outputWriter();
		Thread reader = new Thread(this::readAnswers, "answers of " + this.process.pid());
		reader.setDaemon(true);
		reader.start();
	}

	private void readAnswers() {
		try (BufferedReader reader = this.process.inputReader()) {
			String line;
			while ((line = reader.readLine()) != null) {
				this.answers.add(line);
			}
		}
		catch (IOException ex) {
			// The same as its end: the process is gone.
		}
		this.answers.add(ENDED);
	}

	long pid() {
		return this.process.pid();
	}

	void tell(String line) throws FailedException {
		try {
			this.commands.write(line + "\n");
			this.commands.flush();
		}
		catch (IOException ex) {
			throw failed("ended before it was told: " + line);
		}
	}

	/**
	 * Waits for an answer.
	 * @param kind its first word, as it should be
	 * @param patience the longest wait
	 * @return the figures that follow
	 * @throws FailedException with the worker's reason when it answers something else, or
	 * not at all
	 */
	Map<String, Double> await(String kind, Duration patience) throws FailedException, InterruptedException {
		String line = this.answers.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
		if (line == null) {
			throw failed("did not answer within " + patience.toSeconds() + " s");
		}
		if (line.equals(ENDED)) {
			throw failed("ended unexpectedly");
		}
		String[] words = line.split(" ");
		if (words[0].equals("unavailable")) {
			throw new FailedException(line.substring(words[0].length()).trim(), true);
		}
		if (!words[0].equals(kind)) {
			throw failed("said: " + line);
		}
		Map<String, Double> figures = new HashMap<>();
		for (int i = 1; i < words.length; i++) {
			String[] pair = words[i].split("=", 2);
			figures.put(pair[0], Double.valueOf(pair[1]));
		}
		return figures;
	}

	private FailedException failed(String what) {
		return new FailedException(what + " (its messages: " + this.log + ")", false);
	}

	/** Nanoseconds of processor time of all threads so far. */
	long cpuNanos() throws IOException {
		long nanos = 0;
		try (var threads = Files.newDirectoryStream(Path.of("/proc/" + pid() + "/task"))) {
			for (Path thread : threads) {
				nanos += Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ")[0]);
			}
		}
		return nanos;
	}

	/** Lets the process end in order, or else ends it. */
	@Override
	public void close() {
		try {
			this.commands.write("exit\n");
			this.commands.close();
		}
		catch (IOException ex) {
			// It has ended already.
		}
	}

	void awaitEnd() throws InterruptedException {
		if (!this.process.waitFor(EXIT_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
			this.process.destroyForcibly().waitFor();
		}
	}

	void kill() {
		this.process.destroyForcibly();
	}

	/** A worker failed, or cannot run here. */
	static final class FailedException extends Exception {

		private static final long serialVersionUID = 1;

		private final boolean unavailable;

		FailedException(String message, boolean unavailable) {
			super(message);
			this.unavailable = unavailable;
		}

		boolean isUnavailable() {
			return this.unavailable;
		}

	}

}
