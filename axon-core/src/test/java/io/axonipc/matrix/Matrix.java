package io.axonipc.matrix;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

import io.axonipc.Role;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import org.opentest4j.TestAbortedException;

/**
 * Every language against every language, itself included: started by {@code matrix/run},
 * and by {@link MatrixTest}.
 */
final class Matrix {

	private static final String USAGE = "usage: run [--measure] [--pair ASKS-ANSWERS]";

	/** At the same time: each takes up to 30 MiB of shared memory. */
	private static final int CONVERSATIONS = 4;

	private final Map<Pair, Outcome> outcomes = new LinkedHashMap<>();

	private final Map<Language, Outcome> golden = new EnumMap<>(Language.class);

	private final Map<Pair, Measurement> measurements = new LinkedHashMap<>();

	private final Map<Language, String> missing = new EnumMap<>(Language.class);

	/**
	 * Exits with 0 when all went well, with 1 when something failed, or is missing with
	 * {@code CI=true}.
	 * @param arguments see the usage
	 */
	public static void main(String[] arguments) throws Exception {
		boolean measure = false;
		List<Pair> pairs = Pair.all();
		for (int i = 0; i < arguments.length; i++) {
			if (arguments[i].equals("--measure")) {
				measure = true;
			}
			else if (arguments[i].equals("--pair") && i + 1 < arguments.length) {
				String wanted = arguments[++i];
				pairs = pairs.stream().filter((pair) -> pair.toString().equals(wanted)).toList();
			}
			else {
				pairs = List.of();
			}
		}
		if (pairs.isEmpty()) {
			System.err.println(USAGE + ", such as java-c");
			System.exit(2);
		}
		System.exit(new Matrix().run(pairs, measure) ? 0 : 1);
	}

	private boolean run(List<Pair> pairs, boolean measure) throws Exception {
		boolean complete = findWhatIsMissing();
		for (Pair pair : pairs) {
			if (isThere(pair.asks()) && isThere(pair.answers())) {
				System.out.printf("%-14s %s%n", pair, converse(pair));
			}
		}
		for (Language language : Language.values()) {
			if (isThere(language) && pairs.stream().anyMatch((pair) -> pair.has(language))) {
				golden(language);
			}
		}
		print(System.out);
		boolean good = complete && isGood();
		if (measure && good) {
			measure(pairs);
		}
		return good;
	}

	/** Builds, too. */
	private boolean findWhatIsMissing() throws IOException {
		boolean complete = true;
		for (Language language : Language.values()) {
			try {
				PeerProcess.need(language);
			}
			catch (TestAbortedException ex) {
				this.missing.put(language, "is left out: " + ex.getMessage().replaceFirst("^Assumption failed: ", ""));
			}
			catch (AssertionError ex) {
				this.missing.put(language, "cannot be used: " + ex.getMessage());
				complete = false;
			}
		}
		return complete;
	}

	private boolean isThere(Language language) {
		return !this.missing.containsKey(language);
	}

	/** All conversations of two languages: both roles, both start orders, and kills. */
	Outcome converse(Pair pair) throws InterruptedException, ExecutionException {
		ExecutorService threads = Executors
			.newFixedThreadPool(Math.min(CONVERSATIONS, Runtime.getRuntime().availableProcessors()));
		try {
			List<Future<Outcome>> parts = new ArrayList<>();
			for (Role role : Role.values()) {
				parts.add(threads.submit(() -> pair.conversation(role).ordinary(true)));
				parts.add(threads.submit(() -> pair.conversation(role).ordinary(false)));
				parts.add(threads.submit(() -> pair.conversation(role).withKills()));
			}
			Outcome outcome = new Outcome(0, 0, List.of());
			for (Future<Outcome> part : parts) {
				outcome = outcome.plus(part.get());
			}
			this.outcomes.put(pair, outcome);
			return outcome;
		}
		finally {
			threads.shutdownNow();
		}
	}

	Outcome golden(Language language) {
		Outcome outcome = GoldenCheck.of(language);
		this.golden.put(language, outcome);
		return outcome;
	}

	private boolean isGood() {
		return this.outcomes.values().stream().allMatch(Outcome::isGood)
				&& this.golden.values().stream().allMatch(Outcome::isGood);
	}

	private void measure(List<Pair> pairs) throws Exception {
		for (Pair pair : pairs) {
			if (isThere(pair.asks()) && isThere(pair.answers())) {
				this.measurements.put(pair, Measurement.of(pair.asks(), pair.answers()));
			}
		}
		Table table = new Table(System.out);
		table.print("spin-32: nanoseconds of a round trip of 32 bytes, both sides spin", "asks \\ answers",
				(pair) -> figure(pair, "%,.0f", Measurement::roundTrip));
		table.print("stream-32: million messages of 32 bytes per second, one way", "sends \\ receives",
				(pair) -> figure(pair, "%.1f", (speed) -> speed.rate() / 1e6));
	}

	private String figure(Pair pair, String format, Function<Measurement, Double> figure) {
		Measurement measurement = this.measurements.get(pair);
		return (measurement != null) ? String.format(Locale.ROOT, format, figure.apply(measurement)) : "-";
	}

	/** The matrix, what failed, and what is missing. */
	void print(PrintStream out) {
		Table table = new Table(out);
		table.print("Steps that went well, of all", "asks \\ answers", (pair) -> text(this.outcomes.get(pair)));
		table.row("golden vectors", (language) -> text(this.golden.get(language)));
		out.println();
		this.missing.forEach((language, reason) -> out.println(Conversation.lower(language) + " " + reason));
		this.outcomes.forEach((pair, outcome) -> outcome.report().forEach((line) -> out.println(pair + ": " + line)));
		this.golden.forEach((language, outcome) -> outcome.report()
			.forEach((line) -> out.println(Conversation.lower(language) + ": " + line)));
	}

	private static String text(Outcome outcome) {
		return (outcome != null) ? outcome.toString() : "-";
	}

}
