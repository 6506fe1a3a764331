package io.axonipc.ring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class RingTest {

	private static final int CAPACITY = 4096;

	private static final int DATA = SegmentLayout.PAGE;

	private final ByteBuffer memory = ByteBuffer.allocateDirect(SegmentLayout.PAGE + CAPACITY)
		.order(ByteOrder.LITTLE_ENDIAN);

	private RingProducer producer = new RingProducer(this.memory, 0, CAPACITY);

	private RingConsumer consumer = new RingConsumer(this.memory, 0, CAPACITY);

	@Test
	void nothingIsVisibleBeforeTheCommit() {
		int offset = this.producer.tryClaim(40);
		this.memory.putLong(offset + 16, 42);
		assertThat(this.consumer.next()).isZero();
		this.producer.commit(word(40));
		assertThat(this.consumer.next()).isEqualTo(word(40));
		assertThat(this.memory.getLong(this.consumer.offset(this.consumer.position()) + 16)).isEqualTo(42);
	}

	@Test
	void anAbandonedClaimIsOverwritten() {
		this.memory.putLong(this.producer.tryClaim(40) + 16, 1);
		this.memory.putLong(this.producer.tryClaim(64) + 16, 2);
		this.producer.commit(word(64));
		assertThat(HeaderWord.length(this.consumer.next())).isEqualTo(64);
	}

	@Test
	void theNextHeaderWordIsZeroBeforeTheCommitShows() {
		for (int i = 0; i < CAPACITY; i += 8) {
			this.memory.putLong(DATA + i, word(64));
		}
		this.memory.putLong(DATA, 0);
		this.producer.tryClaim(64);
		this.producer.commit(word(64));
		take();
		assertThat(this.consumer.next()).as("stale bytes of an earlier lap").isZero();
	}

	@Test
	void theRingsStartIsZeroBeforeThePaddingShows() {
		for (int sent = 0; sent < 3; sent++) {
			send(1024);
			take();
		}
		send(960);
		take();
		this.consumer.publish(Long.MAX_VALUE);
		this.memory.putLong(DATA, word(64));
		this.producer.tryClaim(128);
		assertThat(this.consumer.next()).as("stale bytes of an earlier lap").isZero();
	}

	@Test
	void randomSizesPassInOrderAcrossManyLaps() {
		Random random = new Random(7);
		Queue<Integer> sent = new ArrayDeque<>();
		int received = 0;
		for (int step = 0; step < 100_000; step++) {
			int length = 16 + random.nextInt(CAPACITY / 4 - 15);
			int offset = this.producer.tryClaim(length);
			if (offset != RingProducer.FULL) {
				assertThat(offset - DATA + HeaderWord.aligned(length)).isLessThanOrEqualTo(CAPACITY);
				fill(offset, length);
				this.producer.commit(word(length));
				sent.add(length);
			}
			while (!sent.isEmpty() && (offset == RingProducer.FULL || random.nextInt(3) == 0)) {
				offset = 0;
				assertThat(HeaderWord.length(this.consumer.next())).isEqualTo(sent.remove());
				assertThat(isFilled(this.consumer.offset(this.consumer.position()))).isTrue();
				take();
				received++;
			}
			this.consumer.publish(Long.MAX_VALUE);
		}
		assertThat(received).isGreaterThan(10_000);
	}

	@Test
	void aFullRingTakesNoMoreUntilTheConsumerPublishes() {
		int sent = 0;
		while (this.producer.tryClaim(64) != RingProducer.FULL) {
			this.producer.commit(word(64));
			sent++;
		}
		assertThat(sent).as("one line stays free for the next header word").isEqualTo(CAPACITY / 64 - 1);
		assertThat(this.producer.used()).isEqualTo(CAPACITY - 64);
		this.consumer.next();
		this.consumer.begin();
		this.consumer.advance(word(64));
		assertThat(this.producer.tryClaim(64)).as("handled, not published").isEqualTo(RingProducer.FULL);
		this.consumer.publish(Long.MAX_VALUE);
		assertThat(this.producer.tryClaim(64)).isNotEqualTo(RingProducer.FULL);
	}

	@Test
	void aWaitingProducerIsToBePostedOnceWhenItsRoomIsThere() {
		while (this.producer.tryClaim(64) != RingProducer.FULL) {
			this.producer.commit(word(64));
		}
		this.producer.want(this.producer.wantedFor(128));
		take();
		take();
		assertThat(this.consumer.mustPublish()).as("128 bytes and padding do not fit yet").isFalse();
		take();
		assertThat(this.consumer.mustPublish()).isTrue();
		assertThat(this.consumer.publish(Long.MAX_VALUE)).isTrue();
		assertThat(this.consumer.publish(Long.MAX_VALUE)).isFalse();
		assertThat(this.producer.tryClaim(128)).isNotEqualTo(RingProducer.FULL);
	}

	@Test
	void nothingIsFreedBeyondAPinnedRecord() {
		send(64);
		send(64);
		take();
		take();
		this.consumer.publish(64);
		assertThat(this.producer.free()).isEqualTo(64);
		this.consumer.publish(Long.MAX_VALUE);
		assertThat(this.producer.free()).isEqualTo(128);
	}

	@Test
	void oneParkIsPostedOnce() {
		long message = word(64);
		assertThat(this.producer.mustWake(message)).isFalse();
		this.consumer.park(SegmentLayout.FOR_MESSAGES);
		assertThat(this.producer.mustWake(message)).isTrue();
		assertThat(this.producer.mustWake(message)).isFalse();
		this.consumer.unpark(SegmentLayout.FOR_MESSAGES);
		assertThat(this.producer.mustWake(message)).isFalse();
		this.consumer.park(SegmentLayout.FOR_MESSAGES);
		assertThat(this.producer.mustWake(message)).isTrue();
	}

	@Test
	void aReplyWakesOnlyWhoWaitsForReplies() {
		long message = word(64);
		long reply = HeaderWord.of(64, 1, HeaderWord.CORRELATED | HeaderWord.REPLY, 0);
		this.consumer.park(SegmentLayout.FOR_MESSAGES);
		assertThat(this.producer.mustWake(reply)).isFalse();
		this.consumer.park(SegmentLayout.FOR_REPLIES);
		assertThat(this.producer.mustWake(reply)).isTrue();
		this.consumer.unpark(SegmentLayout.FOR_REPLIES);
		assertThat(this.producer.mustWake(reply)).isFalse();
		assertThat(this.producer.mustWake(message)).as("that wait goes on").isTrue();
	}

	@Test
	void staleBytesAreNeverTakenForARecord() {
		Random random = new Random(7);
		int length = 64;
		for (int i = 0; i < 20_000; i++) {
			// Runs of one length, among them claims that are filled and given up.
			if (random.nextInt(6) == 0) {
				length = 40 + random.nextInt(900);
			}
			if (random.nextInt(4) == 0) {
				fillWithHeaderWords(this.producer.tryClaim(40 + random.nextInt(900)), 40);
			}
			int offset = this.producer.tryClaim(length);
			fillWithHeaderWords(offset, length);
			this.producer.commit(word(length));
			assertThat(HeaderWord.length(take())).isEqualTo(length);
			assertThat(this.consumer.next()).as("record %s of %s bytes", i, length).isZero();
			if (random.nextInt(3) == 0) {
				this.consumer.publish(Long.MAX_VALUE);
			}
			else if (this.consumer.mustPublish()) {
				this.consumer.publish(Long.MAX_VALUE);
			}
		}
	}

	private void fillWithHeaderWords(int offset, int length) {
		for (int i = 8; i <= length - 8; i += 8) {
			this.memory.putLong(offset + i, word(64));
		}
	}

	@Test
	void aNewProducerGoesOnAfterTheLastCommit() {
		send(64);
		send(200);
		this.memory.putLong(this.producer.tryClaim(100) + 8, 99);
		this.producer = new RingProducer(this.memory, 0, CAPACITY);
		send(320);
		assertThat(HeaderWord.length(take())).isEqualTo(64);
		assertThat(HeaderWord.length(take())).isEqualTo(200);
		assertThat(HeaderWord.length(take())).isEqualTo(320);
		assertThat(this.consumer.next()).isZero();
	}

	@Test
	void aNewConsumerGetsTheRecordInHandAgainAndCounts() {
		send(64);
		send(128);
		take();
		this.consumer.next();
		assertThat(this.consumer.begin()).isEqualTo(1);
		for (int deliveries = 2; deliveries < 70; deliveries++) {
			this.consumer = new RingConsumer(this.memory, 0, CAPACITY);
			assertThat(HeaderWord.length(this.consumer.next())).isEqualTo(128);
			assertThat(this.consumer.begin()).isEqualTo(Math.min(deliveries, 63));
		}
		take();
		this.consumer = new RingConsumer(this.memory, 0, CAPACITY);
		assertThat(this.consumer.next()).isZero();
	}

	@Test
	void aRecordTakenOutOfTurnIsSteppedOver() {
		send(64);
		send(128);
		send(192);
		this.consumer.setDone(64, this.consumer.recordAt(64));
		take();
		assertThat(HeaderWord.length(this.consumer.next())).isEqualTo(192);
	}

	@ParameterizedTest
	@ValueSource(longs = { 64, 1, -1, 0x0000_0001_ffff_ffffL, 0x0000_0001_0000_0401L, 0x0000_1001_0000_0040L,
			0x0000_2001_0000_0040L, 0x0000_0201_0000_0040L, 0x0000_0401_0000_0040L, 0x0000_0801_0000_0040L,
			0x0000_8000_0000_0040L, 0x0000_8001_0000_1000L, 0xffff_0001_0000_0040L, 0x0000_00ff_0000_0040L })
	void aHeaderWordThatBreaksTheProtocolIsRefused(long word) {
		this.memory.putLong(DATA, word);
		assertThatThrownBy(this.consumer::next).isInstanceOf(CorruptRingException.class)
			.hasMessageContaining("0x" + Long.toHexString(word))
			.hasMessageContaining("position 0");
		assertThatThrownBy(() -> new RingProducer(this.memory, 0, CAPACITY)).isInstanceOf(CorruptRingException.class);
	}

	@ParameterizedTest
	@ValueSource(longs = { -64, 1, 128, Long.MAX_VALUE })
	void aPositionThatBreaksTheProtocolIsRefused(long free) {
		send(64);
		take();
		this.memory.putLong(SegmentLayout.FREE, free);
		assertThatThrownBy(() -> this.producer.free()).isInstanceOf(CorruptRingException.class)
			.hasMessageContaining("free = " + free);
		assertThatThrownBy(() -> new RingConsumer(this.memory, 0, CAPACITY)).isInstanceOf(CorruptRingException.class);
	}

	@Test
	void aFreeThatRunsBackwardsIsRefused() {
		send(64);
		take();
		this.consumer.publish(Long.MAX_VALUE);
		this.producer.free();
		this.memory.putLong(SegmentLayout.FREE, 0);
		assertThatThrownBy(() -> this.producer.free()).isInstanceOf(CorruptRingException.class);
	}

	@ParameterizedTest
	@ValueSource(longs = { (1L << 62) + 64, Long.MAX_VALUE - 63 })
	void aPositionThatNoRingReachesIsRefusedByBothEnds(long position) {
		this.memory.putLong(SegmentLayout.FREE, position);
		this.memory.putLong(SegmentLayout.HANDLED, position);
		assertThatThrownBy(() -> new RingConsumer(this.memory, 0, CAPACITY)).isInstanceOf(CorruptRingException.class);
		assertThatThrownBy(() -> new RingProducer(this.memory, 0, CAPACITY)).isInstanceOf(CorruptRingException.class);
	}

	@Test
	void aRingWithoutAnEndIsRefused() {
		for (int i = 0; i < CAPACITY; i += 64) {
			this.memory.putLong(DATA + i, word(64));
		}
		assertThatThrownBy(() -> new RingProducer(this.memory, 0, CAPACITY)).isInstanceOf(CorruptRingException.class);
		assertThatThrownBy(() -> {
			while (true) {
				take();
			}
		}).isInstanceOf(CorruptRingException.class);
	}

	private static long word(int length) {
		return HeaderWord.of(length, 1, 0, 0);
	}

	private void send(int length) {
		assertThat(this.producer.tryClaim(length)).isNotEqualTo(RingProducer.FULL);
		this.producer.commit(word(length));
	}

	private long take() {
		long word = this.consumer.next();
		this.consumer.begin();
		this.consumer.advance(word);
		return word;
	}

	private void fill(int offset, int length) {
		for (int i = 8; i < length; i++) {
			this.memory.put(offset + i, (byte) (length + i));
		}
	}

	private boolean isFilled(int offset) {
		int length = HeaderWord.length(this.memory.getLong(offset));
		for (int i = 8; i < length; i++) {
			if (this.memory.get(offset + i) != (byte) (length + i)) {
				return false;
			}
		}
		return true;
	}

}
