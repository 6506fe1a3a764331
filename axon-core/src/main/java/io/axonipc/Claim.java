package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Room in shared memory for one payload, to be filled in place and then committed by the
 * thread that took it. For try-with-resources: what is not committed is aborted.
 */
public final class Claim implements AutoCloseable {

	private final Outbox outbox;

	private ByteBuffer buffer;

	Claim(Outbox outbox) {
		this.outbox = outbox;
		this.buffer = outbox.payload().order(ByteOrder.LITTLE_ENDIAN);
	}

	/**
	 * The payload to fill: little-endian, from 0 to the length claimed, not zeroed. It
	 * must not be written after commit or abort: the memory then belongs to other
	 * messages.
	 * @return the buffer
	 */
	public ByteBuffer buffer() {
		requireOpen();
		return this.buffer;
	}

	/** Makes the message visible to the peer. */
	public void commit() {
		requireOpen();
		this.buffer = null;
		this.outbox.commit();
	}

	/** Gives the room back; nothing was ever visible. */
	public void abort() {
		requireOpen();
		this.buffer = null;
		this.outbox.abort();
	}

	/** Aborts, unless the claim was committed or aborted before. */
	@Override
	public void close() {
		if (this.outbox.isMine() && this.buffer != null) {
			abort();
		}
	}

	private void requireOpen() {
		if (!this.outbox.isMine() || this.buffer == null) {
			throw new IllegalStateException("this claim was committed or aborted, or belongs to another thread");
		}
	}

}
