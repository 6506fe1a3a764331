package io.axonipc.samples.benchmarks.worker;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelOptions;
import io.axonipc.Claim;
import io.axonipc.MessageHandler;
import io.axonipc.MessageView;
import io.axonipc.Receiver;
import io.axonipc.Role;
import io.axonipc.Sender;
import io.axonipc.WaitStrategy;

/**
 * Axon's public API as a user would call it: {@code trySend} (or {@code claim}) and
 * {@code poll} with a handler that is made once, so that nothing is allocated. Spinning
 * ends poll without a time-out; the others let {@code poll} wait.
 */
final class AxonTransport implements Transport {

	private static final String TAG = "t";

	private static final Duration LONG_WAIT = Duration.ofSeconds(1);

	/**
	 * From this size on a payload is read through a buffer, which is an object for each
	 * message; below through the message's own accessors.
	 */
	private static final int BUFFER_SIZE = 4096;

	private final AxonChannel channel;

	private final Sender sender;

	private final Receiver receiver;

	private final boolean spins;

	private final boolean claims;

	private final MessageHandler reader = this::read;

	private final MessageHandler echoer = this::readAndEcho;

	private final ByteBuffer copy;

	/** Whose messages the handlers are given at the moment. */
	private Payload payload;

	private AxonTransport(AxonChannel channel, Setup setup) {
		this.channel = channel;
		this.sender = channel.sender();
		this.receiver = channel.receiver();
		this.spins = setup.mode() == Mode.SPIN;
		this.claims = setup.scenario().endsWith("-claim");
		this.copy = ByteBuffer.allocateDirect(setup.size()).order(ByteOrder.LITTLE_ENDIAN);
	}

	static AxonTransport open(Setup setup) throws InterruptedException {
		WaitStrategy strategy = switch (setup.mode()) {
			case SPIN -> WaitStrategy.spin();
			case PARK -> WaitStrategy.park();
			case DEFAULT -> WaitStrategy.defaultStrategy();
		};
		ChannelOptions options = ChannelOptions.defaults()
			.role(setup.first() ? Role.CLIENT : Role.SERVER)
			.openTimeout(Peers.PATIENCE)
			.waitStrategy(strategy);
		AxonChannel channel = AxonChannel.open(setup.name(), options);
		Peers.await(channel::isPeerAlive, setup);
		return new AxonTransport(channel, setup);
	}

	@Override
	public void send(Payload next) {
		if (this.claims) {
			fill(next);
		}
		else if (this.spins) {
			ByteBuffer bytes = next.next();
			while (!this.sender.trySend(TAG, bytes)) {
				Thread.onSpinWait();
			}
		}
		else {
			this.sender.send(TAG, next.next());
		}
	}

	/** Writes the words where the receiver will read them. */
	private void fill(Payload next) {
		Claim claim;
		do {
			claim = this.sender.tryClaim(TAG, next.length());
		}
		while (claim == null);
		next.fill(claim.buffer());
		claim.commit();
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

	private int poll(MessageHandler handler, int limit) {
		if (!this.spins) {
			int count = 0;
			while (count == 0) {
				count = this.receiver.poll(handler, limit, LONG_WAIT);
			}
			return count;
		}
		int count;
		while ((count = this.receiver.poll(handler, limit)) == 0) {
			Thread.onSpinWait();
		}
		return count;
	}

	private void read(MessageView message) {
		int length = message.length();
		if (length >= BUFFER_SIZE) {
			ByteBuffer words = message.payload();
			this.payload.received(words.getLong(0), Payload.sum(words, 0, length));
			return;
		}
		long sequence = message.getLong(0);
		long sum = sequence;
		for (int i = Long.BYTES; i < length; i += Long.BYTES) {
			sum += message.getLong(i);
		}
		this.payload.received(sequence, sum);
	}

	private void readAndEcho(MessageView message) {
		int length = message.length();
		long sum = 0;
		for (int i = 0; i < length; i += Long.BYTES) {
			long word = message.getLong(i);
			this.copy.putLong(i, word);
			sum += word;
		}
		this.payload.received(this.copy.getLong(0), sum);
		this.copy.clear().limit(length);
		if (this.spins) {
			while (!this.sender.trySend(TAG, this.copy)) {
				Thread.onSpinWait();
			}
		}
		else {
			this.sender.send(TAG, this.copy);
		}
	}

	@Override
	public void idle(long nanos) {
		this.receiver.poll(this.reader, 1, Duration.ofNanos(nanos));
	}

	@Override
	public void close() {
		this.channel.close();
	}

}
