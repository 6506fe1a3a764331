package io.axonipc.samples.numpyservice;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonRemoteException;
import io.axonipc.testing.Requirements;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

@ExtendWith(OutputCaptureExtension.class)
class NumpyServiceTest {

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String channel = this.names.next();

	private Process service;

	@BeforeEach
	void startService() throws IOException, InterruptedException {
		Requirements.cCompiler();
		Path python = Requirements.pythonModules("python3-numpy", "numpy");
		Path built = Path.of("target", "python").toAbsolutePath();
		run(new ProcessBuilder(Path.of("../dft-features/build-binding").toAbsolutePath().toString(), built.toString()));
		ProcessBuilder builder = new ProcessBuilder(python.toString(), "service.py", this.channel);
		builder.environment().put("PYTHONPATH", built.toString());
		builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
		builder.environment().put("OPENBLAS_NUM_THREADS", "1");
		this.service = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
	}

	@AfterEach
	void stopService() throws InterruptedException {
		if (this.service != null) {
			this.service.destroy();
			assertThat(this.service.waitFor(60, TimeUnit.SECONDS)).isTrue();
			assertThat(this.service.exitValue()).isZero();
		}
	}

	private static void run(ProcessBuilder builder) throws IOException, InterruptedException {
		Process process = builder.redirectErrorStream(true).start();
		String output = new String(process.getInputStream().readAllBytes());
		assertThat(process.waitFor()).as(output).isZero();
	}

	@Test
	void numpyDecomposesMatrices(CapturedOutput output) {
		try (ConfigurableApplicationContext context = SpringApplication.run(NumpyServiceApplication.class,
				"--axon.channels.numpy.name=" + this.channel)) {
			assertThat(output).containsPattern("singular values .* ms .* ms .* ms +4194304 +520\n")
				.containsPattern("nearest of rank 8 .* ms .* ms .* ms +4194304 +0\n")
				.containsPattern("Noise of the matrix 0[.]1000, of the nearest of rank 8 0[.]03");
			Numpy numpy = context.getBean(Numpy.class);
			Matrix matrix = Matrix.noisy(64, 32, 0);
			double[] values = numpy.singularValues(matrix.numbers(), matrix.columnsAsText());
			assertThat(values).hasSize(1 + 32);
			for (int i = 1; i < values.length; i++) {
				assertThat(values[i]).isCloseTo((i <= 8) ? 2000 / Math.pow(2, i) : 0, within(1e-9));
			}
			assertThatExceptionOfType(AxonRemoteException.class)
				.isThrownBy(() -> numpy.singularValues(ByteBuffer.allocate(24), matrix.columnsAsText()))
				.withMessageStartingWith("ValueError: cannot reshape array");
		}
	}

}
