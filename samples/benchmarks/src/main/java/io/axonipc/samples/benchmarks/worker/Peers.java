package io.axonipc.samples.benchmarks.worker;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for the other side of a pair. */
public final class Peers {

	/** How long each side waits for the other to come. */
	public static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final long PAUSE_NANOS = 1_000_000;

	private Peers() {
	}

	/**
	 * Looks every millisecond whether the other side is there.
	 * @param there the test
	 * @param setup the pair, for the message
	 */
	public static void await(BooleanSupplier there, Setup setup) {
		long start = System.nanoTime();
		while (!there.getAsBoolean()) {
			if (System.nanoTime() - start > PATIENCE.toNanos()) {
				throw new IllegalStateException(setup.system() + " " + setup.scenario() + ": the other side of "
						+ setup.name() + " did not come within " + PATIENCE.toSeconds() + " s");
			}
			LockSupport.parkNanos(PAUSE_NANOS);
		}
	}

}
