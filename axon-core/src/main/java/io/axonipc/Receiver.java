package io.axonipc;

import java.time.Duration;

import io.axonipc.ring.CorruptRingException;
import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.RingConsumer;

/**
 * The receiving side of a channel, for one thread at a time. Messages come in the order
 * in which they were sent; what their sender did before is visible. A message is
 * acknowledged when its handler has returned or thrown: should this process die before,
 * its successor receives that message again, and no other.
 * <p>
 * Replies to {@link AxonChannel#request requests} are not delivered here; polling hands
 * them to the threads that wait for them. Polling allocates nothing and makes no system
 * call while messages come.
 * <p>
 * Every method throws {@link ChannelClosedException} after the channel was closed or
 * found corrupt, {@link CorruptChannelException} when it is found so, and
 * {@link IllegalStateException} when another thread, or a handler, is receiving.
 */
public final class Receiver {

	/** So many messages without a look in vain are a burst. */
	private static final int BURST = 64;

	/** How long to leave a sender alone that is slower than this receiver. */
	private static final long LEAD_NANOS = 5_000;

	/** Shorter waits have no time for a lead and the looks after it. */
	private static final long QUICK_NANOS = 4 * LEAD_NANOS;

	private final AxonChannel channel;

	private final Endpoint endpoint;

	private final Inbox inbox;

	private final RingConsumer ring;

	private final ChannelCounters counters;

	private final SlotMappings mappings;

	private final TagCache tags = new TagCache();

	/** What handlers are given; one object for all of them. */
	private final MessageView view;

	/** What {@link #receive} gave out, null for none. */
	private MessageView given;

	/** Messages since the last look that found none. */
	private int burst;

	/** The header word of the message that {@link #receive} gave out, 0 for none. */
	private long inHand;

	Receiver(AxonChannel channel, Inbox inbox, SlotMappings mappings, ChannelCounters counters) {
		this.channel = channel;
		this.endpoint = channel.endpoint();
		this.inbox = inbox;
		this.ring = inbox.ring();
		this.counters = counters;
		this.mappings = mappings;
		this.view = new MessageView(this.endpoint, mappings, this.tags, null);
	}

	/**
	 * Handles the messages that are there, and does not wait.
	 * @param handler called for each; when it throws, its message is acknowledged, and
	 * the exception is thrown on
	 * @param limit the most messages to handle, 1 and up
	 * @return how many were handled, 0 when there were none
	 */
	public int poll(MessageHandler handler, int limit) {
		if (limit < 1) {
			throw new IllegalArgumentException("limit = " + limit + " is less than 1");
		}
		return poll(handler, limit, 0);
	}

	/**
	 * Looks some more times, at once, before it finds that there is nothing: from here a
	 * message is handled with the fewest steps.
	 */
	private int poll(MessageHandler handler, int limit, int looks) {
		BiasedLock.Bias mine = enter();
		try {
			releaseInHand();
			int handled = handleAll(handler, limit);
			if (handled == 0) {
				// Not right after a message, which its sender may be waiting to see
				// answered.
				this.inbox.publish();
				if (looks > 0 && this.burst >= BURST) {
					letSenderGetAhead();
				}
				this.burst = 0;
				for (int i = 0; i < looks && handled == 0; i++) {
					Thread.onSpinWait();
					if (this.ring.isReady()) {
						handled = handleAll(handler, limit);
					}
				}
			}
			this.burst += handled;
			return handled;
		}
		catch (CorruptRingException | InternalError ex) {
			throw this.channel.fail(ex);
		}
		finally {
			leave(mine);
		}
	}

	/**
	 * A receiver that follows on the sender's heels takes each cache line from under its
	 * hands, which makes both half as fast.
	 */
	private static void letSenderGetAhead() {
		long start = System.nanoTime();
		do {
			Thread.onSpinWait();
		}
		while (System.nanoTime() - start < LEAD_NANOS);
	}

	private int handleAll(MessageHandler handler, int limit) {
		int handled = 0;
		while (handled < limit && this.channel.isOpen() && handleNext(handler)) {
			handled++;
		}
		return handled;
	}

	/**
	 * Handles the messages that are there, and waits for the first one. When a burst of
	 * 64 messages or more has just ended and the wait strategy spins, it leaves the
	 * sender alone for 5 microseconds before it looks again: that makes streams up to
	 * twice as fast.
	 * @param handler called for each; when it throws, its message is acknowledged, and
	 * the exception is thrown on
	 * @param limit the most messages to handle, 1 and up
	 * @param timeout the longest wait for the first message
	 * @return how many were handled; 0 at the time-out, or when the thread is interrupted
	 */
	public int poll(MessageHandler handler, int limit, Duration timeout) {
		if (limit < 1) {
			throw new IllegalArgumentException("limit = " + limit + " is less than 1");
		}
		long nanos = timeout.toNanos();
		int looks = (nanos > QUICK_NANOS) ? this.inbox.quickLooks() : 0;
		int handled = poll(handler, limit, looks);
		if (handled > 0) {
			return handled;
		}
		long start = System.nanoTime() - ((looks > 0) ? LEAD_NANOS : 0);
		for (long waited = 0; waited < nanos; waited = System.nanoTime() - start) {
			if (awaitMessage(nanos - waited)) {
				handled = poll(handler, limit, 0);
				if (handled > 0) {
					return handled;
				}
			}
			if (Thread.currentThread().isInterrupted()) {
				return 0;
			}
		}
		return 0;
	}

	/**
	 * Takes the next message, and waits for one. It is acknowledged when it is closed,
	 * when the next one is received or polled, or when the channel is closed.
	 * @param timeout the longest wait
	 * @return the message, or null at the time-out, or when the thread is interrupted
	 */
	public MessageView receive(Duration timeout) {
		long nanos = timeout.toNanos();
		long start = System.nanoTime();
		while (true) {
			MessageView message = take();
			if (message != null) {
				return message;
			}
			long waited = System.nanoTime() - start;
			if (waited >= nanos || Thread.currentThread().isInterrupted()) {
				return null;
			}
			awaitMessage(nanos - waited);
		}
	}

	private boolean awaitMessage(long nanos) {
		try {
			if (this.inbox.awaitMessage(nanos)) {
				return true;
			}
		}
		catch (CorruptRingException | InternalError ex) {
			throw this.channel.fail(ex);
		}
		this.channel.lookAround();
		return false;
	}

	private boolean handleNext(MessageHandler handler) {
		long word = this.ring.nextAlike();
		if (word == 0) {
			word = this.inbox.next();
			if (word == 0) {
				return false;
			}
		}
		begin(this.view, word);
		try {
			handler.onMessage(this.view);
		}
		finally {
			acknowledge(this.view, word);
		}
		return true;
	}

	private void begin(MessageView message, long word) {
		int deliveries = this.ring.deliveries();
		message.open(this.ring.offset(this.ring.position()), word, deliveries);
		// After what may fail: a message that cannot be shown was not delivered.
		this.ring.begin();
		if (deliveries > 1) {
			this.counters.add(ChannelCounters.REDELIVERED, 1);
		}
	}

	private void acknowledge(MessageView message, long word) {
		this.counters.add(ChannelCounters.BYTES_RECEIVED, message.length());
		this.counters.add(ChannelCounters.RECEIVED, 1);
		message.invalidate();
		this.ring.advance(word);
		if ((HeaderWord.flags(word) & HeaderWord.LARGE) != 0 || this.ring.mustPublish()) {
			this.inbox.publish();
		}
	}

	private MessageView take() {
		BiasedLock.Bias mine = enter();
		try {
			releaseInHand();
			long word = this.inbox.next();
			if (word == 0) {
				this.inbox.publish();
				return null;
			}
			MessageView message = new MessageView(this.endpoint, this.mappings, this.tags, this);
			begin(message, word);
			this.given = message;
			this.inHand = word;
			return message;
		}
		catch (CorruptRingException | InternalError ex) {
			throw this.channel.fail(ex);
		}
		finally {
			leave(mine);
		}
	}

	void release() {
		if (this.inHand == 0 || !this.channel.isOpen()) {
			return;
		}
		BiasedLock.Bias mine = enter();
		try {
			releaseInHand();
			if (!this.ring.isReady()) {
				this.inbox.publish();
			}
		}
		catch (CorruptRingException | InternalError ex) {
			throw this.channel.fail(ex);
		}
		finally {
			leave(mine);
		}
	}

	void releaseInHand() {
		if (this.inHand != 0) {
			long word = this.inHand;
			this.inHand = 0;
			acknowledge(this.given, word);
			this.given = null;
		}
	}

	private BiasedLock.Bias enter() {
		BiasedLock.Bias mine = this.inbox.consuming.enter();
		if (mine == null) {
			enterSlowly();
		}
		if (!this.channel.isOpen()) {
			this.inbox.consuming.exit(mine);
			this.channel.ensureOpen();
		}
		return mine;
	}

	private void enterSlowly() {
		// A close keeps the lock for good.
		this.channel.ensureOpen();
		BiasedLock consuming = this.inbox.consuming;
		if (!consuming.tryLock() && (consuming.isMine() || !consuming.tryLock(AxonChannel.BOUNDED_WAIT_NANOS))) {
			this.channel.ensureOpen();
			throw new IllegalStateException("Channel '" + this.endpoint.names
					+ "' is being received from by another thread, or by a handler: one thread at a time may");
		}
	}

	private void leave(BiasedLock.Bias mine) {
		this.inbox.consuming.exit(mine);
		this.channel.closeIfDeferred();
	}

}
