package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.Supplier;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelClosedException;
import io.axonipc.Claim;
import io.axonipc.SendTimeoutException;
import io.axonipc.spring.AxonListenerContainer.Handler;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.messaging.Message;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

/**
 * Answers the requests of a channel, in hand or done with, and counts the messages that
 * listeners fail on. Thread-safe.
 */
final class ListenerReplies {

	/** The correlation id of a message that waits for no reply. */
	static final long NONE = 0;

	/**
	 * How long a reply waits for room in the thread that receives: as long as that waits
	 * it makes no room for the peer, and if both ends do, neither ever gets any.
	 */
	private static final Duration ROOM_TIMEOUT = Duration.ofNanos(100_000);

	/** So many replies may wait; the next one keeps the thread from receiving more. */
	private static final int MAX_LATE = 1024;

	private static final long MAX_LATE_BYTES = 32 << 20;

	private static final Log logger = LogFactory.getLog(ListenerReplies.class);

	private final String key;

	private final PayloadConverter converter;

	private final ListenerErrors errors;

	private final CallsInHand calls;

	private final Duration sendTimeout;

	/** Sends the replies that found no room; a thread that comes and goes. */
	private final ThreadPoolExecutor late;

	private final AtomicLong lateBytes = new AtomicLong();

	private volatile @Nullable AxonChannel channel;

	ListenerReplies(String key, PayloadConverter converter, CallsInHand calls, Duration sendTimeout) {
		this.key = key;
		this.calls = calls;
		this.sendTimeout = sendTimeout;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("axon-" + key + "-reply-");
		threads.setDaemon(true);
		this.late = new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_LATE), threads,
				new ThreadPoolExecutor.CallerRunsPolicy());
		this.late.allowCoreThreadTimeOut(true);
		this.converter = converter;
		this.errors = new ListenerErrors(key);
	}

	/**
	 * Says which channel replies go through: that of a context that was started again
	 * takes those of its predecessor.
	 */
	void use(AxonChannel channel) {
		this.channel = channel;
	}

	/** How many messages made their listener fail. */
	long failures() {
		return this.errors.total();
	}

	/**
	 * Answers a request, later if there is no room now.
	 * @param id its correlation id, or {@link #NONE} to do nothing
	 * @return why it stays without a reply, or null
	 * @throws RuntimeException if the result cannot be written; an error can be answered
	 * then
	 */
	@Nullable Throwable reply(String tag, long id, @Nullable Object result) {
		if (id == NONE) {
			return null;
		}
		checkReply(result);
		OutgoingPayload<?> reply = this.converter.write(result, this.key, tag);
		try (Claim claim = this.channel.sender().tryClaimReply(tag, id, reply.length(), ROOM_TIMEOUT)) {
			if (claim != null) {
				write(reply, claim);
			}
			else {
				replyLater(tag, id, reply);
			}
			return null;
		}
		catch (SendTimeoutException | ChannelClosedException ex) {
			// There is no room, or no way, for an error reply either.
			this.errors.count();
			logger.error(unanswered(tag), ex);
			return ex;
		}
	}

	private static void write(OutgoingPayload<?> reply, Claim claim) {
		reply.writeTo(claim.buffer());
		claim.commit();
	}

	private void replyLater(String tag, long id, OutgoingPayload<?> reply) {
		int length = reply.length();
		if (this.lateBytes.addAndGet(length) > MAX_LATE_BYTES) {
			this.lateBytes.addAndGet(-length);
			try (Claim claim = this.channel.sender().claimReply(tag, id, length)) {
				write(reply, claim);
			}
			return;
		}
		// It may be a view of the request, or change.
		ByteBuffer payload = reply.copy();
		later(tag, (timeout) -> {
			try (Claim claim = this.channel.sender().tryClaimReply(tag, id, length, timeout)) {
				if (claim != null) {
					claim.buffer().put(payload);
					claim.commit();
				}
				return claim != null;
			}
			finally {
				this.lateBytes.addAndGet(-length);
			}
		});
	}

	/**
	 * As long as it waits it is in hand, so that a stop waits for it, but together with
	 * those before it not longer than the send time-out.
	 * @param reply sends it within a time-out, or returns false
	 */
	private void later(String tag, Predicate<Duration> reply) {
		CallsInHand.Call call = this.calls.begin();
		long start = System.nanoTime();
		this.late.execute(() -> call.run(() -> {
			try {
				Duration left = this.sendTimeout.minusNanos(System.nanoTime() - start);
				if (!reply.test(left.isNegative() ? Duration.ZERO : left)) {
					this.errors.count();
					logger.error(unanswered(tag) + ": there was no room for it within " + this.sendTimeout);
				}
			}
			catch (RuntimeException ex) {
				this.errors.count();
				logger.error(unanswered(tag), ex);
			}
			finally {
				call.end();
			}
		}));
	}

	/**
	 * Gives a failure to the error handler and answers with what that returns, or logs it
	 * and answers with the error.
	 * @param message the failed message, for an error handler
	 */
	void fail(Handler handler, String tag, long id, Supplier<Message<byte[]>> message, Throwable failure) {
		try {
			reply(tag, id, this.errors.recover(handler, message, failure));
		}
		catch (Throwable left) {
			try {
				this.errors.log(handler, tag, left);
			}
			finally {
				error(tag, id, text(left));
			}
		}
	}

	/** Even of an exception that fails to tell. */
	private static String text(Throwable failure) {
		try {
			return (failure.getMessage() != null) ? failure.getMessage() : failure.getClass().getName();
		}
		catch (Throwable ex) {
			return failure.getClass().getName();
		}
	}

	/**
	 * What a return type of Object hides, an error handler returns, or a future holds.
	 */
	private static void checkReply(@Nullable Object result) {
		if (result instanceof Future || result instanceof CompletionStage || result instanceof Message) {
			throw new IllegalStateException("A " + result.getClass().getSimpleName() + " cannot be a reply. Return the "
					+ "payload of the reply itself, or declare that the listener returns a CompletableFuture of it");
		}
	}

	void error(String tag, long id, String text) {
		if (id == NONE) {
			return;
		}
		try {
			if (!this.channel.sender().tryReplyError(tag, id, text, ROOM_TIMEOUT)) {
				later(tag, (timeout) -> this.channel.sender().tryReplyError(tag, id, text, timeout));
			}
		}
		catch (RuntimeException ex) {
			logger.error(unanswered(tag), ex);
		}
	}

	private String unanswered(String tag) {
		return "A request with tag '" + tag + "' from channel '" + this.key + "' stays without a reply";
	}

}
