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
	private static final double LONGEST_SECONDS = 8;

	private static final double GROWTH = 10;

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
			pair.setMessages(1);
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
		boolean settled = false;
		while ((sum < seconds(java) || !settled) && sum < LONGEST_SECONDS) {
			long start = System.nanoTime();
			pair.round();
			double took = (System.nanoTime() - start) / 1e9;
			sum += took;
			settled = took > ROUND_SECONDS / 2 && took < ROUND_SECONDS * 2;
			double factor = Math.min(GROWTH, ROUND_SECONDS / took);
			pair.setMessages(Math.max(4, (long) (pair.messages() * factor)));
		}
	}

}
