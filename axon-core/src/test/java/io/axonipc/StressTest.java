package io.axonipc;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs the races in {@code src/jcstress}, which only the profile {@code hardening}
 * compiles.
 */
@Tag("hardening")
class StressTest {

	private static final Path OUT = Path.of("target", "jcstress").toAbsolutePath();

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	/**
	 * A channel for each try is costly: few tries between two meetings of the threads.
	 */
	@ParameterizedTest
	@CsvSource({ "BiasedLockStress|RingStress, 128", "ChannelStress, 2" })
	void noForbiddenOutcome(String tests, String stride) throws Exception {
		Files.createDirectories(OUT);
		List<String> command = new ArrayList<>(PeerProcess.java("org.openjdk.jcstress.Main"));
		// The processes it starts inherit its options, and are to have both compilers.
		command.remove("-XX:TieredStopAtLevel=1");
		// With a time given, all the compilers' modes in turn.
		String millis = System.getProperty("axon.stress.millis");
		command.addAll(List.of("-v", "-t", tests, "-strideSize", stride, "-strideCount", "8", "-f", "1", "-iters", "1",
				"-time", (millis != null) ? millis : "2000", "-sc", "false", "-r", OUT.resolve("report").toString(),
				(millis != null) ? "-jvmArgsPrepend" : "-jvmArgs", "-Daxon.name=" + this.names.next()));
		Process process = new ProcessBuilder(command).directory(OUT.toFile()).redirectErrorStream(true).start();
		String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		assertThat(process.waitFor()).as(printed).isZero();
		assertThat(printed).contains("Failed tests: No matches.", "Error tests: No matches.");
		String results = printed.substring(printed.indexOf("RUN RESULTS:"));
		assertThat(results.lines().filter((line) -> line.contains("[OK] io.axonipc."))).as(printed).hasSize(4);
	}

}
