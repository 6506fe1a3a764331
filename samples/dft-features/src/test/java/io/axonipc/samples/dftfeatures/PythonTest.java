package io.axonipc.samples.dftfeatures;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

import io.axonipc.testing.Requirements;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs the tests of the sample's Python modules.
 */
class PythonTest {

	@Test
	void pythonTestsPass() throws Exception {
		run(Requirements.python().toString(), "-m", "unittest", "discover", "-s", "src/test/python");
	}

	/** Builds Axon's binding, and requires of the machine what that takes. */
	static void buildBinding() throws IOException, InterruptedException {
		Requirements.cCompiler();
		Requirements.python();
		run(Path.of("build-binding").toAbsolutePath().toString());
	}

	/**
	 * Runs a command that finds the sample's Python modules and Axon's binding.
	 * @param command the command, which has to succeed
	 * @return its output and errors
	 */
	static String run(String... command) throws IOException, InterruptedException {
		ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
		Path sample = Path.of("").toAbsolutePath();
		Path target = sample.resolve("target");
		builder.environment().put("PYTHONPATH", sample + File.pathSeparator + target.resolve("python"));
		builder.environment().put("PYTHONPYCACHEPREFIX", target.resolve("pycache").toString());
		Process process = builder.start();
		String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		assertThat(process.waitFor()).as(output).isZero();
		return output;
	}

}
