package io.axonipc;

import java.nio.ByteBuffer;
import java.util.Arrays;

import io.axonipc.posix.Mappings;
import io.axonipc.posix.PosixException;
import io.axonipc.posix.SharedMemory;
import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.RingProducer;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.ring.Words;

/**
 * The large-message slots of the ring that this endpoint writes. Guarded by the sender's
 * lock. See PROTOCOL.md, "Large messages".
 */
final class SlotPool {

	/** Returned by {@link #claim}: wait until a busy slot is free. */
	static final int FULL = -1;

	private static final long RETRY_NANOS = 1_000_000;

	private static final int GRANULE = 64 << 10;

	private final Endpoint endpoint;

	private final RingProducer ring;

	private final ByteBuffer[] memory = new ByteBuffer[SegmentLayout.SLOTS];

	private final long[] capacity = new long[SegmentLayout.SLOTS];

	/**
	 * The position after the slot's last record; it is busy while the ring is not free up
	 * to here.
	 */
	private final long[] busyUntil = new long[SegmentLayout.SLOTS];

	private final long[] generation = new long[SegmentLayout.SLOTS];

	/** Numbers whose name another user has. */
	private final boolean[] taken = new boolean[SegmentLayout.SLOTS];

	private long total;

	private int generations;

	/** When the system had no memory, last. */
	private long refused = System.nanoTime() - RETRY_NANOS;

	SlotPool(Endpoint endpoint, RingProducer ring) {
		this.endpoint = endpoint;
		this.ring = ring;
		for (int slot = 0; slot < SegmentLayout.SLOTS; slot++) {
			adopt(slot);
		}
		ring.walk(this::markBusy);
	}

	/** Keeps what a predecessor left, or removes it when it is not whole. */
	private void adopt(int slot) {
		try (SharedMemory segment = SharedObjects.open(this.endpoint.names, name(slot), this.endpoint.isGroup())) {
			if (segment == null) {
				return;
			}
			long size = segment.status().size();
			if (isWhole(segment, size, this.endpoint, this.endpoint.outgoing(), slot)) {
				keep(slot, segment.map(size), size - SegmentLayout.PAGE);
				return;
			}
		}
		catch (ChannelAccessException ex) {
			// Somebody else's: removed if this user may, and else not used.
		}
		remove(slot);
		this.taken[slot] = SharedMemory.status(name(slot)) != null;
	}

	/**
	 * Whether a segment is the slot that its name says, complete, and no larger than
	 * slots may be together.
	 */
	static boolean isWhole(SharedMemory segment, long size, Endpoint endpoint, int ring, int number) {
		ByteBuffer header = segment.read(SegmentLayout.SLOT_NUMBER + 8);
		return header.getLong(SegmentLayout.MAGIC_OFFSET) == SegmentLayout.SLOT_MAGIC
				&& header.getLong(SegmentLayout.SIZE) == size && size > SegmentLayout.PAGE
				&& size % SegmentLayout.PAGE == 0 && size - SegmentLayout.PAGE <= endpoint.largeMemory
				&& header.getLong(SegmentLayout.SLOT_CHANNEL_ID) == endpoint.channelId
				&& header.getLong(SegmentLayout.SLOT_GENERATION) != 0
				&& header.getLong(SegmentLayout.SLOT_NUMBER) == (ring | ((long) number << 32));
	}

	private String name(int slot) {
		return this.endpoint.names.slot(this.endpoint.outgoing(), slot);
	}

	/**
	 * Removes a slot that nobody needs. The peer may keep it mapped: its first word
	 * becomes 0, and its memory is given back at once, but for the first page: to read
	 * that word must not need memory that is not there.
	 */
	private void remove(int slot) {
		if (this.memory[slot] != null) {
			Words.putRelease(this.memory[slot].asLongBuffer(), SegmentLayout.MAGIC_OFFSET, 0);
			try (SharedMemory segment = SharedObjects.open(this.endpoint.names, name(slot), this.endpoint.isGroup())) {
				if (segment != null) {
					segment.release(SegmentLayout.PAGE, this.capacity[slot]);
				}
			}
			catch (PosixException | ChannelAccessException ex) {
				// Somebody put something else in its place.
			}
			this.memory[slot] = null;
			this.total -= this.capacity[slot];
		}
		SharedMemory.unlink(name(slot));
	}

	private void keep(int slot, ByteBuffer mapped, long slotCapacity) {
		this.memory[slot] = mapped;
		this.generation[slot] = mapped.getLong(SegmentLayout.SLOT_GENERATION);
		this.capacity[slot] = slotCapacity;
		this.busyUntil[slot] = 0;
		this.total += slotCapacity;
	}

	private void markBusy(int offset, long word, long end) {
		if ((HeaderWord.flags(word) & HeaderWord.LARGE) != 0) {
			int slot = this.endpoint.memory.getInt(offset + HeaderWord.payloadOffset(word) + 16);
			if (slot >= 0 && slot < SegmentLayout.SLOTS) {
				this.busyUntil[slot] = end;
			}
		}
	}

	/**
	 * Takes a slot for a payload; it is given back by doing nothing until
	 * {@link #commit}.
	 * @return the slot's number, or {@link #FULL}
	 */
	int claim(int length) {
		long free = this.ring.free();
		for (int slot = 0; slot < SegmentLayout.SLOTS; slot++) {
			if (isIdle(slot, free) && this.capacity[slot] >= length) {
				return slot;
			}
		}
		long needed = rounded(length);
		while (true) {
			int slot = unused();
			PosixException noMemory = null;
			if (slot >= 0 && this.total + needed <= this.endpoint.largeMemory && mayTry()) {
				noMemory = make(slot, needed);
				if (this.memory[slot] != null) {
					return slot;
				}
			}
			if ((slot < 0 || !this.taken[slot]) && !removeIdle(free)) {
				if (this.total > 0) {
					return FULL;
				}
				throw (noMemory != null) ? Errors.memory(this.endpoint.names, "a large message", needed, noMemory)
						: allTaken();
			}
		}
	}

	/** Not at each look of a sender that spins until it gets memory. */
	private boolean mayTry() {
		return this.total == 0 || System.nanoTime() - this.refused >= RETRY_NANOS;
	}

	/**
	 * Up to a quarter more than asked for, so that messages of about one size share
	 * slots.
	 */
	private long rounded(int length) {
		long step = Math.max(GRANULE, Long.highestOneBit(length) / 4);
		return Math.min((length + step - 1) & -step, this.endpoint.largeMemory);
	}

	private boolean isIdle(int slot, long free) {
		return this.memory[slot] != null && this.busyUntil[slot] <= free;
	}

	private int unused() {
		for (int slot = 0; slot < SegmentLayout.SLOTS; slot++) {
			if (this.memory[slot] == null && !this.taken[slot]) {
				return slot;
			}
		}
		return -1;
	}

	private boolean removeIdle(long free) {
		for (int slot = 0; slot < SegmentLayout.SLOTS; slot++) {
			if (isIdle(slot, free)) {
				remove(slot);
				this.refused = System.nanoTime() - RETRY_NANOS;
				return true;
			}
		}
		return false;
	}

	/** Forgets which names were taken: the next send tries all of them again. */
	private ChannelAccessException allTaken() {
		Arrays.fill(this.taken, false);
		return new ChannelAccessException("Channel '" + this.endpoint.names
				+ "': no large message can be sent: other users' files have all the names " + name(0) + " to "
				+ name(SegmentLayout.SLOTS - 1) + ". Have them removed, or choose another name", null);
	}

	/** Makes a slot, or finds its name taken, or returns why there is no memory. */
	private PosixException make(int slot, long needed) {
		try {
			create(slot, needed);
			return null;
		}
		catch (PosixException ex) {
			SharedMemory.unlink(name(slot));
			if (!ex.isOutOfMemory()) {
				throw Errors.system(this.endpoint.names, ex);
			}
			this.refused = System.nanoTime();
			return ex;
		}
	}

	private void create(int slot, long needed) {
		Mappings.collect();
		SharedMemory.unlink(name(slot));
		try (SharedMemory segment = SharedMemory.create(name(slot), this.endpoint.mode)) {
			if (segment == null) {
				this.taken[slot] = true;
				return;
			}
			long size = SegmentLayout.PAGE + needed;
			segment.allocate(size);
			ByteBuffer mapped = segment.map(size);
			mapped.putLong(SegmentLayout.SIZE, size);
			mapped.putLong(SegmentLayout.SLOT_CHANNEL_ID, this.endpoint.channelId);
			mapped.putLong(SegmentLayout.SLOT_GENERATION, (this.endpoint.incarnation() << 32) | ++this.generations);
			mapped.putLong(SegmentLayout.SLOT_NUMBER, this.endpoint.outgoing() | ((long) slot << 32));
			Words.putRelease(mapped.asLongBuffer(), SegmentLayout.MAGIC_OFFSET, SegmentLayout.SLOT_MAGIC);
			keep(slot, mapped, needed);
		}
	}

	ByteBuffer memory(int slot) {
		return this.memory[slot];
	}

	long generation(int slot) {
		return this.generation[slot];
	}

	void commit(int slot, long end) {
		this.busyUntil[slot] = end;
	}

	/** The value of {@code free} at which the first busy slot can be used again. */
	long wanted() {
		long free = this.ring.free();
		long wanted = Long.MAX_VALUE;
		for (int slot = 0; slot < SegmentLayout.SLOTS; slot++) {
			if (this.memory[slot] != null && this.busyUntil[slot] > free) {
				wanted = Math.min(wanted, this.busyUntil[slot]);
			}
		}
		return (wanted != Long.MAX_VALUE) ? wanted : free;
	}

	/** Removes what no record refers to, when this endpoint closes. */
	void close() {
		long free = this.ring.free();
		while (removeIdle(free)) {
			continue;
		}
	}

}
