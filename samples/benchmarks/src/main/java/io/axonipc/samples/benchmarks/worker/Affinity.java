package io.axonipc.samples.benchmarks.worker;

import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.SaveError;
import jnr.ffi.types.pid_t;
import jnr.ffi.types.size_t;

/** Pins threads to processors. */
public final class Affinity {

	/** 1024 processors, as in {@code cpu_set_t}. */
	private static final int MASK_BYTES = 128;

	private Affinity() {
	}

	/**
	 * Pins the calling thread alone: threads that were there before stay where they are,
	 * threads that it starts later share its processor.
	 * @param cpu the processor's number, or -1 to do nothing
	 */
	public static void pin(int cpu) {
		if (cpu < 0) {
			return;
		}
		Scheduler library = LibraryLoader.create(Scheduler.class).library("c").load();
		Runtime runtime = Runtime.getRuntime(library);
		Pointer mask = runtime.getMemoryManager().allocateDirect(MASK_BYTES, true);
		mask.putByte(cpu / Byte.SIZE, (byte) (1 << (cpu % Byte.SIZE)));
		if (library.sched_setaffinity(0, MASK_BYTES, mask) != 0) {
			throw new IllegalStateException("this thread cannot be pinned to CPU " + cpu + ": errno "
					+ LastError.getLastError(runtime) + ". Give the CPUs that this process may use");
		}
	}

	/** Public because jnr-ffi implements it in a class loader of its own. */
	public interface Scheduler {

		@SaveError
		int sched_setaffinity(@pid_t int pid, @size_t long size, Pointer mask);

	}

}
