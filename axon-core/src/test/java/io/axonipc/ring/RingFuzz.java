package io.axonipc.ring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

import io.axonipc.testing.FuzzInput;

/**
 * A fuzz target: both ends of a ring at work while somebody writes to its memory. An end
 * goes on, or finds the ring corrupt and is followed by a successor; it throws nothing
 * else, and touches nothing outside of the ring.
 */
public final class RingFuzz {

	private static final int CAPACITY = 4096;

	private static final int CONTROL = SegmentLayout.PAGE;

	private static final int DATA = CONTROL + SegmentLayout.PAGE;

	private static final int END = DATA + CAPACITY;

	/** What lies before and behind the ring, and must stay. */
	private static final byte[] AROUND = new byte[SegmentLayout.PAGE];

	private static final int[] CONTROL_WORDS = { SegmentLayout.FREE, SegmentLayout.PARKED, SegmentLayout.HANDLED,
			SegmentLayout.WANTED };

	private final byte[] bytes = new byte[END + AROUND.length];

	private final ByteBuffer memory = ByteBuffer.wrap(this.bytes).order(ByteOrder.LITTLE_ENDIAN);

	private final FuzzInput input;

	private RingProducer producer;

	private RingConsumer consumer;

	private RingFuzz(FuzzInput input) {
		this.input = input;
	}

	/**
	 * Called by the fuzzer again and again.
	 * @param bytes what to do
	 */
	public static void fuzzerTestOneInput(byte[] bytes) {
		RingFuzz ring = new RingFuzz(new FuzzInput(bytes));
		while (ring.input.hasMore()) {
			ring.step();
		}
		require(Arrays.equals(ring.bytes, 0, CONTROL, AROUND, 0, CONTROL)
				&& Arrays.equals(ring.bytes, END, END + AROUND.length, AROUND, 0, AROUND.length),
				"written outside of the ring");
	}

	private void step() {
		int what = this.input.below(16);
		try {
			if (what < 6) {
				produce(what);
			}
			else if (what < 12) {
				consume(what);
			}
			else {
				corrupt(what);
			}
		}
		catch (CorruptRingException ex) {
			if (what < 6) {
				this.producer = null;
			}
			else {
				this.consumer = null;
			}
		}
	}

	private void produce(int what) {
		if (this.producer == null || what == 5) {
			this.producer = new RingProducer(this.memory, CONTROL, CAPACITY);
			this.producer.walk((offset, word, end) -> requireInside(offset, HeaderWord.length(word)));
		}
		RingProducer ring = this.producer;
		switch (what) {
			case 0, 1, 2 -> send(what == 2);
			case 3 -> ring.want(ring.wantedFor(1 + this.input.upTo(CAPACITY / 4)));
			default -> {
				require(ring.used() >= 0 && ring.used() <= CAPACITY, "used");
				ring.isEmpty();
				ring.free();
			}
		}
	}

	private void send(boolean abort) {
		int flags = new int[] { 0, HeaderWord.CORRELATED, HeaderWord.CORRELATED | HeaderWord.REPLY,
				HeaderWord.LARGE }[this.input.below(4)];
		int tag = 1 + this.input.below(255);
		int start = HeaderWord.payloadOffset(tag, flags, 0);
		int payload = (flags == HeaderWord.LARGE) ? HeaderWord.REFERENCE : this.input.upTo(CAPACITY / 4 - start);
		int offset = this.producer.tryClaim(start + payload);
		if (offset != RingProducer.FULL) {
			requireInside(offset, start + payload);
			if (!abort) {
				long word = HeaderWord.of(start + payload, tag, flags, 0);
				this.producer.commit(word);
				this.producer.mustWake(word);
			}
		}
	}

	private void consume(int what) {
		if (this.consumer == null || what == 11) {
			this.consumer = new RingConsumer(this.memory, CONTROL, CAPACITY);
		}
		RingConsumer ring = this.consumer;
		switch (what) {
			case 6, 7 -> receive();
			case 8 -> {
				ring.publish(Long.MAX_VALUE);
				require(!ring.publish(Long.MAX_VALUE), "posted twice");
			}
			case 9 -> lookAhead();
			default -> {
				ring.park(1 + this.input.below(2));
				ring.unpark(SegmentLayout.FOR_ANYTHING);
			}
		}
		require(ring.position() >= 0, "a negative position");
	}

	private void receive() {
		RingConsumer ring = this.consumer;
		long word = ring.nextAlike();
		if (word == 0) {
			word = ring.next();
		}
		if (word != 0) {
			requireInside(ring.offset(ring.position()), HeaderWord.length(word));
			require(HeaderWord.payloadOffset(word) <= HeaderWord.length(word), "payload behind the record");
			ring.begin();
			ring.advance(word);
			if (ring.mustPublish()) {
				ring.publish(Long.MAX_VALUE);
			}
		}
	}

	private void lookAhead() {
		long position = this.consumer.position();
		for (int records = this.input.below(4); records >= 0; records--) {
			long word = this.consumer.recordAt(position);
			if (word == 0) {
				return;
			}
			requireInside(this.consumer.offset(position), HeaderWord.length(word));
			if (RingConsumer.isReply(word)) {
				this.consumer.setDone(position, word);
			}
			position += HeaderWord.aligned(HeaderWord.length(word));
		}
	}

	/** What no honest end does. */
	private void corrupt(int what) {
		int offset = switch (what) {
			case 12 -> CONTROL + CONTROL_WORDS[this.input.below(CONTROL_WORDS.length)];
			case 13 -> CONTROL + 8 * this.input.upTo((END - CONTROL) / 8);
			default -> DATA + HeaderWord.ALIGNMENT * this.input.below(CAPACITY / HeaderWord.ALIGNMENT);
		};
		long word = (what == 15)
				? HeaderWord.of(this.input.upTo(CAPACITY / 4 + 1), this.input.below(256), this.input.below(256), 0)
				: this.input.word(this.memory.getLong(offset));
		this.memory.putLong(offset, word);
	}

	private static void requireInside(int offset, int length) {
		require(length > 0 && offset >= DATA && offset + HeaderWord.aligned(length) <= END,
				"a record of " + length + " bytes at " + offset);
	}

	private static void require(boolean holds, String what) {
		if (!holds) {
			throw new IllegalStateException(what);
		}
	}

}
