package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.function.LongPredicate;

import io.axonipc.posix.Platform;
import io.axonipc.ring.SegmentLayout;

/** Makes and checks copies of a segment's header. */
final class SegmentHeader {

	/** glibc or musl in the lower half, the word size in the upper. */
	private static final long ABI = Platform.libc() | (64L << 32);

	private SegmentHeader() {
	}

	/** The header of a new segment, all but its first word. */
	static ByteBuffer of(ChannelOptions options) {
		int capacity = options.roundedCapacity();
		return ByteBuffer.allocate(SegmentLayout.PAGE)
			.order(ByteOrder.LITTLE_ENDIAN)
			.putLong(SegmentLayout.SIZE, SegmentLayout.segmentSize(capacity))
			.putLong(SegmentLayout.ABI, ABI)
			.putLong(SegmentLayout.CAPACITY, capacity)
			.putLong(SegmentLayout.CHANNEL_ID, new SecureRandom().nextLong() | 1)
			.putLong(SegmentLayout.MAX_MESSAGE, options.maxMessageSize())
			.putLong(SegmentLayout.LARGE_MEMORY, options.largeMessageMemory());
	}

	static void check(ChannelNames names, ByteBuffer header, long size) {
		long magic = header.getLong(SegmentLayout.MAGIC_OFFSET);
		if ((int) magic != (int) SegmentLayout.MAGIC) {
			throw Errors.corrupt(names, "its first word is 0x" + Long.toHexString(magic) + " and not \"AXON\"", null);
		}
		if (magic != SegmentLayout.MAGIC) {
			throw new IncompatibleChannelException("Channel '" + names + "' has version " + (magic >>> 32)
					+ " of the protocol, this is version 1: use the same version on both sides, or discard the channel");
		}
		long abi = header.getLong(SegmentLayout.ABI);
		if (abi != ABI) {
			throw new IncompatibleChannelException("Channel '" + names + "' was made with C library " + (int) abi
					+ " and " + (abi >>> 32) + " bit, this process has " + (int) ABI + " and 64 bit "
					+ "(1 is glibc, 2 musl): both processes need the same");
		}
		requireValid(names, "size", header.getLong(SegmentLayout.SIZE), (value) -> value == size);
		requireValid(names, "capacity", header.getLong(SegmentLayout.CAPACITY),
				(value) -> value >= SegmentLayout.MIN_CAPACITY && value <= SegmentLayout.MAX_CAPACITY
						&& Long.bitCount(value) == 1 && SegmentLayout.segmentSize((int) value) == size);
		requireValid(names, "channel id", header.getLong(SegmentLayout.CHANNEL_ID), (value) -> value != 0);
		requireValid(names, "largest payload", header.getLong(SegmentLayout.MAX_MESSAGE),
				(value) -> value >= 0 && value <= SegmentLayout.MAX_PAYLOAD);
		requireValid(names, "large-message memory", header.getLong(SegmentLayout.LARGE_MEMORY),
				(value) -> value >= 0 && value <= SegmentLayout.MAX_LARGE_MEMORY);
	}

	private static void requireValid(ChannelNames names, String field, long value, LongPredicate valid) {
		if (!valid.test(value)) {
			throw Errors.corrupt(names, "its header says " + field + " = " + value + ", which does not fit", null);
		}
	}

}
