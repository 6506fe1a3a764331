package io.axonipc.samples.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.Stream;

import io.axonipc.AxonChannel;
import io.axonipc.Role;
import io.axonipc.samples.chaos.Journal.Kind;
import io.axonipc.samples.chaos.Side.FailedException;
import io.axonipc.samples.chaos.Side.Setup;

/**
 * One channel with a sender and a receiver, and the trouble they are in.
 */
final class Link implements AutoCloseable {

	/** Whose processes are killed. */
	enum Survivor {

		NOBODY, SENDER, RECEIVER

	}

	private static final Path SHARED_MEMORY = Path.of("/dev/shm");

	private static final int LONGEST_STOP_MILLIS = 4000;

	private final SplittableRandom random;

	private final Setup setup;

	private final Survivor survivor;

	private final Side sender;

	private final Side receiver;

	private final List<String> anomalies = new ArrayList<>();

	/**
	 * A link that does nothing yet.
	 * @param setup its channel and how it is used
	 * @param languages of the sender and of the receiver
	 * @param survivor the side that lives as long as the link
	 */
	Link(Setup setup, List<Language> languages, Survivor survivor, SplittableRandom random) {
		this.setup = setup;
		this.survivor = survivor;
		this.random = random;
		List<Role> roles = random.nextBoolean() ? List.of(Role.SERVER, Role.CLIENT) : List.of(Role.CLIENT, Role.SERVER);
		this.sender = new Side(setup, languages.get(0), true, roles.get(0), survivor == Survivor.SENDER,
				random.split());
		this.receiver = new Side(setup, languages.get(1), false, roles.get(1), survivor == Survivor.RECEIVER,
				random.split());
	}

	/** The side that lives as long as the link, null when none does. */
	Side survivor() {
		return switch (this.survivor) {
			case NOBODY -> null;
			case SENDER -> this.sender;
			case RECEIVER -> this.receiver;
		};
	}

	String channel() {
		return this.setup.channel();
	}

	int kills() {
		return this.sender.times.killed().size() + receiverKills();
	}

	int receiverKills() {
		return this.receiver.times.killed().size();
	}

	/** How far the receiver has come. */
	long handled() throws IOException {
		return last(this.receiver, (kind) -> kind == Kind.HANDLED);
	}

	private static long last(Side side, Predicate<Kind> wanted) throws IOException {
		Journal.Entry entry = Journal.last(side.journal, wanted);
		return (entry != null) ? entry.number() : 0;
	}

	/**
	 * Lets messages flow and trouble come until a time, then lets what is left arrive.
	 * @param end of the monotonic clock, in nanoseconds
	 * @return what came of it
	 */
	Tally run(long end) throws IOException, InterruptedException {
		try {
			startBoth();
			while (System.nanoTime() < end) {
				pause((this.survivor == Survivor.NOBODY) ? 700 : 2000, end);
				trouble();
				if (this.random.nextBoolean()) {
					awaitProgress();
				}
			}
			finish();
		}
		catch (FailedException ex) {
			this.anomalies.add(ex.getMessage());
		}
		Tally tally = Verification.of(this.sender.journal, this.receiver.journal, this.sender.times,
				this.receiver.times);
		return tally.plus(this.anomalies);
	}

	/**
	 * A client that is alone waits for its server: neither is waited for before both are
	 * there.
	 */
	private void startBoth() throws IOException {
		this.sender.start(false);
		this.receiver.start(false);
	}

	private void start(Side side) throws IOException, InterruptedException, FailedException {
		side.start(this.survivor != Survivor.RECEIVER);
		// Else it may be killed while it starts.
		if (this.random.nextBoolean()) {
			side.awaitReady();
		}
	}

	private void pause(int upToMillis, long end) throws IOException, InterruptedException, FailedException {
		long now = System.nanoTime();
		long until = Math.min(end, now + (1 + this.random.nextInt(upToMillis)) * 1_000_000L);
		for (; now < until; now = System.nanoTime()) {
			killHolder();
			Thread.sleep(Math.min(20, 1 + (until - now) / 1_000_000));
		}
	}

	/** The receiver is in its handler and stays there: so now it is killed in it. */
	private void killHolder() throws IOException, InterruptedException, FailedException {
		this.sender.check();
		this.receiver.check();
		if (this.receiver.isHolding()) {
			Thread.sleep(this.random.nextInt(300));
			kill(this.receiver);
		}
	}

	private void trouble() throws IOException, InterruptedException, FailedException {
		int choice = this.random.nextInt(100);
		if (this.survivor != Survivor.NOBODY) {
			Side mortal = (this.survivor == Survivor.SENDER) ? this.receiver : this.sender;
			if (choice < 70) {
				kill(mortal);
			}
			else if (choice < 85) {
				restart(mortal);
			}
			else {
				stop((choice < 93) ? mortal : survivor(), mortal);
			}
			return;
		}
		Side one = this.random.nextBoolean() ? this.sender : this.receiver;
		Side other = (one == this.sender) ? this.receiver : this.sender;
		if (choice < 60) {
			kill(one);
		}
		else if (choice < 74) {
			one.kill();
			other.kill();
			startBoth();
		}
		else if (choice < 86) {
			restart(one);
		}
		else {
			stop(one, this.random.nextBoolean() ? one : other);
		}
	}

	private void kill(Side side) throws IOException, InterruptedException, FailedException {
		side.kill();
		stayAway();
		start(side);
	}

	private void restart(Side side) throws IOException, InterruptedException, FailedException {
		side.awaitReady();
		if (side.isHolding()) {
			return;
		}
		side.end();
		stayAway();
		start(side);
	}

	private void stayAway() throws InterruptedException {
		if (this.random.nextBoolean()) {
			Thread.sleep(this.random.nextInt(500));
		}
	}

	/** Stopped is not dead; sometimes a side dies meanwhile. */
	private void stop(Side side, Side victim) throws IOException, InterruptedException, FailedException {
		side.stop();
		int millis = this.random.nextInt(this.random.nextBoolean() ? 500 : LONGEST_STOP_MILLIS);
		Thread.sleep(millis / 2);
		if (this.random.nextInt(3) == 0) {
			victim.kill();
			victim.start(false);
		}
		Thread.sleep(millis / 2);
		side.resume();
	}

	/**
	 * What survives must carry on by itself with a new peer.
	 */
	private void awaitProgress() throws IOException, InterruptedException, FailedException {
		long before = handled();
		awaitUntil(() -> handled() > before, "no message was handled");
	}

	/** A question that reads a journal. */
	private interface Condition {

		boolean holds() throws IOException;

	}

	private void awaitUntil(Condition condition, String what)
			throws IOException, InterruptedException, FailedException {
		long start = System.nanoTime();
		while (!condition.holds()) {
			if (System.nanoTime() - start > Side.PATIENCE_SECONDS * 1_000_000_000L) {
				throw new FailedException(what + " on " + channel() + " within " + Side.PATIENCE_SECONDS
						+ " s: the last one sent is " + last(this.sender, (kind) -> kind == Kind.DONE)
						+ ", the last one handled " + handled());
			}
			killHolder();
			Thread.sleep(10);
		}
	}

	/** All that was committed arrives; then nothing of the channel may be left. */
	private void finish() throws IOException, InterruptedException, FailedException {
		boolean discard = this.random.nextBoolean();
		this.sender.awaitReady();
		if (discard) {
			// Its slots are left behind.
			this.sender.kill();
		}
		else {
			this.sender.end();
		}
		long last = last(this.sender, (kind) -> kind == Kind.DONE);
		long start = System.nanoTime();
		while (handled() < last && System.nanoTime() - start < Side.PATIENCE_SECONDS * 1_000_000_000L) {
			this.receiver.check();
			if (this.receiver.isHolding()) {
				this.receiver.kill();
				this.receiver.start(false);
			}
			Thread.sleep(10);
		}
		this.receiver.awaitReady();
		if (discard) {
			this.receiver.kill();
			AxonChannel.discard(channel());
		}
		else {
			this.receiver.end();
			if (last(this.sender, (kind) -> kind == Kind.INTENT) != last) {
				// It may have been sent all the same, and lie there unread.
				AxonChannel.discard(channel());
			}
		}
		for (String file : files(channel())) {
			this.anomalies.add("left in /dev/shm after the last close or discard: " + file);
		}
	}

	/** The files of a channel. */
	static List<String> files(String channel) throws IOException {
		try (Stream<Path> files = Files.list(SHARED_MEMORY)) {
			return files.map((file) -> file.getFileName().toString())
				.filter((file) -> file.contains("axon." + channel))
				.sorted()
				.toList();
		}
	}

	@Override
	public void close() {
		this.sender.close();
		this.receiver.close();
		AxonChannel.discard(channel());
	}

}
