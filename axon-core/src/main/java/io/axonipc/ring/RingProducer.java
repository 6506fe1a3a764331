package io.axonipc.ring;

import java.nio.ByteBuffer;

import static io.axonipc.ring.HeaderWord.ALIGNMENT;
import static io.axonipc.ring.HeaderWord.aligned;

/**
 * The writing end of a ring. One process, and in it one thread at a time, may use it. See
 * PROTOCOL.md, "Sending".
 */
public final class RingProducer {

	/** Returned by {@link #tryClaim}: there is no room now. */
	public static final int FULL = -1;

	private final ByteBuffer memory;

	private final int control;

	private final int data;

	private final int capacity;

	/** Where the next record starts. */
	private long tail;

	/** The consumer's {@code free} when it was last loaded; only grows. */
	private long free;

	/** The consumer's park sequence when it was last looked at. */
	private long parkSeen;

	/**
	 * Takes a ring over from a predecessor, or starts a new one.
	 * @param memory the segment
	 * @param control offset of the ring's control page
	 * @param capacity bytes
	 */
	public RingProducer(ByteBuffer memory, int control, int capacity) {
		this.memory = memory;
		this.control = control;
		this.data = control + SegmentLayout.PAGE;
		this.capacity = capacity;
		this.free = Words.getAcquire(memory, control + SegmentLayout.FREE);
		if (this.free < 0 || this.free % ALIGNMENT != 0) {
			throw new CorruptRingException("free = " + this.free + " is not a position");
		}
		walk(null);
		Words.put(memory, control + SegmentLayout.WANTED, 0);
	}

	/** Told of each record that a walk meets. */
	@FunctionalInterface
	public interface RecordVisitor {

		/**
		 * A committed record.
		 * @param offset where it starts in the segment
		 * @param word its header word, checked
		 * @param end the position after it
		 */
		void visit(int offset, long word, long end);

	}

	/**
	 * Walks over the committed records that are not yet free; a new producer finds its
	 * predecessor's last one so.
	 * @param visitor told of each message, also of those done with, null for nobody
	 */
	public void walk(RecordVisitor visitor) {
		this.tail = walk(this.free, visitor);
		if (this.tail - this.free > this.capacity - ALIGNMENT) {
			throw new CorruptRingException("no end of the records between " + this.free + " and " + this.tail);
		}
	}

	private long walk(long start, RecordVisitor visitor) {
		long position = start;
		while (position - start < this.capacity) {
			int index = (int) position & (this.capacity - 1);
			long word = Words.getAcquire(this.memory, this.data + index);
			if (word == 0) {
				break;
			}
			if (!HeaderWord.isValid(word, index, this.capacity)) {
				throw new CorruptRingException("header word 0x" + Long.toHexString(word) + " at position " + position);
			}
			long end = position + aligned(HeaderWord.length(word));
			if (visitor != null && !HeaderWord.isPadding(word)) {
				visitor.visit(this.data + index, word, end);
			}
			position = end;
		}
		return position;
	}

	/**
	 * Whether the consumer, which is gone, has left no message behind.
	 * @return true when only padding, records done with, and replies, which nobody can
	 * want any more, lie between {@code handled} and the end; false also when
	 * {@code handled} makes no sense
	 */
	public boolean isEmpty() {
		long handled = Words.getAcquire(this.memory, this.control + SegmentLayout.HANDLED) & -ALIGNMENT;
		if (handled < this.free || handled > this.tail) {
			return false;
		}
		boolean[] found = new boolean[1];
		walk(handled, (offset, word, end) -> found[0] |= HeaderWord.isMessage(word) && !RingConsumer.isReply(word));
		return !found[0];
	}

	/**
	 * Takes room for a record. Nothing is visible, and the room is given back by doing
	 * nothing, until {@link #commit}.
	 * @param length bytes of the record, at most a quarter of the capacity
	 * @return where the record starts in the segment, or {@link #FULL}
	 */
	public int tryClaim(int length) {
		long tail = this.tail;
		int index = (int) tail & (this.capacity - 1);
		int need = aligned(length);
		int padding = padding(index, need);
		long end = tail + padding + need + ALIGNMENT;
		if (end - this.capacity > this.free && end - this.capacity > loadFree()) {
			return FULL;
		}
		if (padding == 0) {
			return this.data + index;
		}
		return pad(index, padding);
	}

	/**
	 * What is left of the ring when a record does not fit before its end, else 0.
	 */
	private int padding(int index, int need) {
		return (need <= this.capacity - index) ? 0 : this.capacity - index;
	}

	/**
	 * Fills the ring up to its end. The word at its start is 0 before the padding shows.
	 */
	private int pad(int index, int padding) {
		Words.put(this.memory, this.data, 0);
		Words.putRelease(this.memory, this.data + index, HeaderWord.of(padding, 0, HeaderWord.PADDING, 0));
		this.tail += padding;
		return this.data;
	}

	/**
	 * Acquire: what the consumer read of the freed bytes was read before we overwrite
	 * them.
	 */
	private long loadFree() {
		long free = Words.getAcquire(this.memory, this.control + SegmentLayout.FREE);
		if (free < this.free || free > this.tail || free % ALIGNMENT != 0) {
			throw new CorruptRingException("free = " + free + " is not between " + this.free + " and " + this.tail);
		}
		this.free = free;
		return free;
	}

	/**
	 * Makes the claimed record visible.
	 * @param word its header word
	 * @return the position after it
	 */
	public long commit(long word) {
		int index = (int) this.tail & (this.capacity - 1);
		long end = this.tail + aligned(HeaderWord.length(word));
		int next = (int) end & (this.capacity - 1);
		// The next header word is 0 before this one shows, or bytes of an earlier lap
		// could be taken for a record. Release orders it, and this record, before.
		Words.put(this.memory, this.data + next, 0);
		Words.putRelease(this.memory, this.data + index, word);
		this.tail = end;
		return end;
	}

	/**
	 * Whether the consumer parked since this was last asked, and so is to be posted. No
	 * fence stands between the commit and this load: PROTOCOL.md, "Why no fence is
	 * needed".
	 * @return true at most once for each park
	 */
	public boolean mustWake() {
		long parked = Words.getAcquire(this.memory, this.control + SegmentLayout.PARKED);
		return parked != this.parkSeen && isNewPark(parked);
	}

	private boolean isNewPark(long parked) {
		this.parkSeen = parked;
		return (parked & 1) != 0;
	}

	/**
	 * The value of {@code free} that makes room for a record.
	 * @param length bytes of the record
	 * @return a position
	 */
	public long wantedFor(int length) {
		int index = (int) this.tail & (this.capacity - 1);
		int need = aligned(length);
		int padding = padding(index, need);
		return this.tail + padding + need + ALIGNMENT - this.capacity;
	}

	/**
	 * Asks the consumer to publish {@code free} and to post as soon as it reaches a
	 * position.
	 * @param position the position, 0 to ask no longer
	 */
	public void want(long position) {
		Words.putFenced(this.memory, this.control + SegmentLayout.WANTED, position);
	}

	/**
	 * How far the consumer has freed the ring.
	 * @return a position, loaded now
	 */
	public long free() {
		return loadFree();
	}

	/**
	 * Bytes that are committed and not yet handled; may be asked by any thread.
	 * @return 0 to capacity
	 */
	public long used() {
		long handled = Words.get(this.memory, this.control + SegmentLayout.HANDLED) & -ALIGNMENT;
		return Math.max(0, Math.min(this.tail - handled, this.capacity));
	}

}
