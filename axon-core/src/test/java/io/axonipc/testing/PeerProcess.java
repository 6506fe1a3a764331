package io.axonipc.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import static org.assertj.core.api.Assertions.assertThat;

/** A {@link Peer} in a process of its own, in any of the languages. */
public final class PeerProcess implements AutoCloseable {

	/** In which language the peer is written. */
	public enum Language {

		/** This build's classes. */
		JAVA,
		/** The C implementation. */
		C,
		/** The Python binding. */
		PYTHON,
		/** The Go package. */
		GO

	}

	private static final Path NATIVE = Path.of("native").toAbsolutePath();

	private static final Path OUT = Path.of("target", "native").toAbsolutePath();

	private static boolean pythonIsBuilt;

	private static boolean goIsBuilt;

	private final Process process;

	private final BufferedReader output;

	private PeerProcess(Process process) {
		this.process = process;
		this.output = process.inputReader();
	}

	/**
	 * Starts a peer.
	 * @param language its language; what it needs is required of the machine
	 * @param arguments see {@link Peer}
	 * @return the process
	 * @throws IOException if it cannot be started
	 */
	public static PeerProcess start(Language language, String... arguments) throws IOException {
		return start(command(language), arguments);
	}

	/**
	 * Starts a program of the tests as a peer.
	 * @param program a class with a main method
	 * @param arguments its arguments
	 * @return the process
	 * @throws IOException if it cannot be started
	 */
	public static PeerProcess start(Class<?> program, String... arguments) throws IOException {
		return start(java(program), arguments);
	}

	private static PeerProcess start(List<String> program, String... arguments) throws IOException {
		List<String> command = new ArrayList<>(program);
		command.addAll(List.of(arguments));
		return new PeerProcess(builder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
	}

	/**
	 * Requires of the machine what peers of a language need, and builds them.
	 * @param language the language
	 * @throws IOException if the build cannot be started
	 */
	public static void need(Language language) throws IOException {
		command(language);
	}

	private static ProcessBuilder builder(List<String> command) {
		ProcessBuilder builder = new ProcessBuilder(command);
		builder.environment().put("PYTHONPATH", OUT.resolve("python").toString());
		builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
		return builder;
	}

	/**
	 * Tells how to start a peer.
	 * @param language its language; what it needs is required of the machine, and built
	 * @return the command, to which the peer's arguments are added
	 * @throws IOException if the build cannot be started
	 */
	public static List<String> command(Language language) throws IOException {
		return switch (language) {
			case JAVA -> java(Peer.class);
			case C -> List.of(cPeer().toString());
			case PYTHON -> List.of(python().toString(), NATIVE.resolve("python/tests/peer.py").toString());
			case GO -> List.of(goPeer().toString());
		};
	}

	/**
	 * Tells how to start a program of the tests in a Java process of its own.
	 * @param program a class with a main method
	 * @return the command, to which the program's arguments are added
	 */
	public static List<String> java(Class<?> program) {
		return java(program.getName());
	}

	/**
	 * The same for a program that is no part of the tests.
	 * @param program the name of a class with a main method
	 * @return the command, to which the program's arguments are added
	 */
	public static List<String> java(String program) {
		List<String> command = new ArrayList<>();
		command.add(ProcessHandle.current().info().command().orElseThrow());
		// Given to this process where its JDK would warn without it.
		ManagementFactory.getRuntimeMXBean()
			.getInputArguments()
			.stream()
			.filter((argument) -> argument.startsWith("--enable-native-access"))
			.forEach(command::add);
		command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), program));
		return command;
	}

	/**
	 * The same, for programs that are not started by this class.
	 * @param language its language
	 * @return the command, with the environment that it needs
	 * @throws IOException if the build cannot be started
	 */
	public static List<String> commandWithEnvironment(Language language) throws IOException {
		List<String> command = new ArrayList<>(List.of("env", "PYTHONPATH=" + OUT.resolve("python")));
		command.addAll(command(language));
		return command;
	}

	private static Path cPeer() throws IOException {
		Requirements.cCompiler();
		run("make", "--silent", "-C", NATIVE.resolve("c").toString(), "OUT=" + OUT.resolve("c"), "peer");
		return OUT.resolve("c/peer");
	}

	private static synchronized Path goPeer() throws IOException {
		Path peer = OUT.resolve("go/peer");
		if (!goIsBuilt) {
			runGo("build", "-o", peer.toString(), "./internal/peer");
			goIsBuilt = true;
		}
		return peer;
	}

	/**
	 * Runs a command of Go in the folder of the Go package, to its end; fails the test
	 * when it fails.
	 * @param arguments what to run
	 * @throws IOException if it cannot be started
	 */
	public static void runGo(String... arguments) throws IOException {
		Requirements.cCompiler();
		Requirements.go();
		run(Stream.concat(Stream.of("env", "-C", NATIVE.resolve("go").toString(), "./dev"), Stream.of(arguments))
			.toList());
	}

	private static synchronized Path python() throws IOException {
		Requirements.cCompiler();
		Path python = Requirements.python();
		if (!pythonIsBuilt) {
			buildPython(OUT.resolve("python"));
			pythonIsBuilt = true;
		}
		return python;
	}

	/**
	 * Builds the Python binding with the line of its README.
	 * @param out where the package goes
	 * @throws IOException if that fails
	 */
	static void buildPython(Path out) throws IOException {
		String readme = Files.readString(NATIVE.resolve("python/README.md"));
		String line = readme.lines().filter((text) -> text.startsWith("cc ")).findFirst().orElseThrow();
		String root = NATIVE.getParent().getParent().toString();
		run("bash", "-ec", "cd '" + root + "'; out='" + out
				+ "'; mkdir -p \"$out\"; cp -R axon-core/native/python/axon \"$out\"; " + line);
	}

	/**
	 * Runs a command to its end; fails the test when the command fails.
	 * @param command the command and its arguments
	 * @throws IOException if it cannot be started
	 */
	public static void run(String... command) throws IOException {
		run(List.of(command));
	}

	/**
	 * Runs Python with the binding, to its end; fails the test when it fails.
	 * @param arguments what to run
	 * @throws IOException if it cannot be started
	 */
	public static void runPython(String... arguments) throws IOException {
		run(Stream.concat(Stream.of(python().toString()), Stream.of(arguments)).toList());
	}

	private static void run(List<String> command) throws IOException {
		Process process = builder(command).redirectErrorStream(true).start();
		String printed = new String(process.getInputStream().readAllBytes());
		try {
			assertThat(process.waitFor()).as("%s printed %s", String.join(" ", command), printed).isZero();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * The peer's process id.
	 * @return a process id
	 */
	public long pid() {
		return this.process.pid();
	}

	/**
	 * Waits for the next line of the peer's output.
	 * @param line what it must be
	 * @throws IOException if the output breaks off
	 */
	public void expect(String line) throws IOException {
		assertThat(this.output.readLine()).isEqualTo(line);
	}

	/**
	 * Waits for the peer to end.
	 * @param status its exit status
	 * @throws InterruptedException if the wait is interrupted
	 */
	public void expectExit(int status) throws InterruptedException {
		assertThat(this.process.waitFor(60, TimeUnit.SECONDS)).as("the peer ended").isTrue();
		assertThat(this.process.exitValue()).isEqualTo(status);
	}

	/**
	 * Kills the peer as nothing else does.
	 * @throws InterruptedException if the wait is interrupted
	 */
	public void kill() throws InterruptedException {
		this.process.destroyForcibly().waitFor();
	}

	/**
	 * Sends the peer a signal.
	 * @param name the signal's name, such as {@code STOP}
	 * @throws IOException if that fails
	 */
	public void signal(String name) throws IOException {
		run("kill", "-" + name, Long.toString(this.process.pid()));
	}

	@Override
	public void close() {
		this.process.destroyForcibly();
	}

}
