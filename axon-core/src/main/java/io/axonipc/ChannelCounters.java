package io.axonipc;

import java.util.concurrent.atomic.AtomicLongArray;

import io.axonipc.ring.RingProducer;

/**
 * What a channel has done since it was opened. Each counter is exact; together they are
 * no snapshot. May be read by any thread at any time, also after the channel was closed.
 */
public final class ChannelCounters {

	static final int SENT = 8;

	static final int BYTES_SENT = 9;

	static final int BLOCKED = 10;

	static final int SENDER_WAKEUPS = 11;

	static final int SENDER_PARKS = 12;

	/** Far enough from the sender's counters that their threads share no cache line. */
	static final int RECEIVED = 32;

	static final int BYTES_RECEIVED = 33;

	static final int RECEIVER_WAKEUPS = 34;

	static final int RECEIVER_PARKS = 35;

	static final int REDELIVERED = 36;

	static final int REPLIES_DROPPED = 37;

	/** Replies are counted apart: by the threads that waited for them. */
	static final int REPLIES = 38;

	static final int REPLY_BYTES = 39;

	private final AtomicLongArray values = new AtomicLongArray(48);

	private volatile RingProducer outgoing;

	ChannelCounters(RingProducer outgoing) {
		this.outgoing = outgoing;
	}

	/** Lets go of the ring, and so of shared memory: counters may be kept for long. */
	void detach() {
		this.outgoing = null;
	}

	/**
	 * Counts. Each counter has one writer at a time and no order to anything else; the
	 * fences of the ring and the locks keep the compiler from putting the store off.
	 */
	void add(int counter, long amount) {
		this.values.setPlain(counter, this.values.getPlain(counter) + amount);
	}

	private long value(int counter) {
		return this.values.getAcquire(counter);
	}

	/**
	 * Messages committed, requests and replies among them.
	 * @return a count
	 */
	public long messagesSent() {
		return value(SENT);
	}

	/**
	 * Payload of the messages committed.
	 * @return bytes
	 */
	public long bytesSent() {
		return value(BYTES_SENT);
	}

	/**
	 * Messages acknowledged, and replies taken.
	 * @return a count
	 */
	public long messagesReceived() {
		return value(RECEIVED) + value(REPLIES);
	}

	/**
	 * Payload of the messages acknowledged and replies taken.
	 * @return bytes
	 */
	public long bytesReceived() {
		return value(BYTES_RECEIVED) + value(REPLY_BYTES);
	}

	/**
	 * Sends that found no room and had to wait or were refused.
	 * @return a count
	 */
	public long sendsBlocked() {
		return value(BLOCKED);
	}

	/**
	 * Posts of a semaphore for a parked peer.
	 * @return a count
	 */
	public long wakeups() {
		return value(SENDER_WAKEUPS) + value(RECEIVER_WAKEUPS);
	}

	/**
	 * Waits of this process on a semaphore.
	 * @return a count
	 */
	public long parks() {
		return value(SENDER_PARKS) + value(RECEIVER_PARKS);
	}

	/**
	 * Messages received that a predecessor had in hand when it died.
	 * @return a count
	 */
	public long redelivered() {
		return value(REDELIVERED);
	}

	/**
	 * Replies that nobody waited for any more.
	 * @return a count
	 */
	public long repliesDropped() {
		return value(REPLIES_DROPPED);
	}

	/**
	 * What the peer has not yet handled; 0 after the channel was closed.
	 * @return bytes of the outgoing ring, padding included
	 */
	public long ringUsed() {
		RingProducer ring = this.outgoing;
		return (ring != null) ? ring.used() : 0;
	}

}
