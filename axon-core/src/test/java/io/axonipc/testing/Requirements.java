package io.axonipc.testing;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * What a test needs of the machine beyond a JDK. Where it is missing the test is reported
 * as skipped, with the reason; with the environment variable {@code CI=true} it fails
 * instead, so that a continuous build cannot go green by skipping.
 */
public final class Requirements {

	private Requirements() {
	}

	/**
	 * Goes on only if something is present.
	 * @param present whether it is
	 * @param reason what is missing and how to get it
	 */
	public static void need(boolean present, String reason) {
		if (!present && "true".equals(System.getenv("CI"))) {
			Assertions.fail(reason);
		}
		Assumptions.assumeTrue(present, reason);
	}

	/**
	 * Needs a C compiler.
	 * @return its executable
	 */
	public static Path cCompiler() {
		return command("cc", "the tests need a C compiler named cc (Debian: gcc)");
	}

	/**
	 * Needs Python 3 with the headers to build extensions.
	 * @return its executable
	 */
	public static Path python() {
		Path python = command("python3", "the tests need python3 (Debian: python3)");
		String header = output(python, "-c", "import sysconfig; print(sysconfig.get_path('include') + '/Python.h')");
		need(Files.exists(Path.of(header)), "the tests need " + header + " (Debian: python3-dev)");
		return python;
	}

	/**
	 * Needs Go.
	 * @return its executable
	 */
	public static Path go() {
		return command("go", "the tests need go, 1.19 or later (Debian: golang-go)");
	}

	/**
	 * Needs Python 3 with modules that are no part of it.
	 * @param packages the Debian packages they come in
	 * @param modules their names
	 * @return the executable of Python
	 */
	public static Path pythonModules(String packages, String... modules) {
		Path python = python();
		String missing = output(python, Stream.concat(
				Stream.of("-c",
						"import importlib.util, sys\n"
								+ "print(*[name for name in sys.argv[1:] if not importlib.util.find_spec(name)])"),
				Stream.of(modules))
			.toArray(String[]::new));
		need(missing.isEmpty(), "the test needs the Python modules " + missing + " (Debian: " + packages + ")");
		return python;
	}

	/**
	 * Needs to run as root.
	 * @throws IOException if this process's owner cannot be read
	 */
	public static void root() throws IOException {
		need(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "the test needs to run as root");
	}

	/**
	 * Needs free shared memory.
	 * @param mebibytes how much
	 */
	public static void sharedMemory(long mebibytes) {
		long free = Path.of("/dev/shm").toFile().getUsableSpace() >> 20;
		need(free >= mebibytes,
				"the test needs " + mebibytes + " MiB in /dev/shm, there are " + free + " MiB (Docker: --shm-size)");
	}

	/**
	 * Needs a tool of the tests in other languages, or of the profile {@code hardening}.
	 * @param name the command
	 * @param packages the Debian packages it comes in
	 * @return its executable
	 */
	public static Path tool(String name, String packages) {
		return command(name, "the test needs " + name + " (Debian: " + packages + ")");
	}

	private static Path command(String name, String reason) {
		Optional<Path> found = Stream.of(System.getenv("PATH").split(File.pathSeparator))
			.map((directory) -> Path.of(directory, name))
			.filter(Files::isExecutable)
			.findFirst();
		need(found.isPresent(), reason);
		return found.get();
	}

	private static String output(Path command, String... arguments) {
		try {
			Process process = new ProcessBuilder(
					Stream.concat(Stream.of(command.toString()), Stream.of(arguments)).toList())
				.redirectError(ProcessBuilder.Redirect.INHERIT)
				.start();
			return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
		}
		catch (IOException ex) {
			throw new IllegalStateException("Cannot run " + command, ex);
		}
	}

}
