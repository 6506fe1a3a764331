package io.axonipc.samples.dftfeatures;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import io.axonipc.testing.Requirements;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The driver in a process of its own, the service in this one.
 */
@SpringBootTest
class DftFeaturesTest {

	private static final String CHANNEL = "dft-features-test-" + ProcessHandle.current().pid();

	private static final int LINES_OF_TWO_CRYSTALS = (2 + 4) + (2 + 2);

	@TempDir
	private Path directory;

	@DynamicPropertySource
	static void sharedName(DynamicPropertyRegistry registry) {
		registry.add("axon.channels.features.name", () -> CHANNEL);
	}

	@BeforeAll
	static void buildBinding() throws Exception {
		PythonTest.buildBinding();
	}

	@Test
	void theDriverWritesATrainingSet() throws Exception {
		Path data = Files.write(this.directory.resolve("two.extxyz"),
				Files.readAllLines(Path.of("data", "delta-dft.extxyz")).subList(0, LINES_OF_TWO_CRYSTALS));
		Path output = this.directory.resolve("training-set.csv");
		String figures = PythonTest.run(Requirements.python().toString(), "driver.py", "--channel", CHANNEL, "--data",
				data.toString(), "--output", output.toString());
		assertThat(figures).contains("14 structures, 42 atoms").contains("times faster than pure Python");
		List<String> rows = Files.readAllLines(output);
		assertThat(rows).hasSize(1 + 42);
		assertThat(rows.get(0)).startsWith("crystal,volume_factor,atom,element,volume,energy,f0,").endsWith(",f23");
		assertThat(rows.get(1)).startsWith("H,0.94,0,H,");
		assertThat(rows.get(42)).startsWith("He,1.06,1,He,");
		assertThat(rows).allSatisfy((row) -> assertThat(row.split(",")).hasSize(6 + SymmetryFunctions.COUNT));
	}

}
