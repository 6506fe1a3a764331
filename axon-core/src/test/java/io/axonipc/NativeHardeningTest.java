package io.axonipc;

import java.io.IOException;
import java.nio.file.Path;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.Requirements;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tests in C and Go under tools that see more than a check can. */
@Tag("hardening")
class NativeHardeningTest {

	private static final Path OUT = Path.of("target", "native").toAbsolutePath();

	@BeforeEach
	void need() {
		Requirements.cCompiler();
		Requirements.sharedMemory(192);
	}

	@ParameterizedTest
	@ValueSource(strings = { "address,undefined", "thread" })
	void theCLibraryPassesItsTestsWithSanitizers(String sanitizers) throws IOException {
		make("test", "SANITIZE=" + sanitizers, "OUT=" + OUT.resolve("c-" + sanitizers.replace(',', '-')));
	}

	/**
	 * Opening and closing are long, and what shows of them is tried in the ordinary run.
	 */
	@ParameterizedTest
	@CsvSource({ "killed-in-, 37", "killed-during-, 1499" })
	void theCLibraryLosesNothingWhenItIsKilledAtAnyInstruction(String operations, int stride) throws IOException {
		make("crash", "ONLY=" + operations, "STRIDE=" + stride, "OUT=" + OUT.resolve("c"));
	}

	private static void make(String... arguments) throws IOException {
		String[] command = new String[arguments.length + 4];
		System.arraycopy(new String[] { "make", "--silent", "-C", "native/c" }, 0, command, 0, 4);
		System.arraycopy(arguments, 0, command, 4, arguments.length);
		PeerProcess.run(command);
	}

	@Test
	void theCLibraryPassesItsTestsUnderValgrind() throws IOException {
		Requirements.tool("valgrind", "valgrind libc6-dbg");
		make("valgrind", "OUT=" + OUT.resolve("c-valgrind"));
	}

	@Test
	void theCLibrarySurvivesAHostilePeer() throws IOException {
		Requirements.tool("clang", "clang libclang-rt-14-dev");
		make("fuzz", "SECONDS=20", "OUT=" + OUT.resolve("c-fuzz"));
	}

	@Test
	void theGoPackagePassesItsTestsWithTheRaceDetector() throws IOException {
		PeerProcess.runGo("test", "-race", "-count=3", ".");
	}

}
