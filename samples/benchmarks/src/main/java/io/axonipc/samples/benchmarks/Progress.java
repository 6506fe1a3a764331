package io.axonipc.samples.benchmarks;

import java.io.PrintStream;
import java.time.Duration;

/** Tells how far the run is. */
final class Progress {

	private final PrintStream out;

	private final double expectedSeconds;

	private final long start = System.nanoTime();

	private double finishedSeconds;

	Progress(PrintStream out, double expectedSeconds) {
		this.out = out;
		this.expectedSeconds = expectedSeconds;
	}

	/**
	 * Prints a line.
	 * @param what what happens now
	 */
	void say(String what) {
		double elapsed = (System.nanoTime() - this.start) / 1e9;
		double pace = (this.finishedSeconds > 0) ? elapsed / this.finishedSeconds : 1;
		double rest = Math.max(0, (this.expectedSeconds - this.finishedSeconds) * pace);
		this.out.printf("[%s, about %s left] %s%n", time(elapsed), time(rest), what);
	}

	/**
	 * Notes that a part is done.
	 * @param seconds how long it was expected to take
	 */
	void finished(double seconds) {
		this.finishedSeconds += seconds;
	}

	private static String time(double seconds) {
		Duration duration = Duration.ofSeconds((long) seconds);
		return "%d:%02d".formatted(duration.toMinutes(), duration.toSecondsPart());
	}

}
