package io.axonipc;

import java.io.IOException;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.Requirements;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The protocol of parking and waking, checked in every order of its steps. */
@Tag("hardening")
class ParkingModelTest {

	@Test
	void noWakeUpIsLostInAnyOrderAndTheModelSeesWhereOneWouldBe() throws IOException {
		Requirements.cCompiler();
		Requirements.tool("spin", "spin");
		PeerProcess.run("model/run");
	}

}
