package io.axonipc.samples.benchmarks.worker;

import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Both sides of a system in one process. Without Chronicle, which needs flags of the JVM,
 * and RabbitMQ, which needs a broker.
 */
@Timeout(60)
class TransportsTest {

	private static final int MESSAGES = 300;

	private static final int PATIENCE_SECONDS = 30;

	private final CyclicBarrier bothSides = new CyclicBarrier(2);

	private final ExecutorService otherSide = Executors.newSingleThreadExecutor();

	@ParameterizedTest
	@CsvSource({ "uds-java, spin-32", "uds-java, default-32", "tcp-java, spin-1k", "tcp-java, park-32",
			"jeromq, default-32", "grpc-java, default-32", "axon-spring, listener-bytes",
			"axon-spring, listener-string", "axon-spring, listener-json" })
	void roundTripsBringBackEveryByte(String system, String scenario) throws Exception {
		Map<String, Number> figures = run(system, scenario, true);
		assertThat(figures.get("p50").longValue()).isPositive();
	}

	@ParameterizedTest
	@CsvSource({ "uds-java, stream-32", "uds-java, stream-1m", "tcp-java, stream-64k", "jeromq, stream-1k",
			"uds-java, shared-4x32", "jeromq, shared-4x32", "grpc-java, shared-4x32", "grpc-java, stream-64k" })
	void streamsArriveInOrderAndWhole(String system, String scenario) throws Exception {
		Map<String, Number> figures = run(system, scenario, false);
		assertThat(figures.get("seconds").doubleValue()).isPositive();
	}

	/** Two rounds; the tasks themselves fail when a byte is wrong. */
	private Map<String, Number> run(String system, String scenario, boolean firstMeasures) throws Exception {
		String name = "transports-" + ProcessHandle.current().pid() + "-" + system + "-" + scenario;
		Future<Map<String, Number>> second = this.otherSide.submit(() -> rounds(system, scenario, false, name));
		try {
			Map<String, Number> first = rounds(system, scenario, true, name);
			Map<String, Number> other = second.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
			return firstMeasures ? first : other;
		}
		finally {
			this.otherSide.shutdownNow();
		}
	}

	private void awaitOther() throws Exception {
		this.bothSides.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
	}

	private Map<String, Number> rounds(String system, String scenario, boolean first, String name) throws Exception {
		try (Task task = Tasks.open(Setup.of(system, scenario, first, name), -1)) {
			// As the program that drives the workers has it: a round begins when both
			// sides
			// are ready, and both stay until it is over.
			awaitOther();
			task.round(MESSAGES);
			Map<String, Number> figures = task.round(MESSAGES);
			awaitOther();
			return figures;
		}
	}

}
