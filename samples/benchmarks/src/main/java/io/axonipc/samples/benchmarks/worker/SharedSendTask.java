package io.axonipc.samples.benchmarks.worker;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Sends from four threads at once through one transport. */
final class SharedSendTask extends TransportTask {

	private static final int THREADS = 4;

	private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);

	private final boolean threadSafe;

	private final List<Payload> payloads = new ArrayList<>();

	SharedSendTask(Transport transport, Setup setup) {
		super(transport, setup);
		this.threadSafe = transport.isThreadSafe();
		for (int i = 0; i < THREADS; i++) {
			this.payloads.add(new Payload(setup.size(), i));
		}
	}

	@Override
	public Map<String, Number> round(long messages) throws Exception {
		List<Future<?>> running = new ArrayList<>();
		for (Payload own : this.payloads) {
			running.add(this.threads.submit(() -> send(own, messages / THREADS)));
		}
		for (Future<?> thread : running) {
			thread.get();
		}
		return Map.of();
	}

	private Void send(Payload own, long messages) throws Exception {
		own.restart();
		for (long i = 0; i < messages; i++) {
			if (this.threadSafe) {
				this.transport.send(own);
			}
			else {
				synchronized (this.transport) {
					this.transport.send(own);
				}
			}
		}
		return null;
	}

	@Override
	public void close() {
		this.threads.shutdown();
		super.close();
	}

}
