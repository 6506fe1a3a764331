package io.axonipc.samples.chaos;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;

import io.axonipc.samples.chaos.Journal.Kind;
import io.axonipc.samples.chaos.Verification.Times;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/** Journals as they must not be. */
class VerificationTest {

	@TempDir
	private Path folder;

	private final Times senderTimes = new Times(new TreeSet<>(), new TreeSet<>());

	private final Times receiverTimes = new Times(new TreeSet<>(), new TreeSet<>());

	private Journal sender;

	private Journal receiver;

	@BeforeEach
	void open() throws IOException {
		this.sender = new Journal(this.folder.resolve("sender"));
		this.receiver = new Journal(this.folder.resolve("receiver"));
		this.sender.note(Kind.OPENED, 100, 0);
		this.receiver.note(Kind.OPENED, 100, 0);
	}

	private void send(long... numbers) throws IOException {
		for (long number : numbers) {
			this.sender.note(Kind.INTENT, number, 7);
			this.sender.note(Kind.DONE, number, 0);
		}
	}

	private void receive(long number, int deliveries) throws IOException {
		this.receiver.note(Kind.DELIVERED, number, deliveries);
		this.receiver.note(Kind.HANDLED, number, 0);
	}

	private void killReceiver(long time) throws IOException {
		this.receiverTimes.killed().add(time);
		this.receiver.note(Kind.OPENED, time + 10, 0);
	}

	private Tally tally() throws IOException {
		this.sender.close();
		this.receiver.close();
		return Verification.of(this.folder.resolve("sender"), this.folder.resolve("receiver"), this.senderTimes,
				this.receiverTimes);
	}

	@Test
	void whatMayHappenIsNoFault() throws IOException {
		send(1);
		this.sender.note(Kind.INTENT, 2, 0);
		this.senderTimes.killed().add(150L);
		this.sender.note(Kind.INTENT, 3, 0);
		this.senderTimes.killed().add(160L);
		send(4, 5);
		receive(1, 1);
		// Committed, and the sender was killed before it noted so; number 3 was not.
		receive(2, 1);
		this.receiver.note(Kind.DELIVERED, 4, 1);
		killReceiver(200);
		receive(4, 2);
		killReceiver(300);
		receive(5, 2);
		Tally tally = tally();
		assertThat(tally)
			.hasToString("sent=4 received=4 lost=0 reordered=0 corrupt=0 duplicates=1 kills=4 receiver_kills=2");
		assertThat(tally.anomalies()).isEmpty();
		assertThat(tally.holds()).isTrue();
	}

	@Test
	void aMessageThatNeverCameIsLost() throws IOException {
		send(1, 2, 3);
		receive(1, 1);
		receive(3, 1);
		assertThat(tally().lost()).isEqualTo(1);
	}

	@Test
	void aMessageInHandThatDoesNotComeAgainIsLost() throws IOException {
		send(1, 2);
		this.receiver.note(Kind.DELIVERED, 1, 1);
		killReceiver(200);
		receive(2, 1);
		assertThat(tally().lost()).isEqualTo(1);
	}

	@Test
	void anEarlierMessageAfterALaterOneIsReordered() throws IOException {
		send(1, 2);
		receive(2, 1);
		receive(1, 1);
		assertThat(tally().reordered()).isEqualTo(1);
	}

	@Test
	void aCorruptMessageIsAlsoLost() throws IOException {
		send(1);
		this.receiver.note(Kind.CORRUPT, Long.MIN_VALUE, 1);
		this.receiver.note(Kind.HANDLED, Long.MIN_VALUE, 0);
		Tally tally = tally();
		assertThat(tally.corrupt()).isEqualTo(1);
		assertThat(tally.lost()).isEqualTo(1);
	}

	@Test
	void aDuplicateWithoutAKillIsAFault() throws IOException {
		send(1);
		receive(1, 1);
		receive(1, 2);
		Tally tally = tally();
		assertThat(tally.duplicates()).isEqualTo(1);
		assertThat(tally.holds()).isFalse();
		assertThat(tally.anomalies())
			.containsExactly("message 1 came as delivery 2, and it was not in hand when a receiver was killed");
	}

	@Test
	void aDuplicateThatIsNotFlaggedIsAFault() throws IOException {
		send(1);
		receive(1, 1);
		killReceiver(200);
		receive(1, 1);
		assertThat(tally().anomalies()).containsExactly("message 1 came again and was not flagged as redelivered");
	}

	@Test
	void aRedeliveryAfterACleanEndIsAFault() throws IOException {
		send(1, 2);
		receive(1, 1);
		this.receiver.note(Kind.CLOSING, 200, 0);
		this.receiver.note(Kind.OPENED, 210, 0);
		receive(2, 2);
		assertThat(tally().anomalies())
			.containsExactly("message 2 came as delivery 2, and it was not in hand when a receiver was killed");
	}

	@Test
	void aPeerThatIsAttachedMustNotBeFoundGone() throws IOException {
		this.receiver.note(Kind.ACTIVE, 190, 0);
		this.receiver.note(Kind.GONE, 200, 5);
		assertThat(tally().anomalies())
			.containsExactly("a peer that was attached since 100 ms was declared dead at 205 ms");
	}

	@Test
	void howLongADeathGoesUnnoticedIsMeasured() throws IOException {
		this.senderTimes.killed().add(150L);
		this.receiver.note(Kind.ACTIVE, 180, 0);
		this.receiver.note(Kind.GONE, 250, 5);
		Tally tally = tally();
		assertThat(tally.anomalies()).isEmpty();
		assertThat(tally.deathNotices()).isEqualTo(List.of(75L));
	}

	@Test
	void whatGrowsIsFound() {
		Resources.Series flat = new Resources.Series("it", "MiB", 4);
		Resources.Series growing = new Resources.Series("it", "MiB", 4);
		for (int i = 0; i < 100; i++) {
			flat.add(20 + i % 3);
			growing.add(20 + i / 4);
		}
		assertThat(flat.hasGrown()).isFalse();
		assertThat(growing.hasGrown()).isTrue();
		assertThat(growing).hasToString("it grew from 29 to 41 MiB");
	}

}
