package io.axonipc.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * 64-bit words of shared memory, with the orderings of the protocol. Offsets are
 * multiples of 8. There is no compare-and-set: on truncated memory it kills the JVM, and
 * words with one writer do not need it.
 */
public final class Words {

	private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

	private Words() {
	}

	/**
	 * Loads a word that nobody else writes, or whose freshness does not matter; it does
	 * not tear.
	 * @param memory the mapping
	 * @param offset bytes from its start
	 * @return the word
	 */
	public static long get(ByteBuffer memory, int offset) {
		return (long) LONG.getOpaque(memory, offset);
	}

	/**
	 * Loads a word; what its writer did before storing it is visible afterwards.
	 * @param memory the mapping
	 * @param offset bytes from its start
	 * @return the word
	 */
	public static long getAcquire(ByteBuffer memory, int offset) {
		return (long) LONG.getAcquire(memory, offset);
	}

	/**
	 * Stores a word with no order to other stores; it does not tear.
	 * @param memory the mapping
	 * @param offset bytes from its start
	 * @param value the word
	 */
	public static void put(ByteBuffer memory, int offset, long value) {
		LONG.setOpaque(memory, offset, value);
	}

	/**
	 * Stores a word after everything that was stored before.
	 * @param memory the mapping
	 * @param offset bytes from its start
	 * @param value the word
	 */
	public static void putRelease(ByteBuffer memory, int offset, long value) {
		LONG.setRelease(memory, offset, value);
	}

	/**
	 * Stores a word, and lets no later load come before it.
	 * @param memory the mapping
	 * @param offset bytes from its start
	 * @param value the word
	 */
	public static void putFenced(ByteBuffer memory, int offset, long value) {
		LONG.setOpaque(memory, offset, value);
		VarHandle.fullFence();
	}

}
