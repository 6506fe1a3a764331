package io.axonipc.samples.benchmarks;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import io.aeron.AeronVersion;
import io.axonipc.samples.benchmarks.Target.Verdict;

/**
 * Measures Axon and others, and says whether the targets hold: started by {@code run}.
 */
public final class Benchmarks {

	private static final String USAGE = "usage: run [--quick|--full] [--only SYSTEM/SCENARIO,...]";

	private static final int QUICK_ROUNDS = 5;

	private static final int FULL_ROUNDS = 7;

	private final Path target;

	private final Results results = new Results();

	private final String run = "axonbench-" + ProcessHandle.current().pid();

	private Benchmarks(Path home) {
		this.target = home.resolve("target");
	}

	/**
	 * Exits with 0 when all targets hold, with 1 when one falls short or was not
	 * measured, with 2 when nothing could be done.
	 * @param args see the usage
	 */
	public static void main(String[] args) throws Exception {
		boolean full = false;
		Set<String> only = Set.of();
		for (int i = 0; i < args.length; i++) {
			switch (args[i]) {
				case "--quick" -> full = false;
				case "--full" -> full = true;
				case "--only" -> only = (++i < args.length) ? Set.of(args[i].split(",")) : Set.of("");
				default -> fail(USAGE);
			}
		}
		List<Group> plan = Plan.of(full, only);
		if (plan.isEmpty()) {
			fail("--only names nothing that is measured. " + USAGE);
		}
		Path home = Path.of(System.getProperty("benchmarks.home", "."));
		System.exit(new Benchmarks(home).run(plan, full ? FULL_ROUNDS : QUICK_ROUNDS, only.isEmpty()) ? 0 : 1);
	}

	private static void fail(String message) {
		System.err.println(message);
		System.exit(2);
	}

	private boolean run(List<Group> plan, int rounds, boolean everything) throws Exception {
		Path logs = Files.createDirectories(this.target.resolve("logs"));
		GroupRunner runner = new GroupRunner(this.target.getParent(), logs, this.run, rounds, this.results);
		Runtime.getRuntime().addShutdownHook(new Thread(() -> {
			runner.kill();
			removeLeftovers();
		}));
		Progress progress = new Progress(System.out, plan.stream().mapToDouble(runner::expectedSeconds).sum());
		for (Group group : plan) {
			runner.run(group, progress);
		}
		progress.say("done");
		List<Target> targets = Targets.of(this.results);
		if (!everything) {
			targets = targets.stream().filter((item) -> item.verdict(this.results) != Verdict.NOT_MEASURED).toList();
		}
		write(rounds);
		System.out.println();
		new Report(System.out, this.results).print(targets);
		return targets.stream().allMatch((item) -> item.verdict(this.results) == Verdict.PASS);
	}

	private void write(int rounds) throws IOException {
		Files.writeString(this.target.resolve("results.json"), ResultsFile.json(this.results));
		Map<String, Object> environment = Machine.description();
		environment.put("aeron", AeronVersion.VERSION);
		environment.put("rounds", rounds);
		environment.put("date", LocalDate.now(ZoneOffset.UTC).toString());
		ResultsFile.write(this.target.resolve("environment.json"), environment);
		LatencyPicture picture = LatencyPicture.of(this.results);
		if (!picture.isEmpty()) {
			Files.writeString(this.target.resolve("latency.svg"), picture.svg());
		}
	}

	/** What killed workers could not remove: everything of theirs has the run's name. */
	private void removeLeftovers() {
		for (Path folder : List.of(Path.of("/dev/shm"), Path.of(System.getProperty("java.io.tmpdir")))) {
			try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "*" + this.run + "-*")) {
				for (Path entry : entries) {
					remove(entry);
				}
			}
			catch (IOException ex) {
				System.err.println("what is left of " + this.run + " in " + folder + " cannot be removed: " + ex);
			}
		}
	}

	private static void remove(Path entry) throws IOException {
		try (Stream<Path> files = Files.walk(entry)) {
			for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
				Files.delete(file);
			}
		}
	}

}
