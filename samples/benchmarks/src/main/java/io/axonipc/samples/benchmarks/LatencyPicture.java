package io.axonipc.samples.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/** Round-trip times by percentile as an SVG picture, legible on light and dark pages. */
final class LatencyPicture {

	private static final String SCENARIO = "spin-32";

	private static final List<String> METRICS = List.of("rtt_p50", "rtt_p90", "rtt_p99", "rtt_p999", "rtt_p9999");

	private static final List<String> LABELS = List.of("50 %", "90 %", "99 %", "99.9 %", "99.99 %");

	/** 1/(1-p): 2, 10, 100, 1000, 10000, on a logarithmic scale. */
	private static final double[] POSITIONS = { Math.log10(2), 1, 2, 3, 4 };

	/**
	 * Dark enough on white and light enough on black, and told apart by the colour-blind.
	 */
	private static final List<String> COLOURS = List.of("#d1495b", "#2e86c1", "#7d8a2e", "#9b59b6", "#c77d0a",
			"#1e9e7e", "#8d6e63", "#607d8b", "#c2549d", "#5c6bc0");

	private static final int WIDTH = 760;

	private static final int HEIGHT = 440;

	private static final int LEFT = 70;

	private static final int RIGHT = 600;

	private static final int TOP = 50;

	private static final int BOTTOM = 385;

	private static final int LABEL_DISTANCE = 15;

	private final Map<String, double[]> lines;

	private final int lowest;

	private final int highest;

	LatencyPicture(Map<String, double[]> lines) {
		this.lines = lines;
		double[] all = lines.values().stream().flatMapToDouble(Arrays::stream).sorted().toArray();
		this.lowest = (all.length > 0) ? (int) Math.floor(Math.log10(Math.max(1, all[0]))) : 0;
		this.highest = (all.length > 0) ? (int) Math.ceil(Math.log10(all[all.length - 1])) : 1;
	}

	static LatencyPicture of(Results results) {
		Map<String, double[]> lines = new LinkedHashMap<>();
		for (Result result : results.all()) {
			if (result.item().scenario().equals(SCENARIO) && result.metric().equals(Result.RTT_P50)) {
				double[] values = METRICS.stream()
					.map((metric) -> results.value(result.item(), metric))
					.filter(OptionalDouble::isPresent)
					.mapToDouble(OptionalDouble::getAsDouble)
					.toArray();
				if (values.length == METRICS.size()) {
					lines.put(result.item().system(), values);
				}
			}
		}
		return new LatencyPicture(lines);
	}

	boolean isEmpty() {
		return this.lines.isEmpty();
	}

	String svg() {
		StringBuilder svg = new StringBuilder();
		svg.append("""
				<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">
				<style>
				text { fill: #333 } .grid { stroke: #999; stroke-opacity: 0.35 } .line { fill: none; stroke-width: 2 }
				@media (prefers-color-scheme: dark) { text { fill: #ddd } }
				</style>
				<text x="%d" y="24" font-size="15">Round trip of 32 bytes between two processes that spin</text>
				""".formatted(WIDTH, HEIGHT, LEFT));
		drawGrid(svg);
		drawLines(svg);
		return svg.append("</svg>\n").toString();
	}

	private void drawGrid(StringBuilder svg) {
		for (int power = this.lowest; power <= this.highest; power++) {
			double y = y(Math.pow(10, power));
			svg.append(
					format("<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, RIGHT, y, y));
			svg.append(
					format("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y + 4, time(power)));
		}
		for (int i = 0; i < POSITIONS.length; i++) {
			double x = x(i);
			svg.append(
					format("<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x, x, TOP, BOTTOM));
			svg.append(format("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x, BOTTOM + 20,
					LABELS.get(i)));
		}
		svg.append(format("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">so many round trips are no slower</text>\n",
				(LEFT + RIGHT) / 2, BOTTOM + 42));
	}

	private void drawLines(StringBuilder svg) {
		List<String> systems = new ArrayList<>(this.lines.keySet());
		systems.sort((a, b) -> Double.compare(last(b), last(a)));
		double lowestLabel = BOTTOM - LABEL_DISTANCE * (systems.size() - 1.0);
		double previous = Double.NEGATIVE_INFINITY;
		for (int i = 0; i < systems.size(); i++) {
			String system = systems.get(i);
			String colour = COLOURS.get(new ArrayList<>(this.lines.keySet()).indexOf(system) % COLOURS.size());
			StringBuilder points = new StringBuilder();
			double[] values = this.lines.get(system);
			for (int j = 0; j < values.length; j++) {
				points.append(format("%.1f,%.1f ", x(j), y(values[j])));
			}
			// Labels keep a distance, whatever the lines do: downwards, but for the last
			// ones.
			double label = Math.max(previous + LABEL_DISTANCE,
					Math.min(y(last(system)), lowestLabel + i * LABEL_DISTANCE));
			previous = label;
			svg.append(format("<polyline class=\"line\" stroke=\"%s\" points=\"%s\"/>\n", colour,
					points.toString().trim()));
			svg.append(
					format("<line stroke=\"%s\" stroke-opacity=\"0.5\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n",
							colour, RIGHT, y(last(system)), RIGHT + 16, label));
			// The colour on top of the text's own, for a style sheet would win over an
			// attribute.
			svg.append(format("<text x=\"%d\" y=\"%.1f\" style=\"fill:%s\">%s</text>\n", RIGHT + 20, label + 4, colour,
					system));
		}
	}

	private double last(String system) {
		return this.lines.get(system)[METRICS.size() - 1];
	}

	private static double x(int index) {
		double share = (POSITIONS[index] - POSITIONS[0]) / (POSITIONS[POSITIONS.length - 1] - POSITIONS[0]);
		return LEFT + share * (RIGHT - LEFT);
	}

	private double y(double nanos) {
		double share = (Math.log10(Math.max(1, nanos)) - this.lowest) / Math.max(1, this.highest - this.lowest);
		return BOTTOM - share * (BOTTOM - TOP);
	}

	private static String time(int power) {
		String[] units = { "ns", "µs", "ms", "s" };
		int unit = Math.min(power / 3, units.length - 1);
		return (long) Math.pow(10, power - 3 * unit) + " " + units[unit];
	}

	private static String format(String format, Object... arguments) {
		return String.format(Locale.ROOT, format, arguments);
	}

}
