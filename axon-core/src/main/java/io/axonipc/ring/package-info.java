/**
 * The layout of the shared memory and the two ends of a ring.
 * <p>
 * This is the only place that orders loads and stores of shared memory
 * ({@link io.axonipc.ring.Words}). It makes no system call, takes no lock and knows
 * neither names nor processes. What it reads from shared memory it checks; a value that
 * breaks the protocol is a {@link io.axonipc.ring.CorruptRingException}.
 */
package io.axonipc.ring;
