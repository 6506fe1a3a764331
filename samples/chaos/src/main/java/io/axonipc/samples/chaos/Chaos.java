package io.axonipc.samples.chaos;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The program behind {@code run}: see README.md.
 */
public final class Chaos {

	private static final int DEFAULT_SECONDS = 600;

	private static final String USAGE = "usage: run [--seconds N] [--seed S] [--pair java-java|java-c|java-python|all]";

	private static final List<Language> PEERS = List.of(Language.JAVA, Language.C, Language.PYTHON);

	private int seconds = DEFAULT_SECONDS;

	private long seed = System.nanoTime() % 1_000_000;

	private List<Language> peers = List.of(Language.JAVA);

	private Chaos(List<String> arguments) {
		for (int i = 0; i < arguments.size(); i += 2) {
			if (i + 1 == arguments.size()) {
				throw new IllegalArgumentException(arguments.get(i) + " needs a value");
			}
			String value = arguments.get(i + 1);
			switch (arguments.get(i)) {
				case "--seconds" -> this.seconds = Integer.parseInt(value);
				case "--seed" -> this.seed = Long.parseLong(value);
				case "--pair" -> this.peers = value.equals("all") ? PEERS : List.of(peer(value));
				default -> throw new IllegalArgumentException("unknown option " + arguments.get(i));
			}
		}
		if (this.seconds < 1) {
			throw new IllegalArgumentException("--seconds is less than 1");
		}
	}

	private static Language peer(String pair) {
		return Arrays.stream(Language.values())
			.filter((language) -> pair.equals("java-" + language.name().toLowerCase(Locale.ROOT)))
			.findFirst()
			.orElseThrow(() -> new IllegalArgumentException("unknown pair " + pair));
	}

	/**
	 * Runs the program.
	 * @param args see the usage
	 * @throws Exception when it cannot do its work
	 */
	public static void main(String[] args) throws Exception {
		Chaos chaos;
		try {
			chaos = new Chaos(List.of(args));
		}
		catch (IllegalArgumentException ex) {
			System.err.println(ex.getMessage() + "\n" + USAGE);
			System.exit(2);
			return;
		}
		try {
			System.exit(chaos.run(Path.of(System.getProperty("chaos.home")), System.out) ? 0 : 1);
		}
		catch (InterruptedException ex) {
			System.out.println("Ended before its time: the workers are ended and the channels removed");
		}
	}

	private boolean run(Path home, PrintStream out) throws Exception {
		List<Tally> tallies = new ArrayList<>();
		for (Language peer : this.peers) {
			out.println("java-" + peer.name().toLowerCase(Locale.ROOT) + ", " + this.seconds + " s, seed " + this.seed);
			Tally tally = run(peer, home, out);
			tallies.add(tally);
			out.println(tally.notices());
			tally.anomalies().forEach((anomaly) -> out.println("WRONG: " + anomaly));
			if (this.peers.size() > 1) {
				out.println("java-" + peer.name().toLowerCase(Locale.ROOT) + ": " + tally);
			}
		}
		out.println(tallies.stream().reduce(Tally.NONE, Tally::plus));
		return tallies.stream().allMatch(Tally::holds);
	}

	private Tally run(Language peer, Path home, PrintStream out) throws Exception {
		try (Soak soak = new Soak(List.of(Language.JAVA, peer), this.seconds, this.seed, home, out)) {
			// At Ctrl-C, say; closing twice does no harm.
			Runtime.getRuntime().addShutdownHook(new Thread(soak::close, "clean up"));
			return soak.run();
		}
	}

}
