package io.axonipc.spring.autoconfigure;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

import io.axonipc.AxonChannel;
import io.axonipc.AxonException;
import io.axonipc.ChannelMemoryException;
import io.axonipc.ChannelOptions;
import io.axonipc.Role;
import io.axonipc.spring.ChannelNames;
import io.axonipc.spring.TestApplication;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.Requirements;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.io.support.SpringFactoriesLoader;

import static org.assertj.core.api.Assertions.assertThat;

/** What an application that cannot start says, by the analyzers that Boot finds. */
class FailureAnalyzersTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"));

	private static FailureAnalysis analyze(Throwable failure) {
		// Those of Boot itself may need a bean factory.
		return SpringFactoriesLoader.forDefaultResourceLocation().load(FailureAnalyzer.class, (type, name, ex) -> {
		})
			.stream()
			.filter((analyzer) -> analyzer.getClass().getName().startsWith("io.axonipc."))
			.map((analyzer) -> analyzer.analyze(failure))
			.filter((analysis) -> analysis != null)
			.findFirst()
			.orElse(null);
	}

	private FailureAnalysis analyzeStart(String... properties) {
		List<FailureAnalysis> analyses = new ArrayList<>();
		this.runner.withPropertyValues(properties).run((context) -> analyses.add(analyze(context.getStartupFailure())));
		return analyses.get(0);
	}

	@Test
	void roleThatIsTakenNamesTheProcess() {
		this.runner.run((holder) -> {
			FailureAnalysis analysis = analyzeStart();
			assertThat(analysis.getDescription()).contains("role server is taken by process");
			assertThat(analysis.getAction()).startsWith("Stop process " + ProcessHandle.current().pid())
				.contains("axon.channels.<key>.role");
		});
	}

	@Test
	void absentServerIsNamed() {
		FailureAnalysis analysis = analyzeStart("axon.channels.work.role=client", "axon.channels.work.open-timeout=0s");
		assertThat(analysis.getDescription()).contains(this.names.name("work"));
		assertThat(analysis.getAction()).contains("axon.channels.<key>.open-timeout");
	}

	@Test
	void deniedPermissionsAreExplained() throws IOException {
		withLeftChannel(() -> {
			Files.setPosixFilePermissions(segment(), PosixFilePermissions.fromString("rw-rw-rw-"));
			FailureAnalysis analysis = analyzeStart();
			assertThat(analysis.getDescription()).contains("mode 0666");
			assertThat(analysis.getAction()).contains("axon.channels.<key>.permissions=group");
			Files.setPosixFilePermissions(segment(), PosixFilePermissions.fromString("rw-------"));
		});
	}

	@ParameterizedTest
	@CsvSource({ "4,7,has version 7,one version of Axon", "0,0,is corrupt,/dev/shm" })
	void foreignSegmentIsExplained(int position, byte value, String description, String action) throws IOException {
		withLeftChannel(() -> {
			try (FileChannel file = FileChannel.open(segment(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
				ByteBuffer right = ByteBuffer.allocate(1);
				file.read(right, position);
				file.write(ByteBuffer.wrap(new byte[] { value }), position);
				FailureAnalysis analysis = analyzeStart();
				assertThat(analysis.getDescription()).contains(description);
				assertThat(analysis.getAction()).contains(action);
				file.write(right.flip(), position);
			}
		});
	}

	@FunctionalInterface
	private interface Action {

		void run() throws IOException;

	}

	/** A channel that nobody holds, with a message in it. */
	private void withLeftChannel(Action action) throws IOException {
		ChannelOptions options = ChannelOptions.defaults().role(Role.SERVER);
		try (AxonChannel channel = AxonChannel.open(this.names.name("work"), options)) {
			channel.sender().send("t", new byte[0]);
		}
		try {
			action.run();
		}
		finally {
			AxonChannel.discard(this.names.name("work"));
		}
	}

	private Path segment() {
		return Path.of("/dev/shm/axon." + this.names.name("work"));
	}

	@Test
	void lackOfMemoryIsExplained() throws ReflectiveOperationException {
		Constructor<? extends AxonException> constructor = ChannelMemoryException.class
			.getDeclaredConstructor(String.class);
		constructor.setAccessible(true);
		FailureAnalysis analysis = analyze(
				new IllegalStateException(constructor.newInstance("Channel 'work': no memory")));
		assertThat(analysis.getDescription()).isEqualTo("Channel 'work': no memory.");
		assertThat(analysis.getAction()).contains("--shm-size").contains("axon.channels.<key>.capacity");
	}

	@Test
	@Tag("hardening")
	void smallSharedMemoryIsExplainedByAnApplicationThatFailsToStart() throws IOException {
		Requirements.root();
		List<String> command = PeerProcess.java(TestApplication.class);
		command.addAll(List.of("--" + this.names.property("work"), "--logging.threshold.console=error"));
		Process process = new ProcessBuilder("unshare", "--mount", "sh", "-c",
				"mount -t tmpfs -o size=1m tmpfs /dev/shm && '" + String.join("' '", command) + "'")
			.redirectErrorStream(true)
			.start();
		String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("Channel '" + this.names.name("work") + "'")
			.contains("--shm-size")
			.contains("axon.channels.<key>.capacity")
			.doesNotContain("\tat ");
	}

	@ParameterizedTest
	@CsvSource({ "os.name,Windows 11", "os.name,Mac OS X", "os.arch,riscv64" })
	void unsupportedPlatformIsNamed(String property, String value) {
		this.runner.withSystemProperties(property + "=" + value).run((context) -> {
			FailureAnalysis analysis = analyze(context.getStartupFailure());
			assertThat(analysis.getDescription()).startsWith("Axon runs on Linux").contains(value);
			assertThat(analysis.getAction()).contains("axon.channels");
		});
	}

	@Test
	void missingNativeLibraryIsExplainedByAnApplicationThatFailsToStart() throws IOException {
		List<String> command = PeerProcess.java(TestApplication.class);
		command.add(1, "-Djffi.extract.dir=/nonexistent");
		command.addAll(List.of("--" + this.names.property("work"), "--logging.threshold.console=error"));
		Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
		String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("The native library of jnr-ffi, through which Axon calls POSIX, cannot be loaded")
			.contains("/nonexistent")
			.contains("jffi.extract.dir")
			.doesNotContain("\tat ");
	}

	@Test
	void otherFailuresAreLeftToOthers() {
		assertThat(analyze(new NoClassDefFoundError("com/example/Missing"))).isNull();
		assertThat(analyze(new IllegalStateException("on purpose"))).isNull();
		assertThat(analyze(new NoClassDefFoundError("Could not initialize class io.axonipc.posix.LibC"))).isNotNull();
	}

}
