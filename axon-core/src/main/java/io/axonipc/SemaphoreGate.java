package io.axonipc;

import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

import io.axonipc.posix.NamedSemaphore;
import io.axonipc.ring.CorruptRingException;

/**
 * Blocks a thread on a semaphore so that an interrupt ends the wait at once. One thread
 * at a time blocks; {@link #wake()} may be called by any.
 */
final class SemaphoreGate {

	/**
	 * Where virtual threads send a platform thread to wait for them; idle threads end.
	 */
	private static final ExecutorService WAITERS = Executors.newCachedThreadPool((task) -> {
		Thread thread = new Thread(task, "axon-waiter");
		thread.setDaemon(true);
		return thread;
	});

	/** How long a wait lasts while there are permits that nobody needs. */
	private static final long FLOODED_NANOS = 1_000_000;

	private final NamedSemaphore semaphore;

	private final InterruptHook hook = new InterruptHook();

	/** Whether the last drain left permits: no honest peer posts so many. */
	private boolean flooded;

	SemaphoreGate(NamedSemaphore semaphore) {
		this.semaphore = semaphore;
	}

	/** Takes the permits of earlier waits that ended without theirs. */
	void drain() {
		this.flooded = !this.semaphore.drain();
	}

	/**
	 * Blocks until a post, an interrupt, or the end of the time.
	 * @param nanos the longest wait, in nanoseconds
	 * @return whether it was a post
	 * @throws CorruptRingException when somebody has written into the semaphore
	 */
	boolean block(long nanos) {
		if (!this.semaphore.isSound()) {
			throw new CorruptRingException("somebody has written into a semaphore's memory");
		}
		if (this.flooded) {
			// The semaphore would not block, and the caller would spin.
			LockSupport.parkNanos(this, Math.min(nanos, FLOODED_NANOS));
			return true;
		}
		if (VirtualThreads.isCurrent()) {
			return blockVirtual(nanos);
		}
		this.hook.enter();
		try {
			return this.semaphore.await(nanos);
		}
		finally {
			this.hook.leave();
		}
	}

	/**
	 * A virtual thread in sem_wait would pin its carrier: a platform thread waits for it.
	 */
	private boolean blockVirtual(long nanos) {
		Future<Boolean> waiter = WAITERS.submit(() -> this.semaphore.await(nanos));
		boolean interrupted = false;
		Boolean posted = null;
		while (posted == null) {
			try {
				posted = waiter.get();
			}
			catch (InterruptedException ex) {
				interrupted = true;
				wake();
			}
			catch (ExecutionException ex) {
				throw new IllegalStateException("waiting for a semaphore failed", ex.getCause());
			}
		}
		if (interrupted) {
			Thread.currentThread().interrupt();
		}
		return posted;
	}

	void wake() {
		this.semaphore.post();
	}

	/**
	 * The JDK's public way to hear of an interrupt while blocked outside of it: what a
	 * selector's {@code select} uses.
	 */
	private final class InterruptHook extends AbstractSelector {

		InterruptHook() {
			super(null);
		}

		void enter() {
			begin();
		}

		void leave() {
			end();
		}

		@Override
		public Selector wakeup() {
			SemaphoreGate.this.wake();
			return this;
		}

		@Override
		protected void implCloseSelector() {
			throw new UnsupportedOperationException();
		}

		@Override
		protected SelectionKey register(AbstractSelectableChannel channel, int operations, Object attachment) {
			throw new UnsupportedOperationException();
		}

		@Override
		public Set<SelectionKey> keys() {
			throw new UnsupportedOperationException();
		}

		@Override
		public Set<SelectionKey> selectedKeys() {
			throw new UnsupportedOperationException();
		}

		@Override
		public int selectNow() {
			throw new UnsupportedOperationException();
		}

		@Override
		public int select(long timeout) {
			throw new UnsupportedOperationException();
		}

		@Override
		public int select() {
			throw new UnsupportedOperationException();
		}

	}

}
