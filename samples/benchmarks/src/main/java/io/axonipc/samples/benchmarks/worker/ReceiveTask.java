package io.axonipc.samples.benchmarks.worker;

import java.util.LinkedHashMap;
import java.util.Map;

/** Receives a stream; the clock starts when the first message has been read. */
final class ReceiveTask extends TransportTask {

	/** The most messages to take at once. */
	private static final int BATCH = 256;

	private static final double NANOS_PER_SECOND = 1e9;

	ReceiveTask(Transport transport, Setup setup) {
		super(transport, setup);
	}

	@Override
	public Map<String, Number> round(long messages) throws Exception {
		this.payload.restart();
		int first = this.transport.receive(this.payload, 1);
		long before = allocated();
		long start = System.nanoTime();
		receive(messages - first);
		long nanos = System.nanoTime() - start;
		long bytes = allocated() - before;
		this.payload.verify(messages);
		Map<String, Number> figures = new LinkedHashMap<>();
		figures.put("seconds", nanos / NANOS_PER_SECOND);
		figures.put("messages", messages - first);
		figures.put("bytes", (messages - first) * this.payload.length());
		figures.put("alloc", (double) bytes / messages);
		return figures;
	}

	private void receive(long messages) throws Exception {
		long left = messages;
		while (left > 0) {
			left -= this.transport.receive(this.payload, (int) Math.min(BATCH, left));
		}
	}

}
