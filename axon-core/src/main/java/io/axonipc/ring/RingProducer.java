package io.axonipc.ring;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;

import static io.axonipc.ring.HeaderWord.ALIGNMENT;
import static io.axonipc.ring.HeaderWord.aligned;

/**
 * The writing end of a ring. One process, and in it one thread at a time, may use it. See
 * PROTOCOL.md, "Sending".
 */
public final class RingProducer {

	/** Returned by {@link #tryClaim}: there is no room now. */
	public static final int FULL = -1;

	/**
	 * How many records ahead the header words are zeroed. The consumer looks at the
	 * nearest one all the time; to write to its line before each commit would cost a
	 * transfer of the line from core to core, before the one of the record itself.
	 */
	private static final int AHEAD = 4;

	private final LongBuffer memory;

	private final int control;

	private final int data;

	private final int capacity;

	/** Where the next record starts. */
	private long tail;

	/** The consumer's {@code free} when it was last loaded; only grows. */
	private long free;

	/** Where records have to end; a header word follows the last one. */
	private long limit;

	/** What the last claimed record takes. */
	private int step;

	/** The words at each step after the tail, up to so many bytes after it, are 0. */
	private int ahead;

	/** The consumer's {@code parked} when it was last posted for. */
	private long posted;

	/**
	 * Takes a ring over from a predecessor, or starts a new one.
	 * @param memory the segment
	 * @param control offset of the ring's control page
	 * @param capacity bytes
	 */
	public RingProducer(ByteBuffer memory, int control, int capacity) {
		this.memory = memory.asLongBuffer();
		this.control = control;
		this.data = control + SegmentLayout.PAGE;
		this.capacity = capacity;
		setFree(Words.getAcquire(this.memory, control + SegmentLayout.FREE));
		if (this.free < 0 || this.free % ALIGNMENT != 0) {
			throw new CorruptRingException("free = " + this.free + " is not a position");
		}
		walk(null);
		Words.put(this.memory, control + SegmentLayout.WANTED, 0);
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
		int index = (int) this.tail & (this.capacity - 1);
		int need = aligned(length);
		if (need != this.step || this.tail + need > this.limit || need > this.capacity - index) {
			return claimSlowly(index, need);
		}
		return this.data + index;
	}

	private int claimSlowly(int index, int need) {
		// What was zeroed ahead for other records may be overwritten by this one.
		this.step = need;
		this.ahead = 0;
		int padding = padding(index, need);
		long end = this.tail + padding + need;
		if (end > this.limit) {
			setFree(loadFree());
			if (end > this.limit) {
				return FULL;
			}
		}
		if (padding == 0) {
			return this.data + index;
		}
		// Fills the ring up to its end; the word at its start is 0 before that shows.
		Words.put(this.memory, this.data, 0);
		Words.putRelease(this.memory, this.data + index, HeaderWord.of(padding, 0, HeaderWord.PADDING, 0));
		this.tail += padding;
		return this.data;
	}

	/**
	 * What is left of the ring when a record does not fit before its end, else 0.
	 */
	private int padding(int index, int need) {
		return (need <= this.capacity - index) ? 0 : this.capacity - index;
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
		return free;
	}

	private void setFree(long position) {
		this.free = position;
		this.limit = position + this.capacity - ALIGNMENT;
	}

	/**
	 * Makes the claimed record visible.
	 * @param word its header word
	 * @return the position after it
	 */
	public long commit(long word) {
		// Everything of the record comes before its header word.
		Words.releaseFence();
		long tail = this.tail;
		int need = aligned(HeaderWord.length(word));
		if (this.ahead < need) {
			zeroAhead(tail, need);
		}
		Words.put(this.memory, offset(tail), word);
		this.tail = tail + need;
		long next = tail + need + this.ahead;
		if (next <= this.limit) {
			Words.put(this.memory, offset(next), 0);
		}
		else {
			this.ahead -= need;
		}
		return tail + need;
	}

	/**
	 * The next header word is 0 before the one before it shows, or bytes of an earlier
	 * lap could be taken for a record. So are those of the records after it, should they
	 * take as much, as far as there is room.
	 */
	private void zeroAhead(long tail, int need) {
		long target = Math.min(tail + (long) AHEAD * need, this.limit);
		long next = tail + need;
		do {
			Words.put(this.memory, offset(next), 0);
			next += need;
		}
		while (next <= target);
		this.ahead = (int) (next - need - tail);
		Words.releaseFence();
	}

	private int offset(long position) {
		return this.data + ((int) position & (this.capacity - 1));
	}

	/**
	 * Whether a thread waits for what was committed, and so is to be posted. No fence
	 * stands between the commit and this load: PROTOCOL.md, "Why no fence is needed".
	 * @param word the header word that was committed
	 * @return true at most once for each value of {@code parked}
	 */
	public boolean mustWake(long word) {
		long parked = Words.get(this.memory, this.control + SegmentLayout.PARKED);
		return (parked & SegmentLayout.FOR_ANYTHING) != 0 && isNewPark(parked, word);
	}

	private boolean isNewPark(long parked, long word) {
		int what = RingConsumer.isReply(word) ? SegmentLayout.FOR_REPLIES : SegmentLayout.FOR_MESSAGES;
		if ((parked & what) == 0 || parked == this.posted) {
			return false;
		}
		this.posted = parked;
		return true;
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
		setFree(loadFree());
		return this.free;
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
