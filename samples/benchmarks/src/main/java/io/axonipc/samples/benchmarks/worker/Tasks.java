package io.axonipc.samples.benchmarks.worker;

import io.axonipc.samples.benchmarks.worker.spring.ListenerTransport;
import io.axonipc.samples.benchmarks.worker.spring.SpringStartTask;

/** Which task a worker has. */
public final class Tasks {

	private Tasks() {
	}

	/**
	 * Connects to the other side, and pins the calling thread.
	 * @param setup what to open
	 * @param cpu the CPU to pin to, or -1
	 * @return the task, ready for rounds
	 * @throws UnavailableException when the system cannot run here
	 * @throws Exception when it fails
	 */
	public static Task open(Setup setup, int cpu) throws Exception {
		if (setup.scenario().equals("open")) {
			Affinity.pin(cpu);
			return new OpenTask(setup);
		}
		if (setup.scenario().equals("spring-start")) {
			return new SpringStartTask(setup);
		}
		// Only the measuring thread is pinned, not what the system starts for itself.
		Transport transport = setup.system().equals("axon-spring") ? ListenerTransport.open(setup, cpu)
				: Systems.open(setup);
		Affinity.pin(cpu);
		if (setup.scenario().startsWith("shared") && setup.first()) {
			return new SharedSendTask(transport, setup);
		}
		if (setup.isStream()) {
			return setup.first() ? new SendTask(transport, setup) : new ReceiveTask(transport, setup);
		}
		return setup.first() ? new AskTask(transport, setup) : new EchoTask(transport, setup);
	}

}
