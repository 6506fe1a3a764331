package io.axonipc.samples.benchmarks.worker;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * What a system's own thread has read, for the worker's thread to check: systems that
 * call a listener call it in a thread of theirs, and that is where a message is read in
 * full and answered. The worker's thread only looks every millisecond, so that it takes
 * no time from the one that is measured.
 */
public final class Deliveries {

	private static final int SIZE = 1 << 13;

	private static final long PAUSE_NANOS = 1_000_000;

	private final long[] sequences = new long[SIZE];

	private final long[] sums = new long[SIZE];

	private final AtomicLong added = new AtomicLong();

	private final AtomicLong taken = new AtomicLong();

	private volatile boolean opened;

	/** Notes that the other side has called for the first time. */
	public void opened() {
		this.opened = true;
	}

	/**
	 * Waits for the other side's first call.
	 * @param setup the pair
	 */
	public void awaitFirst(Setup setup) {
		Peers.await(() -> this.opened, setup);
	}

	/**
	 * Notes a message, in the system's thread, which waits when the worker's has not
	 * begun the round.
	 * @param sequence word 0
	 * @param sum of all words
	 */
	public void add(long sequence, long sum) {
		long index = this.added.getPlain();
		while (index - this.taken.getAcquire() == SIZE) {
			LockSupport.parkNanos(PAUSE_NANOS);
		}
		this.sequences[(int) index & (SIZE - 1)] = sequence;
		this.sums[(int) index & (SIZE - 1)] = sum;
		this.added.setRelease(index + 1);
	}

	/**
	 * Waits for messages, in the worker's thread.
	 * @param payload told of each
	 * @param limit the most messages to take, 1 and up
	 * @return how many were taken
	 */
	public int take(Payload payload, int limit) {
		long index = this.taken.getPlain();
		while (this.added.getAcquire() == index) {
			LockSupport.parkNanos(PAUSE_NANOS);
		}
		long end = Math.min(this.added.getAcquire(), index + limit);
		for (long i = index; i < end; i++) {
			payload.received(this.sequences[(int) i & (SIZE - 1)], this.sums[(int) i & (SIZE - 1)]);
		}
		this.taken.setRelease(end);
		return (int) (end - index);
	}

}
