package io.axonipc;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;

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
		make("all", "test");
	}

	private static void make(String... targets) throws IOException {
		PeerProcess.run(Stream.concat(Stream.of("make", "--silent", "-C", "native/c", "OUT=" + OUT), Stream.of(targets))
			.toArray(String[]::new));
	}

	@Test
	void theCLibraryIsInstalledForPkgConfig() throws IOException {
		Requirements.cCompiler();
		Requirements.tool("pkg-config", "pkg-config");
		make("test-install");
	}

	@Test
	void theCLibraryIsInstalledForCMake() throws IOException {
		Requirements.cCompiler();
		Requirements.tool("cmake", "cmake");
		make("test-cmake");
	}

	@Test
	void theCLibraryIsUsedFromCpp() throws IOException {
		Requirements.cCompiler();
		Requirements.tool("c++", "g++");
		make("test-c++");
	}

	@Test
	void thePythonBindingPassesItsTests() throws IOException {
		PeerProcess.runPython("-m", "unittest", "discover", "-s", "native/python/tests");
	}

	@Test
	void theGoPackagePassesItsTests() throws IOException {
		PeerProcess.runGo("vet", "./...");
		PeerProcess.runGo("test", "-count=1", "./...");
	}

	@Test
	void theGoSourcesAreFormatted() throws IOException {
		Requirements.go();
		PeerProcess.run("bash", "-c", "files=$(gofmt -l native/go native/c) && echo \"$files\" && test -z \"$files\"");
	}

	@Test
	void thePythonWheelPassesThem() throws IOException {
		Requirements.cCompiler();
		Requirements.pythonModules("python3-pip python3-setuptools python3-wheel", "pip", "setuptools", "wheel");
		PeerProcess.run("native/python/test-wheel");
	}

}
