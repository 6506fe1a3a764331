package io.axonipc;

import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

import io.axonipc.ring.RingProducer;

/**
 * How a sender waits for room: it spins, asks the consumer, and then waits on the space
 * semaphore. Used by one thread at a time, which holds the outbox's lock. See
 * PROTOCOL.md, "Waiting".
 */
final class RoomWait {

	private final AxonChannel channel;

	private final RingProducer ring;

	private final ChannelCounters counters;

	private final SemaphoreGate gate;

	RoomWait(AxonChannel channel, RingProducer ring, ChannelCounters counters) {
		Endpoint endpoint = channel.endpoint();
		this.channel = channel;
		this.ring = ring;
		this.counters = counters;
		this.gate = new SemaphoreGate(endpoint.space(endpoint.outgoing()));
	}

	/**
	 * Spins and then parks until the consumer has made room.
	 * @param reserve tries to take the room; negative without success
	 * @param wanted the value of the consumer's {@code free} that it lacked
	 * @param started when the send began, 0 for now
	 * @param nanos the longest wait
	 * @return what {@code reserve} returned
	 */
	int await(IntSupplier reserve, LongSupplier wanted, long started, long nanos) {
		this.channel.publishHandled();
		long start = (started != 0) ? started : System.nanoTime();
		boolean parks = this.channel.spinNanos() < AxonChannel.BOUNDED_WAIT_NANOS;
		long spin = Math.min(this.channel.spinNanos(), AxonChannel.BOUNDED_WAIT_NANOS);
		long looked = start;
		for (long waited = 0; waited < nanos; waited = System.nanoTime() - start) {
			// The consumer publishes by strides; for less it must be asked.
			int record = (waited < spin) ? spin(reserve, spin) : ask(reserve, wanted, nanos - waited, parks);
			if (record >= 0) {
				return record;
			}
			this.channel.ensureOpen();
			long now = System.nanoTime();
			if (now - looked >= AxonChannel.BOUNDED_WAIT_NANOS) {
				looked = now;
				this.channel.lookAround();
			}
			this.channel.ensureNotInterrupted("room");
			// The peer may wait for room as well, for what another thread released since.
			this.channel.publishHandled();
		}
		return RingProducer.FULL;
	}

	/** The last look comes after the end of the time: see PROTOCOL.md, "Waiting". */
	private int spin(IntSupplier reserve, long nanos) {
		long start = System.nanoTime();
		boolean over;
		int record;
		do {
			Thread.onSpinWait();
			over = System.nanoTime() - start >= nanos;
			record = reserve.getAsInt();
		}
		while (record < 0 && this.channel.isOpen() && !over);
		return record;
	}

	/** Asks the consumer for room, and spins or parks until it has answered. */
	private int ask(IntSupplier reserve, LongSupplier wanted, long nanos, boolean parks) {
		long bound = Math.min(nanos, AxonChannel.BOUNDED_WAIT_NANOS);
		this.gate.drain();
		long position = wanted.getAsLong();
		this.ring.want(position);
		try {
			int record = spin(reserve, parks ? AxonChannel.GRACE_NANOS : bound);
			if (record >= 0 || !parks || wanted.getAsLong() != position || !this.channel.isOpen()
					|| Thread.currentThread().isInterrupted()) {
				return record;
			}
			this.counters.add(ChannelCounters.SENDER_PARKS, 1);
			long first = Math.min(bound, AxonChannel.FIRST_WAIT_NANOS);
			boolean posted = this.gate.block(first);
			record = reserve.getAsInt();
			if (record >= 0 || posted || wanted.getAsLong() != position) {
				return record;
			}
			this.gate.block(bound - first);
			return reserve.getAsInt();
		}
		finally {
			this.ring.want(0);
		}
	}

	void wake() {
		this.gate.wake();
	}

}
