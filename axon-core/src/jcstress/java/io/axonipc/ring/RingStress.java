package io.axonipc.ring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;
import org.openjdk.jcstress.infra.results.JJJ_Result;

/** A producer and a consumer over one ring, in plain memory. */
public class RingStress {

	private static final int LENGTH = 64;

	/** Where the payload lies: behind the header word and the tag. */
	private static final int PAYLOAD = LENGTH - 8;

	/** Two records, of which the second must be there whole if it is there at all. */
	@JCStressTest
	@State
	@Outcome(id = "0, 0, 0", expect = Expect.ACCEPTABLE, desc = "Nothing yet.")
	@Outcome(id = "1, 11, 0", expect = Expect.ACCEPTABLE, desc = "The first.")
	@Outcome(id = "2, 11, 22", expect = Expect.ACCEPTABLE, desc = "Both.")
	@Outcome(expect = Expect.FORBIDDEN, desc = "A record without its payload, or out of order.")
	public static class Commit extends Ring {

		@Actor
		public void producer() {
			send(11, LENGTH);
			send(22, LENGTH);
		}

		@Actor
		public void consumer(JJJ_Result result) {
			if (this.consumer.next() != 0) {
				result.r1++;
				result.r2 = take(LENGTH);
				if (this.consumer.next() != 0) {
					result.r1++;
					result.r3 = take(LENGTH);
				}
			}
		}

	}

	/** The room of a record is overwritten only after it has been read. */
	@JCStressTest
	@State
	@Outcome(id = { "11, 0", "11, 1", "11, 2" }, expect = Expect.ACCEPTABLE, desc = "What was there.")
	@Outcome(expect = Expect.FORBIDDEN, desc = "Bytes of a record that took its place.")
	public static class Free extends Ring {

		private static final int LONG = 3 * LENGTH;

		public Free() {
			send(11, LONG);
			while (send(33, LENGTH)) {
				continue;
			}
		}

		@Actor
		public void producer(JJ_Result result) {
			// The second one comes to lie where the long record is.
			for (int looks = 0; looks < 10 && result.r2 < 2; looks++) {
				result.r2 += send(22, LENGTH) ? 1 : 0;
			}
		}

		@Actor
		public void consumer(JJ_Result result) {
			this.consumer.next();
			result.r1 = take(LONG);
			this.consumer.publish(Long.MAX_VALUE);
		}

	}

	/** A ring of sixteen records, in a slice of one large buffer. */
	static class Ring {

		static final int CAPACITY = 16 * LENGTH;

		private static final int SIZE = SegmentLayout.PAGE + CAPACITY;

		/** More than jcstress has in use at a time. */
		private static final int RINGS = 4096;

		private static final ByteBuffer POOL = ByteBuffer.allocateDirect(RINGS * SIZE);

		private static final AtomicInteger NEXT = new AtomicInteger();

		final ByteBuffer memory = zeroed(NEXT.getAndIncrement() & (RINGS - 1));

		private final RingProducer producer = new RingProducer(this.memory, 0, CAPACITY);

		final RingConsumer consumer = new RingConsumer(this.memory, 0, CAPACITY);

		private static ByteBuffer zeroed(int ring) {
			ByteBuffer memory = POOL.slice(ring * SIZE, SIZE).order(ByteOrder.LITTLE_ENDIAN);
			for (int offset = 0; offset < SIZE; offset += (offset < 512) ? 128 : 64) {
				memory.putLong(offset, 0);
			}
			return memory;
		}

		boolean send(long payload, int length) {
			int offset = this.producer.tryClaim(length);
			if (offset < 0) {
				return false;
			}
			this.memory.putLong(offset + PAYLOAD, payload);
			this.producer.commit(word(length));
			return true;
		}

		private static long word(int length) {
			return HeaderWord.of(length, 1, 0, 0);
		}

		long take(int length) {
			long payload = this.memory.getLong(this.consumer.offset(this.consumer.position()) + PAYLOAD);
			this.consumer.advance(word(length));
			return payload;
		}

	}

}
