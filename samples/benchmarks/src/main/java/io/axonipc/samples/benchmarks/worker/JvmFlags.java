package io.axonipc.samples.benchmarks.worker;

import java.util.ArrayList;
import java.util.List;

/** What the JVM of a worker is started with besides its class path. */
public final class JvmFlags {

	/** From this version on the JVM warns of native access that was not allowed. */
	private static final int WARNS_OF_NATIVE_ACCESS = 24;

	/** For all systems alike. */
	private static final List<String> COMMON = List.of("-Xms128m", "-Xmx384m", "-XX:+UseParallelGC",
			"-XX:-UsePerfData");

	/** What Aeron's own benchmarks are run with. */
	private static final List<String> AERON = List.of("--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
			"-Dagrona.disable.bounds.checks=true");

	/** What Chronicle's documentation asks for from Java 17 on. */
	private static final List<String> CHRONICLE = List.of("--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
			"--add-exports=java.base/sun.nio.ch=ALL-UNNAMED", "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
			"--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED",
			"--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED",
			"--add-opens=java.base/java.lang.reflect=ALL-UNNAMED", "--add-opens=java.base/java.io=ALL-UNNAMED",
			"--add-opens=java.base/java.util=ALL-UNNAMED");

	private JvmFlags() {
	}

	/**
	 * The flags for a system.
	 * @param system the system's name
	 * @return the flags
	 */
	public static List<String> of(String system) {
		List<String> flags = new ArrayList<>(COMMON);
		if (Runtime.version().feature() >= WARNS_OF_NATIVE_ACCESS) {
			flags.add("--enable-native-access=ALL-UNNAMED");
		}
		if (system.startsWith("aeron")) {
			flags.addAll(AERON);
		}
		if (system.equals("chronicle-queue")) {
			flags.addAll(CHRONICLE);
		}
		return flags;
	}

}
