package io.axonipc.samples.benchmarks.worker;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelOptions;
import io.axonipc.Role;

/** Opens and closes a channel again and again; jnr-ffi was loaded by an earlier one. */
final class OpenTask implements Task {

	private static final double NANOS_PER_MILLISECOND = 1e6;

	private final String name;

	OpenTask(Setup setup) {
		this.name = setup.name();
		openAndClose();
	}

	@Override
	public Map<String, Number> round(long messages) {
		long[] nanos = new long[(int) messages];
		for (int i = 0; i < nanos.length; i++) {
			nanos[i] = openAndClose();
		}
		Arrays.sort(nanos);
		return Map.of("start", nanos[nanos.length / 2] / NANOS_PER_MILLISECOND);
	}

	private long openAndClose() {
		long start = System.nanoTime();
		AxonChannel.open(this.name, ChannelOptions.defaults().role(Role.SERVER)).close();
		return System.nanoTime() - start;
	}

	@Override
	public void idle(long nanos) {
		LockSupport.parkNanos(nanos);
	}

	@Override
	public void close() {
	}

}
