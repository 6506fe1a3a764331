package io.axonipc;

/**
 * How long to spin before parking. Not at all after a wait that ended without a message:
 * an idle channel stays asleep. And it learns where spinning is futile because the peer
 * needs the very processor on which this thread spins: then a whole spin is in vain, and
 * the message comes as soon as the processor is yielded. Several threads may use one
 * without a lock: a lost update only delays what is learned.
 */
final class Patience {

	/** How many spins in a row have to be futile. */
	private static final int PROOF = 2;

	/** While spinning is futile, each such wait tries it all the same. */
	private static final int PROBE_EACH = 64;

	private static final long LONG_SPIN = 10_000;

	private final long spin;

	private int futile;

	private int waits;

	private boolean silent;

	Patience(long spin) {
		this.spin = spin;
	}

	/** How long to spin this time, in nanoseconds. */
	long next() {
		if (this.silent) {
			return 0;
		}
		if (this.futile < PROOF) {
			return this.spin;
		}
		return (++this.waits % PROBE_EACH == 0) ? this.spin : 0;
	}

	/**
	 * Whether spins last longer than a few quick looks, and the last waits did not show
	 * that they are futile.
	 */
	boolean isSpinning() {
		return this.spin >= LONG_SPIN && this.futile == 0 && !this.silent;
	}

	/** Whether the last wait ended without a message. */
	boolean isSilent() {
		return this.silent;
	}

	/** The message came while the thread span. */
	void spun() {
		this.futile = 0;
		this.silent = false;
	}

	/**
	 * The message came in the grace period.
	 * @param yielded whether it was there when another thread had had the processor
	 */
	void graced(boolean yielded) {
		this.futile = yielded ? this.futile + 1 : 0;
		this.silent = false;
	}

	/** The thread slept. */
	void slept(boolean came) {
		this.futile = 0;
		this.silent = !came;
	}

}
