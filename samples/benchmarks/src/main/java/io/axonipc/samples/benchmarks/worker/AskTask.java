package io.axonipc.samples.benchmarks.worker;

import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** Asks, waits for the answer, and measures the time between. */
final class AskTask extends TransportTask {

	/** One request per millisecond where requests are sparse. */
	private static final long PERIOD_NANOS = 1_000_000;

	private final Latencies latencies = new Latencies();

	private final boolean sparse;

	AskTask(Transport transport, Setup setup) {
		super(transport, setup);
		this.sparse = setup.scenario().startsWith("sparse");
	}

	@Override
	public Map<String, Number> round(long messages) throws Exception {
		this.latencies.restart();
		this.payload.restart();
		long before = allocated();
		if (this.sparse) {
			askInRhythm(messages);
		}
		else {
			ask(messages);
		}
		long bytes = allocated() - before;
		this.payload.verify(messages);
		Map<String, Number> figures = this.latencies.figures();
		figures.put("alloc", (double) bytes / messages);
		return figures;
	}

	private void ask(long messages) throws Exception {
		for (long i = 0; i < messages; i++) {
			askOnce();
		}
	}

	private void askInRhythm(long messages) throws Exception {
		long begin = System.nanoTime();
		for (long i = 0; i < messages; i++) {
			long due = ((System.nanoTime() - begin) / PERIOD_NANOS + 1) * PERIOD_NANOS;
			long left;
			while ((left = begin + due - System.nanoTime()) > 0) {
				LockSupport.parkNanos(left);
			}
			askOnce();
		}
	}

	private void askOnce() throws Exception {
		long start = System.nanoTime();
		this.transport.send(this.payload);
		this.transport.receive(this.payload, 1);
		this.latencies.record(System.nanoTime() - start);
	}

}
