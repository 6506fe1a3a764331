package io.axonipc.ring;

import java.lang.invoke.VarHandle;
import java.nio.LongBuffer;

/**
 * 64-bit words of shared memory, with the orderings of the protocol. Offsets are
 * multiples of 8, buffers are direct and little-endian: then an access is one instruction
 * and does not tear. There is no compare-and-set: on truncated memory it kills the JVM,
 * and words with one writer do not need it.
 * <p>
 * Plain accesses between fences, because the byte buffer's view handles surround each
 * access with barriers of the compiler, which costs a third of the time of a small
 * message. A buffer of longs, because it checks one bound for each access, where a buffer
 * of bytes checks two and its byte order. On x86-64 the acquire and the release fence are
 * no instructions.
 */
public final class Words {

	private Words() {
	}

	/**
	 * Loads a word that nobody else writes, or whose freshness does not matter.
	 * @param memory the mapping, as longs
	 * @param offset bytes from its start
	 * @return the word
	 */
	public static long get(LongBuffer memory, int offset) {
		return memory.get(offset >>> 3);
	}

	/**
	 * Loads a word; what its writer did before storing it is visible afterwards.
	 * @param memory the mapping, as longs
	 * @param offset bytes from its start
	 * @return the word
	 */
	public static long getAcquire(LongBuffer memory, int offset) {
		long value = memory.get(offset >>> 3);
		VarHandle.acquireFence();
		return value;
	}

	/**
	 * Stores a word with no order to other stores.
	 * @param memory the mapping, as longs
	 * @param offset bytes from its start
	 * @param value the word
	 */
	public static void put(LongBuffer memory, int offset, long value) {
		memory.put(offset >>> 3, value);
	}

	/**
	 * Stores a word after everything that was stored before.
	 * @param memory the mapping, as longs
	 * @param offset bytes from its start
	 * @param value the word
	 */
	public static void putRelease(LongBuffer memory, int offset, long value) {
		VarHandle.releaseFence();
		memory.put(offset >>> 3, value);
	}

	/**
	 * Lets no access before come after a store that follows. What the compiler knew of
	 * memory before, it loads again.
	 */
	static void releaseFence() {
		VarHandle.releaseFence();
	}

	/**
	 * Stores a word, and lets no later load come before it.
	 * @param memory the mapping, as longs
	 * @param offset bytes from its start
	 * @param value the word
	 */
	public static void putFenced(LongBuffer memory, int offset, long value) {
		memory.put(offset >>> 3, value);
		VarHandle.fullFence();
	}

}
