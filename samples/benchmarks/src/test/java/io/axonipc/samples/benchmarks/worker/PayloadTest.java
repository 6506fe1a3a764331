package io.axonipc.samples.benchmarks.worker;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class PayloadTest {

	private final Payload sender = new Payload(256);

	private final Payload receiver = new Payload(256);

	@Test
	void whatIsSentIsWhatIsDue() {
		for (int i = 0; i < 1000; i++) {
			receive(this.sender.next());
		}
		this.receiver.verify(1000);
	}

	@Test
	void arraysHoldTheSameBytes() {
		receive(this.sender.next());
		receive(ByteBuffer.wrap(this.sender.nextArray()).order(ByteOrder.LITTLE_ENDIAN));
		this.receiver.verify(2);
	}

	@Test
	void whatIsFilledInPlaceIsTheSame() {
		ByteBuffer place = ByteBuffer.allocateDirect(256).order(ByteOrder.LITTLE_ENDIAN);
		this.sender.next();
		this.sender.fill(place);
		assertThat(place.getLong(0)).isEqualTo(1);
		assertThat(place.slice(8, 248)).isEqualTo(new Payload(256).next().slice(8, 248));
	}

	@Test
	void aWrongByteIsNoticed() {
		ByteBuffer message = this.sender.next();
		message.put(255, (byte) ~message.get(255));
		receive(message);
		assertThatIllegalStateException().isThrownBy(() -> this.receiver.verify(1)).withMessageContaining("sum");
	}

	@Test
	void aLostMessageIsNoticed() {
		this.sender.next();
		receive(this.sender.next());
		assertThatIllegalStateException().isThrownBy(() -> this.receiver.verify(1)).withMessageContaining("0x1");
	}

	@Test
	void tooFewMessagesAreNoticed() {
		receive(this.sender.next());
		assertThatIllegalStateException().isThrownBy(() -> this.receiver.verify(2)).withMessageContaining("1 messages");
	}

	@Test
	void severalSendersHaveAnOrderEach() {
		Payload other = new Payload(256, 3);
		receive(other.next());
		receive(this.sender.next());
		receive(other.next());
		this.receiver.verify(3);
	}

	@Test
	void sizesAndModesComeFromTheScenario() {
		assertThat(Setup.of("", "stream-16m-claim", true, "").size()).isEqualTo(16 << 20);
		assertThat(Setup.of("", "spin-1k", true, "").size()).isEqualTo(1024);
		assertThat(Setup.of("", "shared-4x32", true, "").size()).isEqualTo(32);
		assertThat(Setup.of("", "park-32", true, "").mode()).isEqualTo(Mode.PARK);
		assertThat(Setup.of("", "onecore-32", true, "").mode()).isEqualTo(Mode.DEFAULT);
		assertThat(Setup.of("", "python-java-stream-32", true, "").isStream()).isTrue();
	}

	private void receive(ByteBuffer message) {
		this.receiver.received(message.getLong(0), Payload.sum(message, 0, message.limit()));
	}

}
