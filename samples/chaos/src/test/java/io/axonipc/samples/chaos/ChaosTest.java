package io.axonipc.samples.chaos;

import java.nio.file.Path;
import java.util.List;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.Requirements;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** A short run; what is not seen in it, {@code run} may see. */
class ChaosTest {

	private static final int SECONDS = 8;

	@Test
	void nothingIsLostBetweenJavaAndC() throws Exception {
		Requirements.cCompiler();
		Requirements.sharedMemory(192);
		PeerProcess.run(Path.of("build-worker").toAbsolutePath().toString());
		Tally tally;
		try (Soak soak = new Soak(List.of(Language.JAVA, Language.C), SECONDS, 1, Path.of("").toAbsolutePath(),
				System.out)) {
			tally = soak.run();
		}
		System.out.println(tally);
		assertThat(tally.anomalies()).isEmpty();
		assertThat(tally.holds()).as(tally.toString()).isTrue();
		assertThat(tally.kills()).isPositive();
	}

}
