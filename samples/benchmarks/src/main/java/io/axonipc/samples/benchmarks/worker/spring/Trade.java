package io.axonipc.samples.benchmarks.worker.spring;

/**
 * Six fields of different types.
 *
 * @param sequence its number in the round
 * @param symbol what is traded
 * @param price for one
 * @param quantity how many
 * @param filled whether it is done
 * @param side which side
 */
public record Trade(long sequence, String symbol, double price, int quantity, boolean filled, Side side) {

	/** Who trades. */
	public enum Side {

		/** Buys. */
		BUY,

		/** Sells. */
		SELL

	}

}
