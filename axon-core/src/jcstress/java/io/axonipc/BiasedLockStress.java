package io.axonipc;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A thread that has the bias enters without a fence, while another one takes the bias
 * away. Each counts what the lock guards: the same count twice is both inside at once.
 */
public class BiasedLockStress {

	/** As sending and receiving take it. */
	@JCStressTest
	@State
	@Outcome(id = { "1, 2", "2, 1" }, expect = Expect.ACCEPTABLE, desc = "One after the other.")
	@Outcome(id = { "1, 0", "0, 1" }, expect = Expect.ACCEPTABLE, desc = "One did not get it at once.")
	@Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "Neither got it at once.")
	@Outcome(expect = Expect.FORBIDDEN, desc = "Both inside.")
	public static class Enter extends Guarded {

		@Actor
		public void usual(II_Result result) {
			this.lock.lock();
			this.lock.unlock();
			BiasedLock.Bias mine = this.lock.enter();
			if (mine != null) {
				result.r1 = count(50);
				this.lock.exit(mine);
			}
		}

		@Actor
		public void other(II_Result result) {
			if (this.lock.tryLock()) {
				result.r2 = count(50);
				this.lock.unlock();
			}
		}

	}

	/** As who waits takes it; the bias may be lost between lock and unlock. */
	@JCStressTest
	@State
	@Outcome(id = { "1, 2", "2, 1" }, expect = Expect.ACCEPTABLE, desc = "One after the other.")
	@Outcome(expect = Expect.FORBIDDEN, desc = "Both inside.")
	public static class Lock extends Guarded {

		@Actor
		public void usual(II_Result result) {
			this.lock.lock();
			this.lock.unlock();
			this.lock.lock();
			result.r1 = count(0);
			this.lock.unlock();
		}

		@Actor
		public void other(II_Result result) {
			this.lock.lock();
			result.r2 = count(0);
			this.lock.unlock();
		}

	}

	/** What both kinds share. */
	static class Guarded {

		final BiasedLock lock = new BiasedLock();

		private int guarded;

		/**
		 * Some pauses take longer than to take the bias away, and show whether it was
		 * waited for; none show whether the fences are there.
		 */
		int count(int pauses) {
			int next = this.guarded + 1;
			for (int i = 0; i < pauses; i++) {
				Thread.onSpinWait();
			}
			this.guarded = next;
			return next;
		}

	}

}
