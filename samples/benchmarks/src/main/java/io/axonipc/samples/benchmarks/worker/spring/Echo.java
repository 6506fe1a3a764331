package io.axonipc.samples.benchmarks.worker.spring;

import io.axonipc.samples.benchmarks.worker.Affinity;
import io.axonipc.samples.benchmarks.worker.Deliveries;
import io.axonipc.spring.AxonListener;

/** Answers each message with itself, read in full. */
class Echo {

	private final Form<byte[]> bytes = new Form.Bytes();

	private final Form<String> text = new Form.Text();

	private final Form<Trade> json = new Form.Json();

	private final Deliveries deliveries;

	private final int cpu;

	private boolean pinned;

	Echo(Deliveries deliveries, int cpu) {
		this.deliveries = deliveries;
		this.cpu = cpu;
	}

	@AxonListener(tag = "listener-bytes")
	byte[] bytes(byte[] message) {
		return read(this.bytes, message);
	}

	@AxonListener(tag = "listener-string")
	String text(String message) {
		return read(this.text, message);
	}

	@AxonListener(tag = "listener-json")
	Trade json(Trade message) {
		return read(this.json, message);
	}

	private <T> T read(Form<T> form, T message) {
		if (!this.pinned) {
			// The thread is the starter's: only here can it be pinned.
			Affinity.pin(this.cpu);
			this.pinned = true;
		}
		this.deliveries.add(form.sequence(message), form.sum(message));
		return message;
	}

}
