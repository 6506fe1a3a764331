package io.axonipc;

/**
 * A request that waits for its reply. All but {@link #isDelivered} is guarded by the
 * inbox's window lock.
 */
final class PendingReply {

	final long id;

	final Thread thread = Thread.currentThread();

	/** The reply's position, which keeps the ring from being freed beyond; -1 before. */
	private volatile long position = -1;

	private long word;

	PendingReply(long id) {
		this.id = id;
	}

	void deliver(long replyPosition, long replyWord) {
		this.word = replyWord;
		this.position = replyPosition;
	}

	boolean isDelivered() {
		return this.position >= 0;
	}

	long position() {
		return this.position;
	}

	long word() {
		return this.word;
	}

}
