package io.axonipc.samples.benchmarks.worker;

import java.util.Map;

/** Answers each message with a copy of it. */
final class EchoTask extends TransportTask {

	EchoTask(Transport transport, Setup setup) {
		super(transport, setup);
	}

	@Override
	public Map<String, Number> round(long messages) throws Exception {
		this.payload.restart();
		long before = allocated();
		for (long i = 0; i < messages; i++) {
			this.transport.echo(this.payload);
		}
		long bytes = allocated() - before;
		this.payload.verify(messages);
		return Map.of("alloc", (double) bytes / messages);
	}

}
