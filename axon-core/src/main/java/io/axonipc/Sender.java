package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

import io.axonipc.ring.HeaderWord;

/**
 * The sending side of a channel. Thread-safe: messages of one thread arrive in the order
 * in which it sent them, and what a thread did before a send is visible to whoever
 * handles the message.
 * <p>
 * A {@code ByteBuffer} is sent from its position to its limit, and neither changes. The
 * payload is copied once, into shared memory; {@link #claim claim} avoids even that.
 * Sending allocates nothing and makes no system call unless the ring is full, the
 * receiver is parked, or a large message needs memory that is not there yet.
 * <p>
 * Every method throws {@link ChannelClosedException} after the channel was closed or
 * found corrupt, {@link CorruptChannelException} when it is found so,
 * {@link MessageTooLargeException} for a message that could never fit,
 * {@link ChannelMemoryException} when shared memory for a large one cannot be had,
 * {@link WaitInterruptedException} when the thread is interrupted while it waits,
 * {@link IllegalArgumentException} for a tag, metadata or length out of range, and
 * {@link IllegalStateException} while this thread has a claim open. Whenever one of these
 * is thrown, nothing was sent. What waits for room up to a time-out also throws
 * {@link SendTimeoutException}.
 */
public final class Sender {

	/** Waits up to the channel's send time-out. */
	private static final long DEFAULT_TIMEOUT = -1;

	/** What a decoder puts for what is no UTF-8; it takes three bytes. */
	private static final char REPLACEMENT = '\ufffd';

	private final AxonChannel channel;

	private final Outbox outbox;

	/** The last claim, which may still be open. */
	private Claim claim;

	Sender(AxonChannel channel, Outbox outbox) {
		this.channel = channel;
		this.outbox = outbox;
	}

	/**
	 * Sends a copy if there is room now.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param payload the bytes
	 * @return false when the ring is full, or another thread keeps it claimed
	 */
	public boolean trySend(String tag, byte[] payload) {
		return this.outbox.send(tag, payload, 0);
	}

	/**
	 * Sends a copy if there is room now.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param payload the bytes from position to limit
	 * @return false when the ring is full
	 */
	public boolean trySend(String tag, ByteBuffer payload) {
		return this.outbox.send(tag, payload, 0);
	}

	/**
	 * Sends a copy, and waits for room up to the channel's send time-out.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param payload the bytes
	 * @throws SendTimeoutException when no room was made in time; nothing was sent
	 */
	public void send(String tag, byte[] payload) {
		if (!this.outbox.send(tag, payload, DEFAULT_TIMEOUT)) {
			throw timedOut(tag, DEFAULT_TIMEOUT);
		}
	}

	/**
	 * Sends a copy, and waits for room up to the channel's send time-out.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param payload the bytes from position to limit
	 * @throws SendTimeoutException when no room was made in time; nothing was sent
	 */
	public void send(String tag, ByteBuffer payload) {
		if (!this.outbox.send(tag, payload, DEFAULT_TIMEOUT)) {
			throw timedOut(tag, DEFAULT_TIMEOUT);
		}
	}

	/**
	 * Sends a copy, and waits for room.
	 * @param header tag and metadata
	 * @param payload the bytes from position to limit
	 * @param timeout the longest wait
	 * @throws SendTimeoutException when no room was made in time; nothing was sent
	 */
	public void send(MessageHeader header, ByteBuffer payload, Duration timeout) {
		if (!send(header.tag(), metadata(header), 0, 0, payload, nanos(timeout))) {
			throw timedOut(header.tag(), nanos(timeout));
		}
	}

	/**
	 * Takes room for a payload that is then written in place, if there is room now.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param length bytes of payload, 0 to the channel's largest payload
	 * @return the claim, or null when the ring is full
	 */
	public Claim tryClaim(String tag, int length) {
		return open(tag, Outbox.NO_METADATA, 0, 0, length, 0) ? this.claim : null;
	}

	/**
	 * Takes room for a payload that is then written in place, and waits for room up to
	 * the channel's send time-out. Until the claim is committed or aborted, by this same
	 * thread, the other threads' sends wait.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @param length bytes of payload, 0 to the channel's largest payload
	 * @return the claim
	 * @throws SendTimeoutException when no room was made in time
	 */
	public Claim claim(String tag, int length) {
		return claim(tag, Outbox.NO_METADATA, 0, 0, length, DEFAULT_TIMEOUT);
	}

	/**
	 * Takes room for a payload that is then written in place.
	 * @param header tag and metadata
	 * @param length bytes of payload, 0 to the channel's largest payload
	 * @param timeout the longest wait for room
	 * @return the claim
	 * @throws SendTimeoutException when no room was made in time
	 */
	public Claim claim(MessageHeader header, int length, Duration timeout) {
		return claim(header.tag(), metadata(header), 0, 0, length, nanos(timeout));
	}

	/**
	 * Answers a request with a copy of a payload, and waits for room up to the channel's
	 * send time-out. Where both ends ask each other so much that both rings are full of
	 * requests, neither receives while it waits to reply; answer from another thread
	 * then, {@link #reply(String, long, ByteBuffer) later}, and go on receiving.
	 * @param request the request in hand
	 * @param payload the bytes from position to limit
	 */
	public void reply(MessageView request, ByteBuffer payload) {
		sendReply(request.tag(), requestId(request), payload);
	}

	/**
	 * Answers a request that is done with, from any thread: the requester may have given
	 * up meanwhile, and its channel then drops the reply.
	 * @param tag the request's tag
	 * @param correlationId the request's {@link MessageView#correlationId() correlation
	 * id}
	 * @param payload the bytes from position to limit
	 */
	public void reply(String tag, long correlationId, ByteBuffer payload) {
		sendReply(tag, requestId(tag, correlationId), payload);
	}

	/**
	 * Takes room for a reply that is then written in place.
	 * @param request the request in hand
	 * @param length bytes of payload, 0 to the channel's largest payload
	 * @return the claim
	 */
	public Claim claimReply(MessageView request, int length) {
		return claim(replyTag(request.tag()), Outbox.NO_METADATA, HeaderWord.CORRELATED | HeaderWord.REPLY,
				requestId(request), length, DEFAULT_TIMEOUT);
	}

	/**
	 * Takes room for the reply to a request that is done with.
	 * @param tag the request's tag
	 * @param correlationId the request's {@link MessageView#correlationId() correlation
	 * id}
	 * @param length bytes of payload, 0 to the channel's largest payload
	 * @return the claim
	 */
	public Claim claimReply(String tag, long correlationId, int length) {
		return claim(replyTag(tag), Outbox.NO_METADATA, HeaderWord.CORRELATED | HeaderWord.REPLY,
				requestId(tag, correlationId), length, DEFAULT_TIMEOUT);
	}

	/**
	 * The same for who must not wait for long, because it is what makes room for the peer
	 * meanwhile: see {@link #reply(MessageView, ByteBuffer) reply}.
	 * @param tag the request's tag
	 * @param correlationId the request's {@link MessageView#correlationId() correlation
	 * id}
	 * @param length bytes of payload, 0 to the channel's largest payload
	 * @param timeout the longest wait for room
	 * @return the claim, or null when no room was made in time
	 */
	public Claim tryClaimReply(String tag, long correlationId, int length, Duration timeout) {
		return open(replyTag(tag), Outbox.NO_METADATA, HeaderWord.CORRELATED | HeaderWord.REPLY,
				requestId(tag, correlationId), length, nanos(timeout)) ? this.claim : null;
	}

	/**
	 * Answers a request with an error, which its sender gets as an
	 * {@link AxonRemoteException}.
	 * @param request the request in hand
	 * @param text what went wrong, of which an eighth of the channel's capacity is sent,
	 * and not more than its largest payload
	 */
	public void replyError(MessageView request, String text) {
		sendError(request.tag(), requestId(request), text);
	}

	/**
	 * Answers a request that is done with, with an error.
	 * @param tag the request's tag
	 * @param correlationId the request's {@link MessageView#correlationId() correlation
	 * id}
	 * @param text what went wrong, cut like that of the request in hand
	 */
	public void replyError(String tag, long correlationId, String text) {
		sendError(tag, requestId(tag, correlationId), text);
	}

	/**
	 * The same for who must not wait for long.
	 * @param tag the request's tag
	 * @param correlationId the request's {@link MessageView#correlationId() correlation
	 * id}
	 * @param text what went wrong, cut like that of the request in hand
	 * @param timeout the longest wait for room
	 * @return false when no room was made in time
	 */
	public boolean tryReplyError(String tag, long correlationId, String text, Duration timeout) {
		return sendError(tag, requestId(tag, correlationId), text, nanos(timeout));
	}

	private void sendReply(String tag, long id, ByteBuffer payload) {
		if (!this.outbox.send(replyTag(tag), HeaderWord.CORRELATED | HeaderWord.REPLY, id, payload, DEFAULT_TIMEOUT)) {
			throw timedOut(tag, DEFAULT_TIMEOUT);
		}
	}

	private void sendError(String tag, long id, String text) {
		if (!sendError(tag, id, text, DEFAULT_TIMEOUT)) {
			throw timedOut(tag, DEFAULT_TIMEOUT);
		}
	}

	private boolean sendError(String tag, long id, String text, long nanos) {
		byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
		int length = Math.min(bytes.length, this.outbox.maxText());
		while (length < bytes.length && length > 0 && isContinuation(bytes[length])) {
			length--;
		}
		return this.outbox.send(replyTag(tag), HeaderWord.CORRELATED | HeaderWord.REPLY | HeaderWord.ERROR, id,
				ByteBuffer.wrap(bytes, 0, length), nanos);
	}

	/** Whether a byte is within a character of UTF-8. */
	private static boolean isContinuation(byte value) {
		return (value & 0xC0) == 0x80;
	}

	/**
	 * The replacements of what was no UTF-8 may take more bytes than a tag has; an honest
	 * peer sends no such request.
	 */
	private static String replyTag(String tag) {
		boolean fits = 3 * tag.length() <= TagCache.MAX_LENGTH || tag.indexOf(REPLACEMENT) < 0;
		return fits ? tag : tag.substring(0, TagCache.MAX_LENGTH / 3);
	}

	/** Of a hostile peer it may be 0, or change: then nobody is answered. */
	private static long requestId(MessageView request) {
		if (!request.isRequest()) {
			throw new IllegalArgumentException("The message with tag '" + request.tag() + "' is no request");
		}
		return request.correlationId();
	}

	private static long requestId(String tag, long correlationId) {
		if (correlationId == 0) {
			throw new IllegalArgumentException("The message with tag '" + tag + "' has no correlation id: no request");
		}
		return correlationId;
	}

	void request(MessageHeader header, long id, ByteBuffer payload, long nanos) {
		if (!send(header.tag(), metadata(header), HeaderWord.CORRELATED, id, payload, nanos)) {
			throw timedOut(header.tag(), nanos);
		}
	}

	/** A deadline that has passed is no default. */
	private static long nanos(Duration timeout) {
		return Math.max(0, timeout.toNanos());
	}

	private static byte[] metadata(MessageHeader header) {
		return (header.metadata() != null) ? header.metadata() : Outbox.NO_METADATA;
	}

	private boolean send(String tag, byte[] metadata, int flags, long id, ByteBuffer payload, long nanos) {
		if (metadata.length == 0) {
			return this.outbox.send(tag, flags, id, payload, nanos);
		}
		if (!this.outbox.begin(tag, metadata, flags, id, payload.remaining(), nanos)) {
			return false;
		}
		this.outbox.commit(payload);
		return true;
	}

	private Claim claim(String tag, byte[] metadata, int flags, long id, int length, long nanos) {
		if (!open(tag, metadata, flags, id, length, nanos)) {
			throw timedOut(tag, nanos);
		}
		return this.claim;
	}

	private boolean open(String tag, byte[] metadata, int flags, long id, int length, long nanos) {
		if (length < 0) {
			throw new IllegalArgumentException("length = " + length + " is negative");
		}
		if (!this.outbox.begin(tag, metadata, flags, id, length, nanos)) {
			return false;
		}
		this.claim = new Claim(this.outbox);
		return true;
	}

	/** Aborts the claim that this thread may still have open, or what a fault left. */
	void abortOwnClaim() {
		if (this.claim != null) {
			this.claim.close();
		}
		if (this.outbox.isMine()) {
			this.outbox.abort();
		}
	}

	private SendTimeoutException timedOut(String tag, long timeout) {
		long nanos = (timeout < 0) ? this.channel.sendTimeoutNanos() : timeout;
		return new SendTimeoutException("Channel '" + this.channel.name() + "': no room for the message with tag '"
				+ tag + "' within " + Duration.ofNanos(nanos) + ": " + this.channel.counters().ringUsed() + " of "
				+ this.channel.capacity() + " bytes wait for the peer, which "
				+ (this.channel.isPeerAlive() ? "is slower than this sender" : "is not attached")
				+ ". Nothing was sent; try again, or give it more capacity or a longer sendTimeout");
	}

}
