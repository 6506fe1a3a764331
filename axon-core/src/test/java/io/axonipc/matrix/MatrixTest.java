package io.axonipc.matrix;

import java.util.List;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.Requirements;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/** The matrix of {@code matrix/run}, a test for each cell. */
class MatrixTest {

	private static final Matrix MATRIX = new Matrix();

	@BeforeEach
	void need() {
		Requirements.sharedMemory(128);
	}

	static List<Pair> pairs() {
		return Pair.all();
	}

	@ParameterizedTest
	@MethodSource("pairs")
	void everyLanguageUnderstandsEveryOther(Pair pair) throws Exception {
		PeerProcess.need(pair.asks());
		PeerProcess.need(pair.answers());
		Outcome outcome = MATRIX.converse(pair);
		assertThat(outcome.report()).isEmpty();
		assertThat(outcome.isGood()).as(outcome.toString()).isTrue();
	}

	@ParameterizedTest
	@EnumSource
	void everyLanguageReadsAndWritesTheGoldenVectors(Language language) throws Exception {
		PeerProcess.need(language);
		Outcome outcome = MATRIX.golden(language);
		assertThat(outcome.report()).isEmpty();
		assertThat(outcome.isGood()).as(outcome.toString()).isTrue();
	}

	@AfterAll
	static void print() {
		MATRIX.print(System.out);
	}

}
