package io.axonipc.samples.benchmarks.worker;

import java.lang.management.ManagementFactory;

import com.sun.management.ThreadMXBean;

/** What the tasks over a transport have in common. */
abstract class TransportTask implements Task {

	private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

	final Transport transport;

	final Payload payload;

	TransportTask(Transport transport, Setup setup) {
		this.transport = transport;
		this.payload = new Payload(setup.size());
	}

	/** Bytes that the calling thread ever allocated. */
	static long allocated() {
		return THREADS.getCurrentThreadAllocatedBytes();
	}

	@Override
	public void idle(long nanos) throws Exception {
		this.transport.idle(nanos);
	}

	@Override
	public void close() {
		this.transport.close();
	}

}
