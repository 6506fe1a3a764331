package io.axonipc.samples.benchmarks.worker.spring;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

import io.axonipc.samples.benchmarks.worker.Setup;
import io.axonipc.samples.benchmarks.worker.Task;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * How many milliseconds later a Spring Boot application with one channel has started than
 * the same application without Axon: in a JVM that has started many, and, as users start
 * them, in a JVM of its own, where jnr-ffi has to be loaded.
 */
public final class SpringStartTask implements Task {

	/** A JVM of its own takes a second or more, and its time varies little. */
	private static final int MAX_FRESH = 3;

	private static final double NANOS_PER_MILLISECOND = 1e6;

	private final String name;

	/**
	 * Creates the task.
	 * @param setup gives the channel's name
	 */
	public SpringStartTask(Setup setup) {
		this.name = setup.name();
	}

	/** Started in a JVM of its own; its one argument is the channel, if it has one. */
	public static void main(String[] args) {
		start((args.length > 0) ? args[0] : null).close();
	}

	private static ConfigurableApplicationContext start(String channel) {
		return new SpringApplicationBuilder(Application.class).web(WebApplicationType.NONE)
			.bannerMode(Banner.Mode.OFF)
			.properties((channel != null) ? "axon.channels.benchmark.name=" + channel
					: "spring.autoconfigure.exclude=" + AxonAutoConfiguration.class.getName())
			.run();
	}

	@Override
	public Map<String, Number> round(long messages) throws IOException, InterruptedException {
		return Map.of("start", extra((int) messages, SpringStartTask::nanosHere), "start_fresh",
				extra((int) Math.min(messages, MAX_FRESH), SpringStartTask::nanosInFreshJvm));
	}

	/** With and without by turns, so that a drift of the machine hits both. */
	private double extra(int times, Start start) throws IOException, InterruptedException {
		List<Long> with = new ArrayList<>();
		List<Long> without = new ArrayList<>();
		for (int i = 0; i < times; i++) {
			without.add(start.nanos(null));
			with.add(start.nanos(this.name));
		}
		return (median(with) - median(without)) / NANOS_PER_MILLISECOND;
	}

	private static long median(List<Long> values) {
		Collections.sort(values);
		return values.get(values.size() / 2);
	}

	private static long nanosHere(String channel) {
		long start = System.nanoTime();
		ConfigurableApplicationContext context = start(channel);
		long nanos = System.nanoTime() - start;
		context.close();
		return nanos;
	}

	/** The whole process, its end included: the end is milliseconds. */
	private static long nanosInFreshJvm(String channel) throws IOException, InterruptedException {
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
						System.getProperty("java.class.path"), SpringStartTask.class.getName()));
		if (channel != null) {
			command.add(channel);
		}
		long start = System.nanoTime();
		int exit = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD)
			.redirectError(ProcessBuilder.Redirect.INHERIT)
			.start()
			.waitFor();
		if (exit != 0) {
			throw new IllegalStateException("the application in a JVM of its own ended with " + exit);
		}
		return System.nanoTime() - start;
	}

	@Override
	public void idle(long nanos) {
		LockSupport.parkNanos(nanos);
	}

	@Override
	public void close() {
		// Each context was closed at once.
	}

	/** A way to start the application; a channel of null is none. */
	@FunctionalInterface
	private interface Start {

		long nanos(String channel) throws IOException, InterruptedException;

	}

}
