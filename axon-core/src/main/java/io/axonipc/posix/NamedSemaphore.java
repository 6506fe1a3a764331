package io.axonipc.posix;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.concurrent.TimeUnit;

import jnr.ffi.Memory;
import jnr.ffi.Pointer;

/**
 * A named semaphore. {@link #post()} and {@link #drain()} may be called by any thread,
 * {@link #await(long)} by one at a time. The semaphore is closed when this object is no
 * longer reachable, so that no thread can touch one that is gone.
 */
public final class NamedSemaphore {

	private static final Cleaner CLEANER = Cleaner.create();

	private static final int MAX_DRAINED = 1000;

	/** Where a {@code sem_t} says for whom it is, glibc's and musl's. */
	private static final int KIND = 8;

	private static final int KIND_SHARED = sample().getInt(KIND);

	private static volatile boolean hasClockWait = true;

	private final String name;

	private final long address;

	private final Pointer memory;

	private final Pointer time = Memory.allocateDirect(LibC.RUNTIME, 16);

	private final Cleaner.Cleanable closing;

	private NamedSemaphore(String name, long address) {
		this.name = name;
		this.address = address;
		this.memory = Pointer.wrap(LibC.RUNTIME, address);
		Mappings.made();
		this.closing = CLEANER.register(this, () -> {
			LibC.INSTANCE.sem_close(address);
			Mappings.released();
		});
	}

	/**
	 * Opens an existing semaphore.
	 * @param name the name, with its leading slash
	 * @return the semaphore, or null when there is none
	 */
	public static NamedSemaphore open(String name) {
		while (true) {
			long address = LibC.INSTANCE.sem_open(name, 0);
			if (address != 0) {
				return new NamedSemaphore(name, address);
			}
			int errno = PosixException.lastError();
			if (errno == Platform.ENOENT) {
				return null;
			}
			if (errno != Platform.EINTR) {
				throw new PosixException("sem_open", name, errno);
			}
		}
	}

	/**
	 * Makes the file of a semaphore with the count 0. It is what {@code sem_open} makes
	 * with O_CREAT, glibc's and musl's, but with a descriptor to set the mode, and
	 * without a second file that a kill would leave behind.
	 * @param name the name, with its leading slash
	 * @param mode the exact permissions, whatever the umask
	 * @return false when the name is taken
	 */
	public static boolean create(String name, int mode) {
		try (SharedMemory file = SharedMemory.create(file(name), mode)) {
			if (file != null) {
				file.write(sample(), Platform.SEMAPHORE_SIZE);
			}
			return file != null;
		}
		catch (PosixException ex) {
			unlink(name);
			throw ex;
		}
	}

	/**
	 * Removes a name.
	 * @param name the name, with its leading slash
	 * @return false when there was none, or when the system does not let this user
	 */
	public static boolean unlink(String name) {
		return SharedMemory.unlink(file(name));
	}

	/**
	 * The shared-memory object behind a semaphore's name.
	 * @param name the name, with its leading slash
	 * @return the object's name
	 */
	public static String file(String name) {
		return Platform.semaphoreFile(name);
	}

	/** Closes it at once. Only for one that no other thread has ever seen. */
	public void close() {
		this.closing.clean();
	}

	/** A semaphore with the count 0 that processes share. */
	private static Pointer sample() {
		Pointer semaphore = Memory.allocateDirect(LibC.RUNTIME, Platform.SEMAPHORE_SIZE, true);
		LibC.INSTANCE.sem_init(semaphore, 1, 0);
		return semaphore;
	}

	/**
	 * Whether its bytes are those of a semaphore that processes share, but for the
	 * permits: glibc ends a process that waits on anything else.
	 * @return false when somebody has written into it
	 */
	public boolean isSound() {
		boolean sound = this.memory.getInt(KIND) == KIND_SHARED;
		Reference.reachabilityFence(this);
		return sound;
	}

	/**
	 * Adds a permit. A semaphore that is full to its maximum has permits enough, and one
	 * that is not sound gets none.
	 */
	public void post() {
		if (isSound() && LibC.INSTANCE.sem_post(this.address) != 0) {
			int errno = PosixException.lastError();
			if (errno != Platform.EOVERFLOW) {
				throw new PosixException("sem_post", this.name, errno);
			}
		}
		Reference.reachabilityFence(this);
	}

	/**
	 * Takes the permits that are there, or the first thousand of them when somebody has
	 * posted more.
	 * @return whether none is left
	 */
	public boolean drain() {
		int drained = 0;
		while (drained < MAX_DRAINED && LibC.INSTANCE.sem_trywait(this.address) == 0) {
			drained++;
		}
		Reference.reachabilityFence(this);
		return drained < MAX_DRAINED;
	}

	/**
	 * Waits for a permit, on the monotonic clock where the system can. Blocks the
	 * platform thread; a signal may end the wait early. Only for one that is sound.
	 * @param nanos the longest wait, in nanoseconds
	 * @return whether a permit was taken
	 */
	public boolean await(long nanos) {
		boolean monotonic = hasClockWait;
		int clock = monotonic ? Platform.CLOCK_MONOTONIC : Platform.CLOCK_REALTIME;
		LibC.INSTANCE.clock_gettime(clock, this.time);
		long deadline = this.time.getLong(8) + nanos;
		this.time.putLong(0, this.time.getLong(0) + deadline / TimeUnit.SECONDS.toNanos(1));
		this.time.putLong(8, deadline % TimeUnit.SECONDS.toNanos(1));
		try {
			int result = monotonic ? LibC.INSTANCE.sem_clockwait(this.address, clock, this.time)
					: LibC.INSTANCE.sem_timedwait(this.address, this.time);
			if (result == 0) {
				return true;
			}
		}
		catch (UnsatisfiedLinkError ex) {
			hasClockWait = false;
			return await(nanos);
		}
		int errno = PosixException.lastError();
		Reference.reachabilityFence(this);
		if (errno == Platform.ETIMEDOUT || errno == Platform.EINTR) {
			return false;
		}
		throw new PosixException("sem_clockwait", this.name, errno);
	}

}
