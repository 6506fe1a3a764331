package io.axonipc.posix;

import java.util.function.LongSupplier;

import jnr.ffi.LastError;

/** A system call failed in a way that its caller did not expect. */
public final class PosixException extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final int errno;

	PosixException(String call, String object, int errno) {
		super(call + " of " + object + " failed: " + describe(errno));
		this.errno = errno;
	}

	private static String describe(int errno) {
		return switch (errno) {
			case Platform.EPERM -> "operation not permitted";
			case Platform.EACCES -> "permission denied";
			case Platform.ENOENT -> "no such name";
			case Platform.ENOSPC -> "no space left in shared memory";
			case 12 -> "out of memory";
			case 23, 24 -> "too many open files";
			case 38 -> "not supported by this system";
			case 40 -> "the name is a symbolic link";
			default -> "error " + errno;
		} + " (errno " + errno + ")";
	}

	/** The error of the last call on this thread; to be read at once. */
	static int lastError() {
		return LastError.getLastError(LibC.RUNTIME);
	}

	/**
	 * Makes a call again as long as signals interrupt it.
	 * @param call returns a negative number when it fails
	 * @return 0, or the error
	 */
	static int retry(LongSupplier call) {
		int errno = Platform.EINTR;
		while (errno == Platform.EINTR) {
			errno = (call.getAsLong() < 0) ? lastError() : 0;
		}
		return errno;
	}

	/** The same for a call that must not fail. */
	static void retry(String name, String object, LongSupplier call) {
		int errno = retry(call);
		if (errno != 0) {
			throw new PosixException(name, object, errno);
		}
	}

	/**
	 * Whether the memory that was asked for is not there.
	 * @return true for ENOSPC, ENOMEM and EFBIG
	 */
	public boolean isOutOfMemory() {
		return this.errno == Platform.ENOSPC || this.errno == 12 || this.errno == 27;
	}

	/**
	 * Whether access was denied.
	 * @return true for EPERM, EACCES and ELOOP
	 */
	public boolean isDenied() {
		return this.errno == Platform.EPERM || this.errno == Platform.EACCES || this.errno == 40;
	}

}
