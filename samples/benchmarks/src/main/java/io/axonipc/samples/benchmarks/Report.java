package io.axonipc.samples.benchmarks;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

import io.axonipc.samples.benchmarks.Target.Verdict;

/** The results for people: tables on a terminal, readable without colour. */
final class Report {

	private final PrintStream out;

	private final Results results;

	Report(PrintStream out, Results results) {
		this.out = out;
		this.results = results;
	}

	void print(List<Target> targets) {
		printFigures();
		printTargets(targets);
		if (!this.results.notMeasured().isEmpty()) {
			line("");
			line("Not measured");
			this.results.notMeasured().forEach((what, reason) -> line("  %-32s %s", what, reason));
		}
	}

	private void printFigures() {
		Map<String, List<Result>> scenarios = new LinkedHashMap<>();
		for (Result result : this.results.all()) {
			if (isShown(result)) {
				scenarios.computeIfAbsent(result.item().scenario(), (key) -> new ArrayList<>()).add(result);
			}
		}
		line("%-22s %-18s %-6s %-10s %16s  %9s  %s", "scenario", "system", "ring", "metric", "value", "/axon", "p99.9");
		scenarios.forEach((scenario, list) -> list.forEach(this::printFigure));
	}

	/** The other percentiles are in the files. */
	private static boolean isShown(Result result) {
		return !result.metric().startsWith("rtt_") || result.metric().equals(Result.RTT_P50);
	}

	private void printFigure(Result result) {
		Case item = result.item();
		OptionalDouble axon = this.results.value(axonOf(item), result.metric());
		OptionalDouble tail = this.results.value(item, "rtt_p999");
		boolean rtt = result.metric().equals(Result.RTT_P50);
		line("%-22s %-18s %-6s %-10s %16s  %9s  %s%s", item.scenario(), item.system(), item.ring(), result.metric(),
				number(result.value()) + " " + result.unit(),
				axon.isPresent() && axon.getAsDouble() > 0 ? number(result.value() / axon.getAsDouble()) : "",
				(rtt && tail.isPresent()) ? number(tail.getAsDouble()) + " ns" : "",
				result.leftOut().isEmpty() ? "" : "  (" + result.leftOut().size() + " rounds left out as outliers)");
	}

	/** What a case is compared with: Java, or else the one that Axon has there. */
	private Case axonOf(Case item) {
		String scenario = item.scenario().startsWith("listener") ? "spin-32" : item.scenario();
		String system = item.scenario().contains("python") ? "axon-python" : "axon-java";
		return new Case(system, scenario, item.ring());
	}

	private void printTargets(List<Target> targets) {
		line("");
		line("%-8s %-46s %10s  %-16s %s", "target", "figure (axon-java unless said otherwise)", "value", "limit",
				"verdict");
		for (Target target : targets) {
			OptionalDouble value = target.figure().of(this.results);
			line("%-8d %-46s %10s  %-16s %s", target.number(), target.text(),
					value.isPresent() ? number(value.getAsDouble()) : "-",
					(target.atLeast() ? "at least " : "at most ") + number(target.limit()),
					target.verdict(this.results));
		}
		Map<Verdict, Integer> counts = new LinkedHashMap<>();
		targets.forEach((target) -> counts.merge(target.verdict(this.results), 1, Integer::sum));
		line("");
		counts.forEach((verdict, count) -> line("%s: %d", verdict, count));
	}

	/** Three digits and more, as much as a median of a few runs is worth. */
	static String number(double value) {
		if (value != 0 && Math.abs(value) < 0.1) {
			return String.format(Locale.ROOT, "%.4f", value);
		}
		if (Math.abs(value) < 100) {
			return String.format(Locale.ROOT, "%.2f", value);
		}
		return String.format(Locale.ROOT, "%,.0f", value);
	}

	private void line(String format, Object... arguments) {
		this.out.println(String.format(Locale.ROOT, format, arguments).stripTrailing());
	}

}
