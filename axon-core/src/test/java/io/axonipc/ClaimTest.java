package io.axonipc;

import java.nio.ByteOrder;
import java.time.Duration;

import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/** Payloads that are written in place. */
class ClaimTest {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private AxonChannel server;

	private AxonChannel client;

	@BeforeEach
	void open() {
		String name = this.names.next();
		this.server = AxonChannel.open(name, ChannelOptions.defaults().role(Role.SERVER));
		this.client = AxonChannel.open(name);
	}

	@AfterEach
	void close() {
		this.client.close();
		this.server.close();
	}

	@Test
	void aClaimIsFilledInPlaceAndCommitted() {
		try (Claim claim = this.server.sender().claim("doubles", 16)) {
			claim.buffer().putDouble(0, 1.5).putDouble(8, -2.5);
			claim.commit();
		}
		try (MessageView message = this.client.receiver().receive(PATIENCE)) {
			assertThat(message.length()).isEqualTo(16);
			assertThat(message.getDouble(0)).isEqualTo(1.5);
			assertThat(message.getDouble(8)).isEqualTo(-2.5);
			assertThat(message.payload().order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
			assertThat(message.payload().isReadOnly()).isTrue();
		}
	}

	@Test
	void aClaimThatIsNotCommittedIsAborted() {
		try (Claim claim = this.server.sender().claim("t", 8)) {
			claim.buffer().putLong(0, 1);
		}
		this.server.sender().send("next", new byte[0]);
		assertThat(MessageTest.tags(this.client)).containsExactly("next");
	}

	@Test
	void oneClaimAtATime() {
		Sender sender = this.server.sender();
		try (Claim claim = sender.claim("t", 8)) {
			assertThatIllegalStateException().isThrownBy(() -> sender.claim("u", 8))
				.withMessageContaining("open claim");
			assertThatIllegalStateException().isThrownBy(() -> sender.trySend("u", new byte[0]));
			claim.commit();
			assertThatIllegalStateException().isThrownBy(claim::commit);
			assertThatIllegalStateException().isThrownBy(claim::buffer);
		}
		assertThat(MessageTest.tags(this.client)).containsExactly("t");
	}

	@Test
	void anOldClaimDoesNotEndTheNextOne() {
		Claim first = this.server.sender().claim("first", 1);
		first.commit();
		try (Claim second = this.server.sender().claim("second", 1)) {
			first.close();
			second.commit();
		}
		assertThat(MessageTest.tags(this.client)).containsExactly("first", "second");
	}

}
