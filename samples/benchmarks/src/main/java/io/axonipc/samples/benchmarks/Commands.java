package io.axonipc.samples.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.axonipc.samples.benchmarks.worker.JvmFlags;

/**
 * The command lines of the workers: which program is which system, and the JVMs' flags.
 */
final class Commands {

	private final Path home;

	/**
	 * The programs of a build.
	 * @param home the folder of this module
	 */
	Commands(Path home) {
		this.home = home;
	}

	List<String> of(Case item, String side, String name, int cpu) {
		List<String> command = new ArrayList<>(program(item, side));
		command.addAll(List.of(item.system(), item.workerScenario(), side, name, Integer.toString(cpu)));
		return command;
	}

	private List<String> program(Case item, String side) {
		return switch (item.system()) {
			case "axon-c", "c-cacheline", "c-semaphore", "memcpy" ->
				List.of(this.home.resolve("native/target/bench").toString());
			case "python-pipe" -> python();
			case "axon-python" -> isPython(item, side) ? python() : java(item.system());
			default -> java(item.system());
		};
	}

	/** Python meets Java in both scenarios of both; it is idle with its like. */
	private static boolean isPython(Case item, String side) {
		return switch (item.scenario()) {
			case "java-python-32" -> side.equals("second");
			case "python-java-stream-32" -> side.equals("first");
			default -> true;
		};
	}

	private List<String> python() {
		return List.of("python3", this.home.resolve("python/worker.py").toString());
	}

	/** Whether a JIT has to warm up. */
	boolean isJava(Case item) {
		return program(item, "first").contains(Worker.class.getName())
				|| program(item, "second").contains(Worker.class.getName());
	}

	private static List<String> java(String system) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.addAll(JvmFlags.of(system));
		command.addAll(List.of("-cp", System.getProperty("java.class.path"), Worker.class.getName()));
		return command;
	}

}
