package io.axonipc.samples.benchmarks;

/**
 * Runs a pair until its code is compiled and its memory touched, and finds how many
 * messages make a round of half a second.
 */
final class WarmUp {

	/** How long a round is to take. */
	static final double ROUND_SECONDS = 0.5;

	private static final double JIT_SECONDS = 3;

	private static final double OTHER_SECONDS = 1;

	/** A system that has not settled by then is measured as it is. */
	private static final double LONGEST_SECONDS = 15;

	private static final double GROWTH = 10;

	/**
	 * A pair is warm when so many rounds in a row were no faster than the best before.
	 */
	private static final int STEADY_ROUNDS = 2;

	private static final double STEADY = 0.95;

	private static final long COMPILE_MILLIS = 100;

	/** How often something is started in a round. */
	private static final long STARTS = 3;

	/** One request per millisecond. */
	private static final long SPARSE_MESSAGES = 500;

	private WarmUp() {
	}

	/** How long a warm-up takes at least. */
	static double seconds(boolean java) {
		return java ? JIT_SECONDS : OTHER_SECONDS;
	}

	static void run(Pair pair, boolean java) throws Exception {
		Case item = pair.item();
		if (item.isStart()) {
			pair.setMessages(STARTS);
			pair.round();
			return;
		}
		if (item.scenario().startsWith("sparse")) {
			pair.setMessages(SPARSE_MESSAGES);
			for (double sum = 0; sum < seconds(java); sum += ROUND_SECONDS) {
				pair.round();
			}
			return;
		}
		pair.setMessages((item.size() < (1 << 20)) ? 100 : 8);
		double sum = 0;
		double previous = Double.MAX_VALUE;
		int steady = 0;
		while ((sum < seconds(java) || steady < STEADY_ROUNDS) && sum < LONGEST_SECONDS) {
			long start = System.nanoTime();
			pair.round();
			double took = (System.nanoTime() - start) / 1e9;
			double pace = took / pair.messages();
			boolean longEnough = took > ROUND_SECONDS / 2 && took < ROUND_SECONDS * 2;
			steady = (longEnough && pace > STEADY * previous) ? steady + 1 : 0;
			previous = Math.min(pace, previous);
			double factor = Math.min(GROWTH, ROUND_SECONDS / took);
			pair.setMessages(Math.max(4, (long) (pair.messages() * factor)));
			if (java) {
				// Two threads that spin on two CPUs leave none to the compiler.
				Thread.sleep(COMPILE_MILLIS);
			}
			sum += (System.nanoTime() - start) / 1e9;
		}
	}

}
