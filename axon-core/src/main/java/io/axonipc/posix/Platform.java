package io.axonipc.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Numbers and names that belong to the operating system: Linux on x86-64 and aarch64. */
public final class Platform {

	/**
	 * Identifies the C library in the segment's header: named semaphores differ between
	 * them.
	 */
	public static final int LIBC_GLIBC = 1;

	/** See {@link #LIBC_GLIBC}. */
	public static final int LIBC_MUSL = 2;

	/**
	 * Where the files of shared memory and semaphores lie.
	 */
	static final String DIRECTORY = "/dev/shm";

	static final int O_RDWR = 2;

	static final int O_CREAT = 0x40;

	static final int O_EXCL = 0x80;

	static final int O_CLOEXEC = 0x80000;

	static final int PROT_READ_WRITE = 3;

	static final int MAP_SHARED = 1;

	static final int MAP_POPULATE = 0x8000;

	/** Linux's way to give pages back while the object is still mapped somewhere. */
	static final int FALLOC_KEEP_SIZE_PUNCH_HOLE = 3;

	static final int CLOCK_REALTIME = 0;

	static final int CLOCK_MONOTONIC = 1;

	static final int EPERM = 1;

	static final int ENOENT = 2;

	static final int EINTR = 4;

	static final int EAGAIN = 11;

	static final int EACCES = 13;

	static final int EEXIST = 17;

	static final int EISDIR = 21;

	static final int ENOSPC = 28;

	static final int EOVERFLOW = 75;

	static final int ETIMEDOUT = 110;

	/**
	 * Open-file-description locks; the {@code struct flock} below is that of 64-bit
	 * Linux.
	 */
	static final int F_OFD_GETLK = 36;

	static final int F_OFD_SETLK = 37;

	static final short F_WRLCK = 1;

	static final short F_UNLCK = 2;

	static final int FLOCK_SIZE = 32;

	static final int FLOCK_TYPE = 0;

	static final int FLOCK_START = 8;

	static final int FLOCK_LENGTH = 16;

	/** {@code struct statx}, the same on every architecture. */
	static final int AT_EMPTY_PATH = 0x1000;

	static final int STATX_BASIC_STATS = 0x7ff;

	static final int STATX_SIZE = 256;

	static final int STATX_NLINK = 16;

	static final int STATX_UID = 20;

	static final int STATX_GID = 24;

	static final int STATX_MODE = 28;

	static final int STATX_INO = 32;

	static final int STATX_BYTES = 40;

	/** Bytes of {@code sem_t}, with glibc and with musl. */
	static final int SEMAPHORE_SIZE = 32;

	/** The number of the system call {@code membarrier}, 0 where it is not known. */
	static final int MEMBARRIER = membarrier(System.getProperty("os.arch"));

	private Platform() {
	}

	private static int membarrier(String architecture) {
		return switch (architecture) {
			case "amd64" -> 324;
			case "aarch64" -> 283;
			default -> 0;
		};
	}

	/**
	 * The C library of this process, as the segment's header states it.
	 * @return {@link #LIBC_GLIBC} or {@link #LIBC_MUSL}
	 */
	public static int libc() {
		try {
			LibC.INSTANCE.gnu_get_libc_version();
			return LIBC_GLIBC;
		}
		catch (UnsatisfiedLinkError ex) {
			return LIBC_MUSL;
		}
	}

	/** The name under which {@code shm_open} finds the file of a semaphore. */
	static String semaphoreFile(String name) {
		return (libc() == LIBC_GLIBC) ? "/sem." + name.substring(1) : name;
	}

	/**
	 * How much shared memory is free.
	 * @return bytes, or -1 when the system does not tell
	 */
	public static long availableMemory() {
		try {
			return Files.getFileStore(Path.of(DIRECTORY)).getUsableSpace();
		}
		catch (IOException | RuntimeException ex) {
			return -1;
		}
	}

	/**
	 * The effective user of this process.
	 * @return a user id
	 */
	public static int user() {
		return LibC.INSTANCE.geteuid();
	}

	/**
	 * The effective group of this process.
	 * @return a group id
	 */
	public static int group() {
		return LibC.INSTANCE.getegid();
	}

}
