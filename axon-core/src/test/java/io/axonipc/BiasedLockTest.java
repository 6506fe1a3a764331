package io.axonipc;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

import io.axonipc.posix.Membarrier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

@Timeout(60)
class BiasedLockTest {

	private final BiasedLock lock = new BiasedLock();

	private long guarded;

	@Test
	void isNotTakenTwiceByOneThread() {
		for (int i = 0; i < 3; i++) {
			assertThat(this.lock.tryLock()).isTrue();
			assertThat(this.lock.isMine()).isTrue();
			assertThat(this.lock.tryLock()).isFalse();
			this.lock.unlock();
			assertThat(this.lock.isMine()).isFalse();
		}
	}

	@Test
	void itsUsualThreadDoesNotTakeItsOwnBiasAway() {
		assumeThat(Membarrier.isAvailable()).isTrue();
		for (int i = 0; i < 2000; i++) {
			this.lock.lock();
			this.lock.unlock();
		}
		BiasedLock.Bias mine = this.lock.enter();
		assertThat(mine).isNotNull();
		assertThat(this.lock.tryLock()).isFalse();
		this.lock.exit(mine);
		assertThat(this.lock.enter()).isSameAs(mine);
		this.lock.exit(mine);
	}

	@Test
	void isKeptByItsUsualThreadWhenAnotherOneWantsIt() throws InterruptedException {
		this.lock.lock();
		this.lock.unlock();
		this.lock.lock();
		Thread other = new Thread(() -> {
			assertThat(this.lock.tryLock(1_000_000)).isFalse();
			this.guarded = 1;
		});
		other.start();
		other.join();
		assertThat(this.guarded).isEqualTo(1);
		assertThat(this.lock.isMine()).isTrue();
		this.lock.unlock();
		assertThat(this.lock.tryLock()).isTrue();
	}

	@Test
	void excludesThreadsWhileItsBiasWanders() throws InterruptedException {
		AtomicInteger inside = new AtomicInteger();
		AtomicInteger overlaps = new AtomicInteger();
		List<Thread> threads = new ArrayList<>();
		int rounds = 400;
		for (int t = 0; t < 3; t++) {
			threads.add(new Thread(() -> {
				for (int round = 0; round < rounds; round++) {
					// Long enough in a row to become the usual thread again.
					int turns = ThreadLocalRandom.current().nextInt(3000);
					for (int i = 0; i < turns; i++) {
						this.lock.lock();
						if (inside.getPlain() != 0) {
							overlaps.incrementAndGet();
						}
						inside.setPlain(1);
						this.guarded++;
						inside.setPlain(0);
						this.lock.unlock();
					}
					this.lock.lock();
					this.guarded -= turns;
					this.lock.unlock();
				}
			}));
		}
		threads.forEach(Thread::start);
		for (Thread thread : threads) {
			thread.join();
		}
		assertThat(overlaps.get()).isZero();
		assertThat(this.guarded).as("no update was lost").isZero();
	}

}
