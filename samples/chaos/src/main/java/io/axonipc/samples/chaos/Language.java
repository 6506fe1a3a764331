package io.axonipc.samples.chaos;

import java.nio.file.Path;
import java.util.List;

import io.axonipc.samples.chaos.worker.Worker;

/** What a worker is written in. */
enum Language {

	JAVA, C, PYTHON;

	/**
	 * The command that starts a worker, without its arguments.
	 * @param home the folder of this module
	 * @param longLived whether it is to live long enough for the best compiler
	 */
	List<String> command(Path home, boolean longLived) {
		return switch (this) {
			case JAVA -> List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m",
					"-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
					"-XX:TieredStopAtLevel=" + (longLived ? 4 : 1), "-cp", System.getProperty("java.class.path"),
					Worker.class.getName());
			case C -> List.of(home.resolve("target/worker").toString());
			case PYTHON -> List.of("python3", home.resolve("src/main/python/worker.py").toString());
		};
	}

}
