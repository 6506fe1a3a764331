package io.axonipc.posix;

import java.io.IOException;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;

import com.kenai.jffi.MemoryIO;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;

/**
 * A descriptor of a named shared-memory object: its status, its size, its locks, its
 * mapping. The descriptor is closed on exec. Not thread-safe, except for
 * {@link #isLocked} and {@link #status}.
 */
public final class SharedMemory implements AutoCloseable {

	private static final Cleaner CLEANER = Cleaner.create();

	/** What is reserved at a time at least, however many signals there are. */
	private static final long MIN_STEP = 64 << 10;

	/** "", which stands for the descriptor itself; zeroed memory. */
	private static final Pointer EMPTY_PATH = Memory.allocateDirect(LibC.RUNTIME, 8, true);

	private final String name;

	/** Used again and again: an idle channel asks for its status ten times a second. */
	private final Pointer statusBuffer = Memory.allocateDirect(LibC.RUNTIME, Platform.STATX_SIZE);

	private int descriptor;

	private boolean mayHoldLocks;

	private SharedMemory(String name, int descriptor) {
		this.name = name;
		this.descriptor = descriptor;
	}

	/**
	 * Opens an existing object.
	 * @param name the name, with its leading slash
	 * @return the object, or null when there is none
	 */
	public static SharedMemory open(String name) {
		return open(name, Platform.O_RDWR, Platform.ENOENT);
	}

	/**
	 * Creates an object of size 0.
	 * @param name the name, with its leading slash
	 * @param mode the exact permissions, whatever the umask
	 * @return the object, or null when the name is taken
	 */
	public static SharedMemory create(String name, int mode) {
		SharedMemory created = open(name, Platform.O_RDWR | Platform.O_CREAT | Platform.O_EXCL, Platform.EEXIST);
		if (created != null) {
			try {
				created.setMode(mode);
			}
			catch (PosixException ex) {
				created.close();
				unlink(name);
				throw ex;
			}
		}
		return created;
	}

	private static SharedMemory open(String name, int flags, int expected) {
		while (true) {
			int descriptor = LibC.INSTANCE.shm_open(name, flags | Platform.O_CLOEXEC, 0600);
			if (descriptor >= 0) {
				return new SharedMemory(name, descriptor);
			}
			int errno = PosixException.lastError();
			if (errno == expected) {
				return null;
			}
			if (errno != Platform.EINTR) {
				throw new PosixException("shm_open", name, errno);
			}
		}
	}

	/**
	 * Removes a name.
	 * @param name the name, with its leading slash
	 * @return false when there was none, or when the system does not let this user
	 */
	public static boolean unlink(String name) {
		if (LibC.INSTANCE.shm_unlink(name) == 0) {
			return true;
		}
		int errno = PosixException.lastError();
		if (errno == Platform.ENOENT || errno == Platform.EPERM || errno == Platform.EACCES
				|| errno == Platform.EISDIR) {
			return false;
		}
		throw new PosixException("shm_unlink", name, errno);
	}

	/**
	 * What there is under a name, whoever's it is and whatever it is.
	 * @param name the name, with its leading slash
	 * @return its status, or null when there is nothing
	 */
	public static FileStatus status(String name) {
		try {
			Map<String, Object> found = Files.readAttributes(Path.of(Platform.DIRECTORY + name),
					"unix:mode,uid,gid,nlink,ino,size", LinkOption.NOFOLLOW_LINKS);
			return FileStatus.of((Integer) found.get("mode"), (Integer) found.get("uid"), (Integer) found.get("gid"),
					(Integer) found.get("nlink"), (Long) found.get("ino"), (Long) found.get("size"));
		}
		catch (IOException ex) {
			return null;
		}
	}

	/**
	 * Asks the system for the object's status.
	 * @return the status now
	 */
	public synchronized FileStatus status() {
		Pointer buffer = this.statusBuffer;
		PosixException.retry("statx", this.name, () -> LibC.INSTANCE.statx(this.descriptor, EMPTY_PATH,
				Platform.AT_EMPTY_PATH, Platform.STATX_BASIC_STATS, buffer));
		return FileStatus.of(buffer.getShort(Platform.STATX_MODE) & 0xffff, buffer.getInt(Platform.STATX_UID),
				buffer.getInt(Platform.STATX_GID), buffer.getInt(Platform.STATX_NLINK),
				buffer.getLong(Platform.STATX_INO), buffer.getLong(Platform.STATX_BYTES));
	}

	/**
	 * Sets the permissions.
	 * @param mode the exact permissions
	 */
	public void setMode(int mode) {
		PosixException.retry("fchmod", this.name, () -> LibC.INSTANCE.fchmod(this.descriptor, mode));
	}

	/**
	 * Empties the object and reserves zeroed memory for it, so that touching it later
	 * cannot fail. A signal makes the system undo what a call has reserved (Linux before
	 * 6.9): so the more signals there are, the smaller the steps.
	 * @param size bytes
	 */
	public void allocate(long size) {
		PosixException.retry("ftruncate", this.name, () -> LibC.INSTANCE.ftruncate(this.descriptor, 0));
		long step = size;
		for (long done = 0; done < size;) {
			long length = Math.min(step, size - done);
			int errno = LibC.INSTANCE.posix_fallocate(this.descriptor, done, length);
			if (errno == 0) {
				done += length;
			}
			else if (errno == Platform.EINTR) {
				step = Math.max(length / 2, MIN_STEP);
			}
			else {
				throw new PosixException("posix_fallocate", this.name, errno);
			}
		}
	}

	/**
	 * Gives memory back to the system, also while the object is still mapped: who touches
	 * it again finds zeroes, or faults where there is no memory for them. Where the
	 * system cannot, the memory is given back with the last mapping.
	 * @param offset where it starts
	 * @param size bytes
	 */
	public void release(long offset, long size) {
		PosixException
			.retry(() -> LibC.INSTANCE.fallocate(this.descriptor, Platform.FALLOC_KEEP_SIZE_PUNCH_HOLE, offset, size));
	}

	/**
	 * Gives all memory back unless the object still has a name, under which others may
	 * use it. Mappings are not unmapped before the garbage collector finds them.
	 */
	public void releaseIfUnlinked() {
		FileStatus status = status();
		if (status.links() == 0) {
			release(0, status.size());
		}
	}

	/**
	 * Writes the first bytes of an object.
	 * @param bytes what to write
	 * @param length how many
	 */
	void write(Pointer bytes, int length) {
		PosixException.retry("pwrite", this.name, () -> LibC.INSTANCE.pwrite(this.descriptor, bytes, length, 0));
	}

	/**
	 * Copies the first bytes of the object.
	 * @param length how many
	 * @return a little-endian buffer of that many; zeroes beyond the end
	 */
	public ByteBuffer read(int length) {
		Pointer buffer = Memory.allocateDirect(LibC.RUNTIME, length, true);
		PosixException.retry("pread", this.name, () -> LibC.INSTANCE.pread(this.descriptor, buffer, length, 0));
		byte[] bytes = new byte[length];
		buffer.get(0, bytes, 0, length);
		return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
	}

	/**
	 * Maps the object for reading and writing, and touches all its pages. It stays mapped
	 * as long as the buffer, or any buffer cut from it, is reachable, also after
	 * {@link #close()}.
	 * @param size bytes; of a larger object the first 2147483647
	 * @return a little-endian buffer
	 */
	public ByteBuffer map(long size) {
		int length = (int) Math.min(size, Integer.MAX_VALUE);
		int flags = Platform.MAP_SHARED | Platform.MAP_POPULATE;
		long address = LibC.INSTANCE.mmap(null, length, Platform.PROT_READ_WRITE, flags, this.descriptor, 0).address();
		if (address == -1) {
			throw new PosixException("mmap", this.name, PosixException.lastError());
		}
		ByteBuffer buffer = MemoryIO.getInstance().newDirectByteBuffer(address, length);
		Mappings.made();
		CLEANER.register(buffer, () -> {
			LibC.INSTANCE.munmap(address, length);
			Mappings.released();
		});
		return buffer.order(ByteOrder.LITTLE_ENDIAN);
	}

	/**
	 * Tries to lock one byte for this descriptor. The kernel drops the lock when the
	 * process dies.
	 * @param offset the byte
	 * @return false when another descriptor holds it
	 */
	public boolean tryLock(long offset) {
		Pointer lock = flock(Platform.F_WRLCK, offset, 1);
		int errno = PosixException.retry(() -> LibC.INSTANCE.fcntl(this.descriptor, Platform.F_OFD_SETLK, lock));
		if (errno == 0) {
			this.mayHoldLocks = true;
			return true;
		}
		if (errno == Platform.EAGAIN || errno == Platform.EACCES) {
			return false;
		}
		throw new PosixException("fcntl(F_OFD_SETLK)", this.name, errno);
	}

	/**
	 * Unlocks one byte.
	 * @param offset the byte
	 */
	public void unlock(long offset) {
		unlock(offset, 1);
	}

	private void unlock(long offset, long length) {
		Pointer lock = flock(Platform.F_UNLCK, offset, length);
		PosixException.retry("fcntl(F_OFD_SETLK)", this.name,
				() -> LibC.INSTANCE.fcntl(this.descriptor, Platform.F_OFD_SETLK, lock));
	}

	/**
	 * Whether another descriptor holds the lock of a byte.
	 * @param offset the byte
	 * @return true when it is locked elsewhere
	 */
	public synchronized boolean isLocked(long offset) {
		Pointer lock = flock(Platform.F_WRLCK, offset, 1);
		PosixException.retry("fcntl(F_OFD_GETLK)", this.name,
				() -> LibC.INSTANCE.fcntl(this.descriptor, Platform.F_OFD_GETLK, lock));
		return lock.getShort(Platform.FLOCK_TYPE) != Platform.F_UNLCK;
	}

	private static Pointer flock(short type, long offset, long length) {
		Pointer lock = Memory.allocateDirect(LibC.RUNTIME, Platform.FLOCK_SIZE, true);
		lock.putShort(Platform.FLOCK_TYPE, type);
		lock.putLong(Platform.FLOCK_START, offset);
		lock.putLong(Platform.FLOCK_LENGTH, length);
		return lock;
	}

	/**
	 * Drops the locks and closes the descriptor. Mappings stay. Does nothing the second
	 * time.
	 */
	@Override
	public synchronized void close() {
		if (this.descriptor < 0) {
			return;
		}
		try {
			if (this.mayHoldLocks) {
				// A child that has not come to its exec shares the descriptor: closing it
				// here alone would leave the locks to the child. 0 stands for all bytes.
				unlock(0, 0);
			}
		}
		finally {
			LibC.INSTANCE.close(this.descriptor);
			this.descriptor = -1;
		}
	}

}
