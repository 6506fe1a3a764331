package io.axonipc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

import io.axonipc.posix.Membarrier;

/**
 * A lock that its usual thread takes and gives back with plain loads and stores; for any
 * other it costs an atomic instruction, and once a barrier in all threads of the process.
 * <p>
 * The usual thread, the lock's <em>bias</em>, stores that it is inside and then looks
 * whether the bias is still its own. Another thread takes the ordinary lock, takes the
 * bias away, has every running thread execute a full barrier ({@link Membarrier}), and
 * then looks whether the usual thread is inside. Either that thread's look came before
 * its barrier, and then its earlier store is visible to the other one; or it came after,
 * and then it finds the bias gone. No fence of its own is needed, which would cost more
 * than all else of a small message. The idea is Dice, Moir and Scherer's: Quickly
 * Reacquirable Locks (2003).
 */
final class BiasedLock {

	private static final VarHandle INSIDE;

	private static final VarHandle BIAS;

	/** How often in a row a thread takes the ordinary lock before it becomes the bias. */
	private static final int FIRST_STREAK = 1000;

	static {
		try {
			INSIDE = MethodHandles.lookup().findVarHandle(Bias.class, "inside", boolean.class);
			BIAS = MethodHandles.lookup().findVarHandle(BiasedLock.class, "bias", Bias.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private final SpinLock ordinary = new SpinLock();

	/** Who needs no atomic instruction; changed under the ordinary lock. */
	private Bias bias;

	/** Who lost the bias last, and may still be inside. */
	private volatile Bias former = new Bias(null);

	/** The rest is guarded by the ordinary lock. */
	private Thread last;

	private long streak;

	private long neededStreak;

	/**
	 * Takes the lock if the calling thread is the usual one and not inside.
	 * @return what to {@link #exit} with, or null
	 */
	Bias enter() {
		Bias mine = this.bias;
		if (mine == null || mine.thread != Thread.currentThread() || mine.inside) {
			return null;
		}
		mine.inside = true;
		// Not for the processor, which may exchange the two, but for the compiler.
		VarHandle.releaseFence();
		// What the lock guards needs no acquire: nobody else has been inside since.
		if ((Bias) BIAS.getOpaque(this) == mine) {
			return mine;
		}
		INSIDE.setRelease(mine, false);
		return null;
	}

	boolean tryLock() {
		if (enter() != null) {
			return true;
		}
		Bias bias = (Bias) BIAS.getAcquire(this);
		// A thread that is inside must not take its own bias away.
		return (bias == null || !isMine(bias)) && tryLockOrdinary();
	}

	/** Gives the lock back: with what {@link #enter} returned, or as taken otherwise. */
	void exit(Bias mine) {
		if (mine != null) {
			INSIDE.setRelease(mine, false);
		}
		else {
			unlock();
		}
	}

	private boolean tryLockOrdinary() {
		if (!this.ordinary.tryLock()) {
			return false;
		}
		if (this.bias != null) {
			revoke();
		}
		if (this.former.isInside()) {
			this.ordinary.unlock();
			return false;
		}
		countStreak();
		return true;
	}

	private void revoke() {
		this.former = this.bias;
		BIAS.setVolatile(this, null);
		Membarrier.allThreads();
		this.neededStreak = Math.max(FIRST_STREAK, 2 * this.neededStreak);
	}

	private void countStreak() {
		Thread me = Thread.currentThread();
		if (this.last != me) {
			this.last = me;
			this.streak = 0;
		}
		this.streak++;
	}

	/**
	 * Waits for the lock.
	 * @param nanos the longest wait
	 * @return whether it was taken
	 */
	boolean tryLock(long nanos) {
		if (tryLock()) {
			return true;
		}
		long start = System.nanoTime();
		for (int looks = 0; !tryLock(); looks++) {
			if (System.nanoTime() - start >= nanos) {
				return false;
			}
			Pause.between(looks);
		}
		return true;
	}

	void lock() {
		tryLock(Long.MAX_VALUE);
	}

	void unlock() {
		// Acquire: who finds the bias gone finds itself in former.
		Bias mine = (Bias) BIAS.getAcquire(this);
		if (mine != null && mine.thread == Thread.currentThread() && mine.inside) {
			INSIDE.setRelease(mine, false);
		}
		else if (this.ordinary.isMine()) {
			try {
				if (this.streak > this.neededStreak && Membarrier.isAvailable()) {
					this.streak = 0;
					BIAS.setRelease(this, new Bias(Thread.currentThread()));
				}
			}
			finally {
				this.ordinary.unlock();
			}
		}
		else {
			// The bias was lost meanwhile.
			INSIDE.setRelease(this.former, false);
		}
	}

	boolean isMine() {
		Bias mine = (Bias) BIAS.getAcquire(this);
		return this.ordinary.isMine() || isMine(this.former) || (mine != null && isMine(mine));
	}

	private static boolean isMine(Bias bias) {
		return bias.thread == Thread.currentThread() && bias.inside;
	}

	/** What one thread has while it is the usual one. */
	static final class Bias {

		private final Thread thread;

		/** Written by the thread only. */
		private boolean inside;

		Bias(Thread thread) {
			this.thread = thread;
		}

		boolean isInside() {
			return (boolean) INSIDE.getAcquire(this);
		}

	}

}
