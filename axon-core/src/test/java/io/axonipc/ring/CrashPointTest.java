package io.axonipc.ring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Lets producer and consumer die after each step of a long random run: successors that
 * recover from a copy of the memory must find what was promised. Of a commit, the state
 * before its last store that a consumer acts on is tried, too.
 */
class CrashPointTest {

	private static final int CAPACITY = 4096;

	private final ByteBuffer memory = buffer();

	private final RingProducer producer = new RingProducer(this.memory, 0, CAPACITY);

	private final RingConsumer consumer = new RingConsumer(this.memory, 0, CAPACITY);

	private final Random random = new Random(11);

	/** Committed. */
	private int sent;

	/** Handled. */
	private int handled;

	private boolean inHand;

	private int checks;

	private static ByteBuffer buffer() {
		return ByteBuffer.allocateDirect(SegmentLayout.PAGE + CAPACITY).order(ByteOrder.LITTLE_ENDIAN);
	}

	@Test
	void successorsFindEveryMessageWhereverTheirPredecessorsDied() {
		for (int round = 0; round < 2000; round++) {
			int length = 24 + this.random.nextInt(CAPACITY / 4 - 24);
			if (this.random.nextBoolean()) {
				send(length);
			}
			else {
				receive();
			}
			if (this.random.nextInt(3) == 0) {
				step(() -> this.consumer.publish(Long.MAX_VALUE));
			}
			if (this.random.nextInt(5) == 0) {
				step(() -> this.consumer.park(SegmentLayout.FOR_MESSAGES));
				step(() -> this.producer.want(64));
				step(() -> this.consumer.unpark(SegmentLayout.FOR_MESSAGES));
			}
		}
		assertThat(this.sent).isGreaterThan(500);
		assertThat(this.checks).isGreaterThan(5000);
	}

	private void send(int length) {
		int[] offset = new int[1];
		step(() -> offset[0] = this.producer.tryClaim(length));
		if (offset[0] == RingProducer.FULL) {
			return;
		}
		step(() -> {
			// What is no message yet may look like one.
			for (int i = 8; i <= length - 8; i += 8) {
				this.memory.putLong(offset[0] + i, word(64));
			}
			this.memory.putLong(offset[0] + 8, this.sent);
		});
		if (this.random.nextInt(4) != 0) {
			// Until the last store, the header word, it is not there.
			ByteBuffer before = copy();
			this.producer.commit(word(length));
			ByteBuffer almost = copy();
			almost.putLong(offset[0], before.getLong(offset[0]));
			check(almost);
			this.sent++;
			check(copy());
		}
	}

	private void receive() {
		long word = this.consumer.next();
		check(copy());
		if (word == 0) {
			assertThat(this.handled).isEqualTo(this.sent);
			return;
		}
		assertThat(this.consumer.begin()).isEqualTo(1);
		this.inHand = true;
		check(copy());
		this.consumer.advance(word);
		this.inHand = false;
		this.handled++;
		check(copy());
	}

	private void step(Runnable step) {
		step.run();
		check(copy());
	}

	private ByteBuffer copy() {
		return buffer().put(0, this.memory, 0, this.memory.capacity());
	}

	/**
	 * The consumer dies, the producer dies, or both; then all that is left is received.
	 */
	private void check(ByteBuffer left) {
		RingProducer successor = new RingProducer(left, 0, CAPACITY);
		RingConsumer receiver = new RingConsumer(left, 0, CAPACITY);
		if (successor.tryClaim(24) != RingProducer.FULL) {
			left.putLong(successor.tryClaim(24) + 8, -1);
			successor.commit(word(24));
		}
		List<Long> found = new ArrayList<>();
		for (long word = receiver.next(); word != 0; word = receiver.next()) {
			found.add(left.getLong(receiver.offset(receiver.position()) + 8));
			assertThat(receiver.begin()).isEqualTo((this.inHand && found.size() == 1) ? 2 : 1);
			receiver.advance(word);
		}
		found.remove(-1L);
		List<Long> expected = new ArrayList<>();
		for (long n = this.handled; n < this.sent; n++) {
			expected.add(n);
		}
		assertThat(found).isEqualTo(expected);
		this.checks++;
	}

	private static long word(int length) {
		return HeaderWord.of(length, 1, 0, 0);
	}

}
