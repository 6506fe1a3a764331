package io.axonipc.samples.dftfeatures;

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
		ProcessBuilder python = new ProcessBuilder(Requirements.python().toString(), "-m", "unittest", "discover", "-s",
				"src/test/python");
		python.environment().put("PYTHONPATH", Path.of("").toAbsolutePath().toString());
		python.environment().put("PYTHONPYCACHEPREFIX", Path.of("target", "pycache").toAbsolutePath().toString());
		Process process = python.redirectErrorStream(true).start();
		String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		assertThat(process.waitFor()).as(output).isZero();
	}

}
