package io.axonipc.samples.chaos.worker;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.SplittableRandom;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelOptions;
import io.axonipc.Role;
import io.axonipc.samples.chaos.Journal;
import io.axonipc.samples.chaos.Journal.Kind;

/**
 * A process that sends or receives until its standard input ends. Arguments, journal and
 * messages: see README.md.
 */
public final class Worker {

	/** The longest wait for room or for a message before the peer is looked for. */
	static final Duration WAIT = Duration.ofMillis(100);

	private static final int ARGUMENTS = 7;

	private static final long LARGE_MEMORY = 16 << 20;

	final AxonChannel channel;

	final Journal journal;

	final SplittableRandom random;

	private volatile boolean stopping;

	private boolean peerWasAlive = true;

	private long lastActive = Journal.millis();

	private Worker(AxonChannel channel, Journal journal, SplittableRandom random) {
		this.channel = channel;
		this.journal = journal;
		this.random = random;
	}

	/**
	 * Runs a worker.
	 * @param args see README.md
	 * @throws IOException if the journal fails
	 */
	public static void main(String[] args) throws IOException {
		if (args.length != ARGUMENTS) {
			throw new IllegalArgumentException(
					"usage: send|receive server|client NAME JOURNAL SEED CAPACITY BURST|HOLD");
		}
		int capacity = Integer.parseInt(args[5]);
		int last = Integer.parseInt(args[6]);
		ChannelOptions options = ChannelOptions.defaults()
			.role(Role.valueOf(args[1].toUpperCase(Locale.ROOT)))
			.capacity(capacity)
			.largeMessageMemory(LARGE_MEMORY)
			.openTimeout(Duration.ofMinutes(1))
			.sendTimeout(WAIT);
		try (Journal journal = new Journal(Path.of(args[3]));
				AxonChannel channel = AxonChannel.open(args[2], options)) {
			journal.note(Kind.OPENED, Journal.millis(), 0);
			Worker worker = new Worker(channel, journal, new SplittableRandom(Long.parseLong(args[4])));
			Thread input = new Thread(worker::awaitEndOfInput, "end of input");
			input.setDaemon(true);
			input.start();
			System.out.println("ready");
			if (args[0].equals("send")) {
				new SendTask(worker, capacity, last).run(lastIntent(Path.of(args[3])) + 1);
			}
			else {
				new ReceiveTask(worker, last).run();
			}
			journal.note(Kind.CLOSING, Journal.millis(), 0);
		}
	}

	private static long lastIntent(Path journal) throws IOException {
		Journal.Entry entry = Journal.last(journal, (kind) -> kind == Kind.INTENT);
		return (entry != null) ? entry.number() : 0;
	}

	/**
	 * It asks for a clean end, and comes by itself when the one who started this is gone.
	 */
	private void awaitEndOfInput() {
		try {
			while (System.in.read() >= 0) {
				continue;
			}
		}
		catch (IOException ex) {
			// The same as its end.
		}
		this.stopping = true;
	}

	boolean isStopping() {
		return this.stopping;
	}

	void active() {
		this.lastActive = Journal.millis();
	}

	boolean oneIn(int number) {
		return this.random.nextInt(number) == 0;
	}

	void nap(int upToMillis) {
		try {
			Thread.sleep(this.random.nextInt(upToMillis + 1));
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	void lookForPeer() throws IOException {
		long before = Journal.millis();
		boolean alive = this.channel.isPeerAlive();
		if (this.peerWasAlive && !alive) {
			this.journal.note(Kind.ACTIVE, this.lastActive, 0);
			this.journal.note(Kind.GONE, before, (int) (Journal.millis() - before));
		}
		this.peerWasAlive = alive;
	}

}
