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

	/** No ring gets so far in a century; beyond it sums of positions could overflow. */
	static final long MAX_POSITION = 1L << 62;

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

	/** Whether the word one step after the tail is 0. */
	private boolean zeroed;

	/**
	 * Up to here there is room, in this lap: two steps that end before it need no further
	 * check.
	 */
	private long plainEnd;

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
		if (this.free < 0 || this.free > MAX_POSITION || this.free % ALIGNMENT != 0) {
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
		int need = aligned(length);
		long tail = this.tail;
		return (need == this.step && tail + 2L * need <= this.plainEnd) ? offset(tail) : claimSlowly(need);
	}

	private int claimSlowly(int need) {
		int index = (int) this.tail & (this.capacity - 1);
		int padding = padding(index, need);
		long end = this.tail + padding + need;
		// What was zeroed for other records may be overwritten by this one.
		this.step = need;
		this.zeroed = false;
		this.plainEnd = 0;
		if (end > this.limit) {
			loadFree();
			if (end > this.limit) {
				return FULL;
			}
		}
		if (padding != 0) {
			// Fills the ring up to its end; the word at its start is 0 before that shows.
			Words.put(this.memory, this.data, 0);
			Words.putRelease(this.memory, this.data + index, HeaderWord.of(padding, 0, HeaderWord.PADDING, 0));
			this.tail += padding;
		}
		long lapEnd = (this.tail | (this.capacity - 1)) + 1;
		this.plainEnd = Math.min(this.limit, lapEnd - ALIGNMENT);
		return offset(this.tail);
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
	private void loadFree() {
		long free = Words.getAcquire(this.memory, this.control + SegmentLayout.FREE);
		if (free < this.free || free > this.tail || free % ALIGNMENT != 0) {
			throw new CorruptRingException("free = " + free + " is not between " + this.free + " and " + this.tail);
		}
		setFree(free);
	}

	private void setFree(long position) {
		this.free = position;
		this.limit = position + this.capacity - ALIGNMENT;
	}

	/**
	 * Makes the claimed record visible.
	 * @param word its header word, of the length that was claimed
	 * @return the position after it
	 */
	public long commit(long word) {
		// Everything of the record comes before its header word.
		Words.releaseFence();
		long tail = this.tail;
		int need = this.step;
		assert need == aligned(HeaderWord.length(word)) : "claimed " + need + ", not " + HeaderWord.length(word);
		long end = tail + need;
		if (!this.zeroed) {
			return commitSlowly(word, tail, need);
		}
		// Else the claim was made within plainEnd.
		int offset = offset(tail);
		Words.put(this.memory, offset, word);
		this.tail = end;
		Words.put(this.memory, offset + 2 * need, 0);
		return end;
	}

	/**
	 * The next header word is 0 before the one before it shows, or bytes of an earlier
	 * lap could be taken for a record. The consumer looks at it all the time; to write to
	 * its line before each commit would cost a transfer of the line from core to core,
	 * before the one of the record itself. So the one after it is zeroed with each
	 * commit, as the next record usually takes as much. More than one ahead is worse:
	 * streams get three times slower.
	 */
	private long commitSlowly(long word, long tail, int need) {
		long end = tail + need;
		Words.put(this.memory, offset(end), 0);
		Words.releaseFence();
		Words.put(this.memory, offset(tail), word);
		this.tail = end;
		this.zeroed = end + need <= this.limit;
		if (this.zeroed) {
			Words.put(this.memory, offset(end + need), 0);
		}
		return end;
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
		loadFree();
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
