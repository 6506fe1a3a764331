package io.axonipc;

import java.time.Duration;

/**
 * How a thread waits: it spins for a while, which answers fastest and burns a core, and
 * then parks on a semaphore, which costs nothing and takes tens of microseconds to wake
 * from.
 *
 * @param spinNanos how long to spin before parking, in nanoseconds;
 * {@link Long#MAX_VALUE} never parks
 */
public record WaitStrategy(long spinNanos) {

	/**
	 * Checks the value.
	 * @param spinNanos 0 and up
	 */
	public WaitStrategy {
		if (spinNanos < 0) {
			throw new IllegalArgumentException("spin time " + spinNanos + " ns is negative");
		}
	}

	/**
	 * Spins for 20 microseconds, and a few more in a poll, and then parks. Where spinning
	 * turns out to be futile, because the peer needs the same processor, or after a wait
	 * in vain, it is left out.
	 * @return the default
	 */
	public static WaitStrategy defaultStrategy() {
		return new WaitStrategy(20_000);
	}

	/**
	 * Spins for a time and then parks.
	 * @param spin the time
	 * @return the strategy
	 */
	public static WaitStrategy spinThenPark(Duration spin) {
		return new WaitStrategy(spin.toNanos());
	}

	/**
	 * Parks at once.
	 * @return the strategy
	 */
	public static WaitStrategy park() {
		return new WaitStrategy(0);
	}

	/**
	 * Never parks: for threads that have a core to themselves.
	 * @return the strategy
	 */
	public static WaitStrategy spin() {
		return new WaitStrategy(Long.MAX_VALUE);
	}

}
