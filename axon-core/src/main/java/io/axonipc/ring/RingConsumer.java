package io.axonipc.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;

import static io.axonipc.ring.HeaderWord.ALIGNMENT;
import static io.axonipc.ring.HeaderWord.aligned;

/**
 * The reading end of a ring. One process may use it, and in it one thread at a time the
 * methods that move the position ({@link #nextAlike}, {@link #next}, {@link #begin},
 * {@link #advance}), and one thread at a time those that other readers of the process
 * rely on ({@link #publish}, {@link #park}, {@link #unpark}, {@link #recordAt},
 * {@link #setDone}); the caller sees to both. See PROTOCOL.md, "Receiving".
 */
public final class RingConsumer {

	private static final VarHandle POSITION;

	private static final int MAX_DELIVERIES = 63;

	static {
		try {
			POSITION = MethodHandles.lookup().findVarHandle(RingConsumer.class, "position", long.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private final LongBuffer memory;

	private final int control;

	private final int data;

	private final int capacity;

	/**
	 * Where the oldest record starts that is not done with; written by one thread at a
	 * time.
	 */
	private long position;

	/** The last {@code free} that was published. */
	private long published;

	/** The header word of the last message that is no reply, checked; what that took. */
	private long word;

	private int size;

	/** The last {@code wanted} that was answered with a post. */
	private long answered;

	/** Deliveries of the record at {@link #position} by predecessors. */
	private int earlierDeliveries;

	/**
	 * Takes a ring over from a predecessor, or starts a new one.
	 * @param memory the segment
	 * @param control offset of the ring's control page
	 * @param capacity bytes
	 */
	public RingConsumer(ByteBuffer memory, int control, int capacity) {
		this.memory = memory.asLongBuffer();
		this.control = control;
		this.data = control + SegmentLayout.PAGE;
		this.capacity = capacity;
		long handled = Words.getAcquire(this.memory, control + SegmentLayout.HANDLED);
		long free = Words.getAcquire(this.memory, control + SegmentLayout.FREE);
		this.position = handled & -ALIGNMENT;
		this.earlierDeliveries = (int) handled & (ALIGNMENT - 1);
		if (free < 0 || free % ALIGNMENT != 0 || this.position < free || this.position - free > capacity
				|| this.position > RingProducer.MAX_POSITION) {
			throw new CorruptRingException("handled = " + handled + " and free = " + free + " do not fit together");
		}
		this.published = this.position;
		Words.putRelease(this.memory, control + SegmentLayout.FREE, this.position);
		if ((Words.get(this.memory, control + SegmentLayout.PARKED) & SegmentLayout.FOR_ANYTHING) != 0) {
			unpark(SegmentLayout.FOR_ANYTHING);
		}
	}

	/**
	 * The header word of the next message if it is like that of the last one. In a stream
	 * most are; then nothing of the word needs to be checked but that it is the same, and
	 * the processor need not wait for it in order to look for the next one. Acquire: the
	 * record's bytes are visible afterwards.
	 * @return the word, or 0 when {@link #next} is to decide
	 */
	public long nextAlike() {
		int index = (int) this.position & (this.capacity - 1);
		long word = Words.getAcquire(this.memory, this.data + index);
		return (word == this.word && this.size <= this.capacity - index) ? word : 0;
	}

	/**
	 * The header word of the next message, stepping over padding and records done with.
	 * Acquire: the record's bytes are visible afterwards.
	 * @return the word, checked, or 0 when the ring is dry
	 */
	public long next() {
		while (true) {
			long word = Words.getAcquire(this.memory, offset(this.position));
			if (word == 0) {
				return 0;
			}
			check(word, this.position);
			if (HeaderWord.isMessage(word)) {
				if (!isReply(word)) {
					this.word = word;
					this.size = aligned(HeaderWord.length(word));
				}
				return word;
			}
			advance(word);
		}
	}

	/**
	 * Whether there is a record at the position, of whatever kind.
	 * @return true when {@link #next} would find something to do
	 */
	public boolean isReady() {
		return isCommitted(position());
	}

	/**
	 * Whether a record was committed at a position.
	 * @param position the start of a record, or the end of the committed ones
	 * @return true when there is one
	 */
	public boolean isCommitted(long position) {
		return Words.getAcquire(this.memory, offset(position)) != 0;
	}

	private void check(long word, long position) {
		if (!HeaderWord.isValid(word, (int) position & (this.capacity - 1), this.capacity)) {
			throw new CorruptRingException("header word 0x" + Long.toHexString(word) + " at position " + position);
		}
	}

	/**
	 * Where a record starts in the segment.
	 * @param position its position
	 * @return an offset
	 */
	public int offset(long position) {
		return this.data + ((int) position & (this.capacity - 1));
	}

	/**
	 * Where the oldest record lies that is not done with; may be asked by any thread.
	 * @return a position
	 */
	public long position() {
		return (long) POSITION.getAcquire(this);
	}

	/**
	 * How often the record at the position will have been delivered with the next time.
	 * @return 1, or more after a predecessor died with it in hand; at most 63
	 */
	public int deliveries() {
		return Math.min(this.earlierDeliveries + 1, MAX_DELIVERIES);
	}

	/**
	 * Notes that the record at the position is about to be handled, for a successor to
	 * see.
	 * @return what {@link #deliveries} does
	 */
	public int begin() {
		int deliveries = deliveries();
		Words.put(this.memory, this.control + SegmentLayout.HANDLED, this.position | deliveries);
		return deliveries;
	}

	/**
	 * Steps over the record at the position: it is done with.
	 * @param word its header word
	 */
	public void advance(long word) {
		long next = this.position + aligned(HeaderWord.length(word));
		if (next - this.published > this.capacity) {
			throw new CorruptRingException("more than " + this.capacity + " bytes after position " + this.published);
		}
		if (this.earlierDeliveries != 0) {
			this.earlierDeliveries = 0;
		}
		Words.putRelease(this.memory, this.control + SegmentLayout.HANDLED, next);
		// After the release fence of the store before. Plain, as it has one writer at a
		// time, and each call has fences that keep it from being put off.
		this.position = next;
	}

	/**
	 * Whether it is time to publish how far the ring is free: an eighth of the capacity
	 * has been read since, or the producer waits for what has been reached.
	 * @return true when {@link #publish} should follow
	 */
	public boolean mustPublish() {
		long position = (long) POSITION.getOpaque(this);
		if (position - this.published >= this.capacity / 8) {
			return true;
		}
		long wanted = Words.get(this.memory, this.control + SegmentLayout.WANTED);
		return wanted != 0 && wanted <= position && wanted != this.answered;
	}

	/**
	 * Whether something was read that is not yet published.
	 * @return true when {@link #publish} could free something
	 */
	public boolean hasUnpublished() {
		return position() != this.published;
	}

	/**
	 * Lets the producer overwrite all before the position.
	 * @param limit the position of the oldest record that is still read out of turn, or
	 * any larger value; nothing beyond is freed
	 * @return whether the producer waits for this and is to be posted
	 */
	public boolean publish(long limit) {
		long free = Math.min(position(), limit);
		if (free > this.published) {
			this.published = free;
			// Release: the records were read before the producer overwrites them.
			Words.putRelease(this.memory, this.control + SegmentLayout.FREE, free);
		}
		long wanted = Words.get(this.memory, this.control + SegmentLayout.WANTED);
		if (wanted == 0 || wanted > this.published || wanted == this.answered) {
			return false;
		}
		this.answered = wanted;
		return true;
	}

	/**
	 * Tells the producer that a thread is about to wait; no later load comes before it.
	 * @param what {@link SegmentLayout#FOR_MESSAGES} or {@link SegmentLayout#FOR_REPLIES}
	 */
	public void park(int what) {
		Words.putFenced(this.memory, this.control + SegmentLayout.PARKED, nextPark() | what);
	}

	/**
	 * Tells the producer that no thread waits any more.
	 * @param what {@link SegmentLayout#FOR_MESSAGES} or {@link SegmentLayout#FOR_REPLIES}
	 */
	public void unpark(int what) {
		Words.putRelease(this.memory, this.control + SegmentLayout.PARKED, nextPark() & ~what);
	}

	/** The word with its counter grown by 1, and the bits that are set. */
	private long nextPark() {
		return Words.get(this.memory, this.control + SegmentLayout.PARKED) + SegmentLayout.PARK_COUNT;
	}

	/**
	 * Looks at a record without taking it.
	 * @param position the start of a record
	 * @return its header word, checked; 0 when nothing was committed there
	 */
	public long recordAt(long position) {
		long word = Words.getAcquire(this.memory, offset(position));
		if (word != 0) {
			check(word, position);
		}
		return word;
	}

	/**
	 * Whether a record is a reply that is not done with.
	 * @param word its header word
	 * @return true for a reply
	 */
	public static boolean isReply(long word) {
		return (HeaderWord.flags(word) & HeaderWord.REPLY) != 0 && HeaderWord.isMessage(word);
	}

	/**
	 * Marks a record as done with, so that it is stepped over later.
	 * @param position where it starts
	 * @param word its header word
	 */
	public void setDone(long position, long word) {
		Words.putRelease(this.memory, offset(position), word | ((long) HeaderWord.DONE << 40));
	}

}
