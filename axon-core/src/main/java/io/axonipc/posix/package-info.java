/**
 * The binding to POSIX: shared memory, named semaphores and locks, through jnr-ffi.
 * <p>
 * Nothing here knows of channels or rings. Expected results (no such name, name taken,
 * lock taken, time over) are return values; every other failure of a system call is a
 * {@link io.axonipc.posix.PosixException} that names the call, its object and the error.
 * What differs between operating systems is in {@link io.axonipc.posix.Platform} alone.
 */
package io.axonipc.posix;
