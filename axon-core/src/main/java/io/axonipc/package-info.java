/**
 * Inter-process communication between two processes on one host, over POSIX shared memory
 * and named semaphores.
 * <p>
 * Start with {@link io.axonipc.AxonChannel}. Priorities, in this order: nothing that was
 * committed is lost; a busy channel makes no system call and allocates nothing; an idle
 * one uses no CPU; the code stays small enough to be read in an afternoon.
 * <p>
 * Errors: states that belong to a working channel (full, empty, no peer) are return
 * values of the {@code try} and {@code poll} methods. Everything else is an unchecked
 * {@link io.axonipc.AxonException} that says what happened, to which channel, with which
 * values, and what to do. Misuse is an {@link java.lang.IllegalArgumentException} or
 * {@link java.lang.IllegalStateException}.
 */
package io.axonipc;
