package io.axonipc.posix;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.IgnoreError;
import jnr.ffi.annotations.Variadic;
import jnr.ffi.types.intptr_t;
import jnr.ffi.types.mode_t;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/**
 * The functions of the C library that Axon calls, under their own names. Addresses are
 * plain longs. Public because jnr-ffi implements it in a class loader of its own; not
 * part of the API.
 */

public interface LibC {

	int shm_open(String name, int flags, @mode_t int mode);

	int shm_unlink(String name);

	int close(int descriptor);

	int fchmod(int descriptor, @mode_t int mode);

	int ftruncate(int descriptor, @off_t long length);

	/** Returns the error instead of setting errno. */
	@IgnoreError
	int posix_fallocate(int descriptor, @off_t long offset, @off_t long length);

	int fallocate(int descriptor, int mode, @off_t long offset, @off_t long length);

	@ssize_t
	long pread(int descriptor, Pointer buffer, @size_t long length, @off_t long offset);

	@ssize_t
	long pwrite(int descriptor, Pointer buffer, @size_t long length, @off_t long offset);

	int statx(int directory, Pointer path, int flags, int mask, Pointer status);

	@Variadic(fixedCount = 2)
	int fcntl(int descriptor, int command, Pointer lock);

	/**
	 * Pointers here are objects: jnr-ffi passes six plain numbers wrongly.
	 */
	Pointer mmap(Pointer address, @size_t long length, int protection, int flags, int descriptor, @off_t long offset);

	int munmap(@intptr_t long address, @size_t long length);

	@intptr_t
	long sem_open(String name, int flags);

	int sem_init(Pointer semaphore, int shared, int value);

	int sem_close(@intptr_t long semaphore);

	int sem_post(@intptr_t long semaphore);

	int sem_trywait(@intptr_t long semaphore);

	int sem_clockwait(@intptr_t long semaphore, int clock, Pointer deadline);

	int sem_timedwait(@intptr_t long semaphore, Pointer deadline);

	int clock_gettime(int clock, Pointer time);

	@Variadic(fixedCount = 1)
	@intptr_t
	long syscall(@intptr_t long number, int first, int second, int third);

	@IgnoreError
	int geteuid();

	@IgnoreError
	int getegid();

	@IgnoreError
	String gnu_get_libc_version();

	/** Loaded at the first use of this package; takes a fifth of a second. */
	LibC INSTANCE = LibraryLoader.create(LibC.class).library("c").library("pthread").library("rt").load();

	Runtime RUNTIME = Runtime.getRuntime(INSTANCE);

}
