package io.axonipc.samples.dftfeatures;

import io.axonipc.AxonRemoteException;
import io.axonipc.spring.test.AxonTestPeer;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.ApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The service alone, with a test's peer in place of the driver.
 */
@SpringBootTest(properties = "axon.channels.features.name=${random.uuid}")
class FeatureListenerTest {

	private static final double[] STRUCTURE = { 3, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0 };

	@Test
	void aStructureIsAnsweredWithItsFeatures(@Autowired ApplicationContext application) {
		try (AxonTestPeer driver = AxonTestPeer.of(application, "features")) {
			assertThat(driver.request("structure", STRUCTURE, double[].class))
				.containsExactly(SymmetryFunctions.of(STRUCTURE));
			assertThatExceptionOfType(AxonRemoteException.class)
				.isThrownBy(() -> driver.request("structure", new double[] { 1, 2 }, double[].class))
				.withMessageContaining("9 numbers for its cell and 3 for each atom, but 2 came");
		}
	}

}
