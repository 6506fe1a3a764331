package io.axonipc.samples.benchmarks.worker;

import io.aeron.Aeron;
import io.aeron.FragmentAssembler;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.FragmentHandler;
import io.aeron.logbuffer.Header;
import io.aeron.protocol.DataHeaderFlyweight;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.SleepingIdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Aeron over IPC. The second side runs the media driver, which no message passes through
 * and which sleeps between its duties. What fits into a fragment is claimed and filled,
 * larger messages are offered and put together again by the receiver.
 */
final class AeronTransport implements Transport {

	private static final int REQUESTS = 1001;

	private static final int REPLIES = 1002;

	/** Aeron's default; smaller ones let the sender wait for the media driver. */
	private static final int TERM_LENGTH = 64 << 20;

	/** A message is at most an eighth of a term long. */
	private static final int MESSAGES_PER_TERM = 8;

	/** Aeron's default. Longer ones made nothing faster that was measured here. */
	private static final int MTU_LENGTH = 1408;

	/** The most fragments to take at once of messages that are cut up. */
	private static final int FRAGMENTS = 256;

	private final MediaDriver driver;

	private final Aeron aeron;

	private final Publication publication;

	private final Subscription subscription;

	private final IdleStrategy sendIdle;

	private final IdleStrategy receiveIdle;

	private final FragmentHandler reader;

	private final FragmentHandler echoer;

	private final boolean fragmented;

	/** Whose messages the handlers are given at the moment. */
	private Payload payload;

	private int taken;

	private AeronTransport(MediaDriver driver, Aeron aeron, Setup setup) {
		this.driver = driver;
		this.aeron = aeron;
		int termLength = Math.max(TERM_LENGTH, MESSAGES_PER_TERM * setup.size());
		String channel = "aeron:ipc?term-length=" + termLength + "|mtu=" + MTU_LENGTH;
		int outgoing = setup.first() ? REQUESTS : REPLIES;
		int incoming = setup.first() ? REPLIES : REQUESTS;
		boolean sends = setup.first() || !setup.isStream();
		boolean receives = !setup.first() || !setup.isStream();
		this.publication = sends ? addPublication(setup, channel, outgoing) : null;
		this.subscription = receives ? aeron.addSubscription(channel, incoming) : null;
		this.sendIdle = idleStrategy(setup.mode());
		this.receiveIdle = idleStrategy(setup.mode());
		this.fragmented = setup.size() > MTU_LENGTH - DataHeaderFlyweight.HEADER_LENGTH;
		this.reader = this.fragmented ? new FragmentAssembler(this::read, setup.size(), true) : this::read;
		this.echoer = this.fragmented ? new FragmentAssembler(this::readAndEcho, setup.size(), true)
				: this::readAndEcho;
	}

	static AeronTransport open(Setup setup) {
		String directory = "/dev/shm/" + setup.name();
		MediaDriver driver = setup.first() ? null : launchDriver(directory);
		Aeron aeron = Aeron
			.connect(new Aeron.Context().aeronDirectoryName(directory).driverTimeoutMs(Peers.PATIENCE.toMillis()));
		AeronTransport transport = new AeronTransport(driver, aeron, setup);
		Peers.await(transport::isConnected, setup);
		return transport;
	}

	private static MediaDriver launchDriver(String directory) {
		return MediaDriver.launch(new MediaDriver.Context().aeronDirectoryName(directory)
			.threadingMode(ThreadingMode.SHARED)
			.sharedIdleStrategy(new BackoffIdleStrategy())
			.termBufferSparseFile(false)
			.performStorageChecks(false)
			.dirDeleteOnStart(true)
			.dirDeleteOnShutdown(true));
	}

	private Publication addPublication(Setup setup, String channel, int stream) {
		return setup.system().equals("aeron-ipc-shared") ? this.aeron.addPublication(channel, stream)
				: this.aeron.addExclusivePublication(channel, stream);
	}

	private static IdleStrategy idleStrategy(Mode mode) {
		return switch (mode) {
			case SPIN -> BusySpinIdleStrategy.INSTANCE;
			case PARK -> new SleepingIdleStrategy();
			case DEFAULT -> new BackoffIdleStrategy();
		};
	}

	private boolean isConnected() {
		return (this.publication == null || this.publication.isConnected())
				&& (this.subscription == null || this.subscription.isConnected());
	}

	@Override
	public void send(Payload next) {
		Sending own = next.attachment(Sending::new);
		next.next();
		send(own.claim, own.bytes, 0, next.length());
	}

	private void send(BufferClaim claim, DirectBuffer source, int offset, int length) {
		IdleStrategy idle = this.sendIdle;
		if (this.fragmented) {
			while (!isAccepted(this.publication.offer(source, offset, length))) {
				idle.idle();
			}
		}
		else {
			while (!isAccepted(this.publication.tryClaim(length, claim))) {
				idle.idle();
			}
			claim.buffer().putBytes(claim.offset(), source, offset, length);
			claim.commit();
		}
		idle.reset();
	}

	private static boolean isAccepted(long position) {
		if (position == Publication.CLOSED || position == Publication.MAX_POSITION_EXCEEDED
				|| position == Publication.NOT_CONNECTED) {
			throw new IllegalStateException("Aeron refuses a message: " + Publication.errorString(position));
		}
		return position > 0;
	}

	@Override
	public boolean isThreadSafe() {
		return true;
	}

	@Override
	public int receive(Payload target, int limit) {
		this.payload = target;
		return poll(this.reader, limit);
	}

	@Override
	public void echo(Payload target) {
		this.payload = target;
		poll(this.echoer, 1);
	}

	/** A poll may end within a message: only its last fragment makes it one. */
	private int poll(FragmentHandler handler, int limit) {
		IdleStrategy idle = this.receiveIdle;
		int fragments = this.fragmented ? FRAGMENTS : limit;
		this.taken = 0;
		while (this.taken == 0) {
			idle.idle(this.subscription.poll(handler, fragments));
		}
		return this.taken;
	}

	private void read(DirectBuffer buffer, int offset, int length, Header header) {
		this.taken++;
		this.payload.received(buffer.getLong(offset), sum(buffer, offset, length));
	}

	private void readAndEcho(DirectBuffer buffer, int offset, int length, Header header) {
		this.taken++;
		this.payload.received(buffer.getLong(offset), sum(buffer, offset, length));
		send(this.payload.attachment(Sending::new).claim, buffer, offset, length);
	}

	/** {@link Payload#sum} for Agrona's buffers. */
	private static long sum(DirectBuffer words, int offset, int length) {
		long a = 0;
		long b = 0;
		long c = 0;
		long d = 0;
		int end = offset + length;
		int i = offset;
		for (; i <= end - 32; i += 32) {
			a += words.getLong(i);
			b += words.getLong(i + 8);
			c += words.getLong(i + 16);
			d += words.getLong(i + 24);
		}
		for (; i < end; i += 8) {
			a += words.getLong(i);
		}
		return a + b + c + d;
	}

	@Override
	public void idle(long nanos) {
		long start = System.nanoTime();
		while (System.nanoTime() - start < nanos) {
			this.receiveIdle.idle(this.subscription.poll(this.reader, 1));
		}
		this.receiveIdle.reset();
	}

	@Override
	public void close() {
		CloseHelper.closeAll(this.aeron, this.driver);
	}

	/** What a sending thread needs for itself. */
	private static final class Sending {

		final UnsafeBuffer bytes;

		final BufferClaim claim = new BufferClaim();

		Sending(Payload payload) {
			this.bytes = new UnsafeBuffer(payload.buffer());
		}

	}

}
