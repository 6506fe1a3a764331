package io.axonipc.samples.chaos;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

import io.axonipc.samples.chaos.Link.Survivor;
import io.axonipc.samples.chaos.Side.Setup;

/**
 * A run of one pair of languages. Three links at a time: one after another in which
 * everybody is killed, and two that last for the whole run, in which the sender or the
 * receiver is never killed, so that its memory can be watched.
 */
final class Soak implements AutoCloseable {

	/** A link's journals, which tell of every message, do not outgrow this time. */
	private static final int LINK_SECONDS = 20;

	private static final int[] CAPACITIES = { 4096, 1 << 16, 1 << 20 };

	private static final int BUSY = 300;

	private static final int CALM = 15;

	private static final int REPORT_SECONDS = 5;

	private final PrintStream out;

	private final List<Language> languages;

	private final int seconds;

	private final SplittableRandom random;

	private final Path home;

	private final Path folder;

	private final String channels = "chaos-" + ProcessHandle.current().pid() + "-"
			+ Long.toHexString(System.nanoTime());

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final List<Link> links = new ArrayList<>();

	private final long start = System.nanoTime();

	private volatile boolean closed;

	/**
	 * A run to come.
	 * @param languages two of them
	 * @param home the folder of this module
	 * @param out gets a line every five seconds
	 */
	Soak(List<Language> languages, int seconds, long seed, Path home, PrintStream out) throws IOException {
		this.languages = languages;
		this.seconds = seconds;
		this.random = new SplittableRandom(seed);
		this.home = home;
		this.out = out;
		this.folder = Files.createDirectories(home.resolve("target/journals/" + this.channels));
	}

	/**
	 * Runs it.
	 * @return the sum of all links
	 * @throws InterruptedException if it was closed meanwhile
	 */
	Tally run() throws IOException, InterruptedException, ExecutionException {
		long end = this.start + this.seconds * 1_000_000_000L;
		List<Language> pair = this.random.nextBoolean() ? this.languages : reversed();
		List<Link> lasting = List.of(link("s", CALM, pair, Survivor.SENDER), link("r", CALM, pair, Survivor.RECEIVER));
		List<Future<Tally>> results = new ArrayList<>();
		results.add(this.threads.submit(() -> runShortLinks(end)));
		for (Link link : lasting) {
			results.add(this.threads.submit((Callable<Tally>) () -> link.run(end)));
		}
		Resources resources = new Resources(lasting.stream().map(Link::survivor).toList(), this.channels);
		for (int second = 1; results.stream().anyMatch((result) -> !result.isDone()); second++) {
			Thread.sleep(1000);
			if (System.nanoTime() < end) {
				resources.sample();
			}
			if (second % REPORT_SECONDS == 0) {
				report(resources);
			}
		}
		if (this.closed) {
			throw new InterruptedException("the run was ended");
		}
		Tally sum = Tally.NONE;
		for (Future<Tally> result : results) {
			sum = sum.plus(result.get());
		}
		sum = sum.plus(resources.grown());
		if (this.seconds >= 10 && (sum.receiverKills() == 0 || sum.kills() == sum.receiverKills())) {
			sum = sum.plus(List.of("nobody was killed on one of the sides"));
		}
		if (sum.holds()) {
			deleteJournals();
		}
		else {
			this.out.println("The journals are kept in " + this.folder);
		}
		return sum;
	}

	/** The links change directions, and roles and capacities at random. */
	private Tally runShortLinks(long end) throws IOException, InterruptedException {
		int count = Math.max(2, this.seconds / LINK_SECONDS);
		long length = (end - this.start) / count;
		Tally sum = Tally.NONE;
		for (int i = 0; i < count; i++) {
			List<Language> pair = (i % 2 == 0) ? this.languages : reversed();
			Link link = link(Integer.toString(i), BUSY, pair, Survivor.NOBODY);
			sum = sum.plus(link.run(this.start + (i + 1) * length));
		}
		return sum;
	}

	private List<Language> reversed() {
		return List.of(this.languages.get(1), this.languages.get(0));
	}

	private synchronized Link link(String name, int burst, List<Language> pair, Survivor survivor) {
		int capacity = CAPACITIES[this.random.nextInt(CAPACITIES.length)];
		Setup setup = new Setup(this.channels + "-" + name, capacity, burst, this.folder, this.home);
		Link link = new Link(setup, pair, survivor, this.random.split());
		this.links.add(link);
		return link;
	}

	private synchronized void report(Resources resources) throws IOException {
		long messages = 0;
		int kills = 0;
		int receiverKills = 0;
		for (Link link : this.links) {
			messages += link.handled();
			kills += link.kills();
			receiverKills += link.receiverKills();
		}
		this.out.printf("%4d s  %d messages, %d kills (%d of receivers), %s%n",
				(System.nanoTime() - this.start) / 1_000_000_000, messages, kills, receiverKills, resources);
	}

	private void deleteJournals() throws IOException {
		try (Stream<Path> files = Files.list(this.folder)) {
			for (Path file : files.toList()) {
				Files.delete(file);
			}
		}
		Files.delete(this.folder);
	}

	/** Ends what may still run, and removes the channels. */
	@Override
	public void close() {
		this.closed = true;
		this.threads.shutdownNow();
		synchronized (this) {
			this.links.forEach(Link::close);
		}
	}

}
