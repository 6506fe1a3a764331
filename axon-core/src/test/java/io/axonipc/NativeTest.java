package io.axonipc;

import java.io.IOException;
import java.nio.file.Path;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.Requirements;
import org.junit.jupiter.api.Test;

/** The other languages' own tests, so that one command runs all. */
class NativeTest {

	private static final String OUT = Path.of("target", "native", "c").toAbsolutePath().toString();

	@Test
	void theCLibraryPassesItsTests() throws IOException {
		Requirements.cCompiler();
		Requirements.sharedMemory(192);
		PeerProcess.run("make", "--silent", "-C", "native/c", "OUT=" + OUT, "all", "test");
	}

	@Test
	void thePythonBindingPassesItsTests() throws IOException {
		PeerProcess.runPython("-m", "unittest", "discover", "-s", "native/python/tests");
	}

	@Test
	void thePythonWheelPassesThem() throws IOException {
		Requirements.cCompiler();
		Requirements.pythonModules("python3-pip python3-setuptools python3-wheel", "pip", "setuptools", "wheel");
		PeerProcess.run("native/python/test-wheel");
	}

}
