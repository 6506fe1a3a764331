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
 * {@code poll} with a handler that is made once, so that nothing is allocated. The
 * channel's {@code WaitStrategy} decides whether {@code poll} spins or parks.
 */
final class AxonTransport implements Transport {

	private static final String TAG = "t";

	private static final Duration LONG_WAIT = Duration.ofSeconds(1);

	/**
	 * From this size on a payload is read through a buffer, which is an object for each
	 * message; below through the message's own accessors.
	 */
	private static final int BUFFER_SIZE = 128;

	private static final int FOUR_WORDS = 32;

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

	private int poll(MessageHandler handler, int limit) {
		int count = 0;
		while (count == 0) {
			count = this.receiver.poll(handler, limit, LONG_WAIT);
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
		this.payload.received(message.getLong(0), sum(message, length));
	}

	/** A message of four words as one reads a record of known shape: without a loop. */
	private static long sum(MessageView message, int length) {
		if (length == FOUR_WORDS) {
			return message.getLong(0) + message.getLong(8) + message.getLong(16) + message.getLong(24);
		}
		long a = 0;
		long b = 0;
		long c = 0;
		long d = 0;
		int i = 0;
		for (; i <= length - FOUR_WORDS; i += FOUR_WORDS) {
			a += message.getLong(i);
			b += message.getLong(i + 8);
			c += message.getLong(i + 16);
			d += message.getLong(i + 24);
		}
		for (; i < length; i += Long.BYTES) {
			a += message.getLong(i);
		}
		return a + b + c + d;
	}

	private void readAndEcho(MessageView message) {
		int length = message.length();
		this.payload.received(message.getLong(0), sum(message, length));
		if (length == FOUR_WORDS) {
			this.copy.putLong(0, message.getLong(0));
			this.copy.putLong(8, message.getLong(8));
			this.copy.putLong(16, message.getLong(16));
			this.copy.putLong(24, message.getLong(24));
		}
		else {
			this.copy.put(0, message.payload(), 0, length);
		}
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
