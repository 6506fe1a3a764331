package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import io.axonipc.posix.Mappings;
import io.axonipc.posix.PosixException;
import io.axonipc.posix.SharedMemory;
import io.axonipc.ring.CorruptRingException;
import io.axonipc.ring.SegmentLayout;

/** The peer's large-message slots, mapped when first met and kept. Thread-safe. */
final class SlotMappings {

	private final Endpoint endpoint;

	private final ByteBuffer[] memory = new ByteBuffer[SegmentLayout.SLOTS];

	private final long[] generation = new long[SegmentLayout.SLOTS];

	SlotMappings(Endpoint endpoint) {
		this.endpoint = endpoint;
	}

	/**
	 * The memory of a slot that a record refers to.
	 * @param number the slot's number, unchecked
	 * @param wanted the generation in the record
	 * @param length the payload's length, unchecked
	 * @return a read-only buffer; the payload starts at {@link SegmentLayout#PAGE}
	 */
	synchronized ByteBuffer map(long number, long wanted, long length) {
		if (number < 0 || number >= SegmentLayout.SLOTS || length < 0 || length > this.endpoint.maxMessage) {
			throw new CorruptRingException("a record refers to " + length + " bytes in slot " + number);
		}
		int slot = (int) number;
		if (this.memory[slot] == null || this.generation[slot] != wanted) {
			this.memory[slot] = open(slot, wanted).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
			this.generation[slot] = wanted;
		}
		if (length > this.memory[slot].capacity() - SegmentLayout.PAGE) {
			throw new CorruptRingException("a record refers to " + length + " bytes in slot " + slot + ", which has "
					+ (this.memory[slot].capacity() - SegmentLayout.PAGE));
		}
		return this.memory[slot];
	}

	private ByteBuffer open(int slot, long wanted) {
		Mappings.collect();
		int ring = this.endpoint.incoming();
		String name = this.endpoint.names.slot(ring, slot);
		try (SharedMemory segment = SharedObjects.open(this.endpoint.names, name, this.endpoint.isGroup())) {
			if (segment == null) {
				throw new CorruptRingException("a record refers to " + name + ", which does not exist");
			}
			long size = segment.status().size();
			if (!SlotPool.isWhole(segment, size, this.endpoint, ring, slot)) {
				throw new CorruptRingException(name + " is not a whole slot");
			}
			ByteBuffer mapped = segment.map(size);
			if (mapped.getLong(SegmentLayout.SLOT_GENERATION) != wanted) {
				throw new CorruptRingException(name + " is not what the record refers to");
			}
			return mapped;
		}
		catch (PosixException ex) {
			throw Errors.system(this.endpoint.names, ex);
		}
	}

}
