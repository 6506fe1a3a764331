package io.axonipc.samples.benchmarks.worker;

import java.util.Map;

/** Sends as fast as it can, or a little slower so that the ring stays empty. */
final class SendTask extends TransportTask {

	/** The pauses that keep the ring empty come after so many messages. */
	private static final int BURST = 32;

	/** Enough for the receiver to get ahead of the sender, which then sets the rate. */
	private static final int PAUSE_SPINS = 2;

	private final boolean pauses;

	SendTask(Transport transport, Setup setup) {
		super(transport, setup);
		this.pauses = setup.scenario().endsWith("-empty");
	}

	@Override
	public Map<String, Number> round(long messages) throws Exception {
		this.payload.restart();
		long before = allocated();
		for (long i = 0; i < messages; i++) {
			this.transport.send(this.payload);
			if (this.pauses && i % BURST == 0) {
				pause();
			}
		}
		return Map.of("alloc", (double) (allocated() - before) / messages);
	}

	private static void pause() {
		for (int i = 0; i < PAUSE_SPINS; i++) {
			Thread.onSpinWait();
		}
	}

}
