package io.axonipc.samples.chaos;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.axonipc.Role;

/**
 * The sender or the receiver of a link: one process after another.
 */
final class Side implements AutoCloseable {

	/** Far longer than anything takes on a busy machine: what is not done then, hangs. */
	static final int PATIENCE_SECONDS = 120;

	/** Every other receiver stays in a handler, more likely in an early delivery. */
	private static final int HOLDERS = 2;

	private static final int HOLD_WITHIN_BITS = 9;

	private final List<String> command;

	/** Where the Python binding is built. */
	private final Path python;

	private final boolean sends;

	private final SplittableRandom random;

	private final Path log;

	final String name;

	final Path journal;

	final Verification.Times times = new Verification.Times(new TreeSet<>(), new TreeSet<>());

	private volatile Process process;

	private boolean closed;

	private CountDownLatch ready;

	private volatile boolean holding;

	/** What a link's processes have in common. */
	record Setup(String channel, int capacity, int burst, Path folder, Path home) {
	}

	Side(Setup setup, Language language, boolean sends, Role role, boolean longLived, SplittableRandom random) {
		this.python = setup.home().resolve("target/python");
		this.sends = sends;
		this.random = random;
		String task = sends ? "send" : "receive";
		this.name = language.name().toLowerCase(Locale.ROOT) + " " + (sends ? "sender" : "receiver") + " of "
				+ setup.channel();
		this.journal = setup.folder().resolve(setup.channel() + "-" + task);
		this.log = setup.folder().resolve(setup.channel() + "-" + task + ".log");
		this.command = new ArrayList<>(language.command(setup.home(), longLived));
		this.command
			.addAll(List.of(task, role.name().toLowerCase(Locale.ROOT), setup.channel(), this.journal.toString()));
		this.command.addAll(List.of("", Integer.toString(setup.capacity()), Integer.toString(setup.burst())));
	}

	/**
	 * Starts a process.
	 * @param mayHold whether a receiver may stop in one of its handlers, to be killed
	 * there
	 */
	void start(boolean mayHold) throws IOException {
		List<String> arguments = new ArrayList<>(this.command);
		arguments.set(arguments.size() - 3, Long.toString(this.random.nextLong() >>> 1));
		if (!this.sends) {
			int hold = (mayHold && this.random.nextInt(HOLDERS) == 0)
					? 1 + this.random.nextInt(1 << this.random.nextInt(HOLD_WITHIN_BITS)) : 0;
			arguments.set(arguments.size() - 1, Integer.toString(hold));
		}
		CountDownLatch isReady = new CountDownLatch(1);
		this.ready = isReady;
		this.holding = false;
		Process started;
		synchronized (this) {
			if (this.closed) {
				throw new IOException("the run was ended");
			}
			ProcessBuilder builder = new ProcessBuilder(arguments);
			builder.environment().put("PYTHONPATH", this.python.toString());
			started = builder.redirectError(ProcessBuilder.Redirect.appendTo(this.log.toFile())).start();
			this.process = started;
		}
		Thread reader = new Thread(() -> read(started, isReady), "output of " + started.pid());
		reader.setDaemon(true);
		reader.start();
	}

	private void read(Process started, CountDownLatch isReady) {
		try (BufferedReader lines = started.inputReader()) {
			for (String line = lines.readLine(); line != null; line = lines.readLine()) {
				isReady.countDown();
				if (line.equals("holding") && this.process == started) {
					this.holding = true;
				}
			}
		}
		catch (IOException ex) {
			// The same as its end.
		}
		isReady.countDown();
	}

	/** Whether it waits in a handler, to be killed there. */
	boolean isHolding() {
		return this.holding;
	}

	/** The process of the moment, -1 before the first. */
	long pid() {
		Process now = this.process;
		return (now != null) ? now.pid() : -1;
	}

	void awaitReady() throws InterruptedException, FailedException {
		if (!this.ready.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
			throw failed("did not open its channel within " + PATIENCE_SECONDS + " s");
		}
		check();
	}

	void kill() throws InterruptedException, FailedException {
		check();
		this.times.killed().add(Journal.millis());
		this.process.destroyForcibly();
		this.process.waitFor();
		this.holding = false;
	}

	void stop() throws IOException, InterruptedException {
		signal("STOP");
	}

	void resume() throws IOException, InterruptedException {
		signal("CONT");
	}

	private void signal(String which) throws IOException, InterruptedException {
		this.times.stopped().add(Journal.millis());
		new ProcessBuilder("sh", "-c", "kill -" + which + " " + pid()).inheritIO().start().waitFor();
		this.times.stopped().add(Journal.millis());
	}

	/** Asks it to end in order, and sees that it does. */
	void end() throws IOException, InterruptedException, FailedException {
		check();
		try {
			this.process.getOutputStream().close();
		}
		catch (IOException ex) {
			// It has ended by itself, as will be seen.
		}
		if (!this.process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
			throw failed("did not end within " + PATIENCE_SECONDS + " s");
		}
		if (this.process.exitValue() != 0) {
			throw failed("ended with status " + this.process.exitValue());
		}
	}

	/** Nobody but this program ends a worker. */
	void check() throws FailedException {
		if (!this.process.isAlive()) {
			throw failed("ended by itself with status " + this.process.exitValue());
		}
	}

	FailedException failed(String what) {
		String said = "";
		try {
			List<String> lines = Files.readAllLines(this.log);
			said = String.join("\n    ", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
		}
		catch (IOException ex) {
			// It has said nothing.
		}
		return new FailedException("the " + this.name + " " + what + (said.isBlank() ? "" : ":\n    " + said));
	}

	/** Ends what may still run, and starts nothing any more. */
	@Override
	public synchronized void close() {
		this.closed = true;
		if (this.process != null) {
			this.process.destroyForcibly().onExit().join();
		}
	}

	/** A worker did what it must not. */
	static final class FailedException extends Exception {

		private static final long serialVersionUID = 1;

		FailedException(String message) {
			super(message);
		}

	}

}
