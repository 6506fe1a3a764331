package io.axonipc.spring;

import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import io.axonipc.AxonChannel;
import io.axonipc.Claim;
import io.axonipc.MessageHandler;
import io.axonipc.MessageView;
import io.axonipc.SendTimeoutException;
import io.axonipc.spring.ListenerTimers.ListenerTimer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/** The thread that receives from one channel and calls its listeners. */
final class AxonListenerContainer {

	private static final Log logger = LogFactory.getLog(AxonListenerContainer.class);

	/** How soon a stop is noticed by a channel without traffic, or in trouble. */
	private static final Duration POLL_TIMEOUT = Duration.ofMillis(100);

	/** Tags come from the peer: what is remembered of them has a bound. */
	private static final int MAX_UNHANDLED_TAGS = 100;

	private final String key;

	private final AxonChannels channels;

	private final PayloadConverter converter;

	private final Map<String, Handler> handlers;

	private final ListenerOptions options;

	private final RedeliveryLimit redeliveryLimit;

	private final Set<String> unhandledTags = new HashSet<>();

	private final AtomicLong errors = new AtomicLong();

	private final AtomicLong unhandled = new AtomicLong();

	private final AtomicLong setAside = new AtomicLong();

	private final AtomicLong failures = new AtomicLong();

	private volatile @Nullable Loop loop;

	AxonListenerContainer(String key, AxonChannels channels, PayloadConverter converter, Map<String, Handler> handlers,
			@Nullable AxonMessageRecoverer recoverer) {
		this.key = key;
		this.channels = channels;
		this.converter = converter;
		this.handlers = Map.copyOf(handlers);
		this.options = channels.definition(key).listener();
		this.redeliveryLimit = new RedeliveryLimit(key, this.options.redeliveryLimit(), recoverer);
	}

	/** A listener, the way to call it, and what times it, if anything does. */
	record Handler(AxonListenerEndpoint endpoint, ListenerInvoker invoker, @Nullable ListenerTimer timer) {
	}

	void start() {
		Loop loop = new Loop(this.channels.channel(this.key));
		this.loop = loop;
		new ListenerThread(loop, this.key).start();
	}

	/**
	 * Takes no further message.
	 * @return completes when the message in hand is done with; at once for the listener
	 * that has it in hand, which cannot wait for itself
	 */
	CompletableFuture<Void> stop() {
		Loop loop = this.loop;
		this.loop = null;
		return (loop != null) ? loop.stop() : CompletableFuture.completedFuture(null);
	}

	/** Whether a thread receives: false after a failure that it could not go on from. */
	boolean isRunning() {
		Loop loop = this.loop;
		return loop != null && !loop.ended.isDone();
	}

	long failures() {
		return this.failures.get();
	}

	long errors() {
		return this.errors.get();
	}

	long unhandled() {
		return this.unhandled.get();
	}

	long setAside() {
		return this.setAside.get();
	}

	private final class Loop implements Runnable {

		private final AxonChannel channel;

		private final MessageHandler messageHandler = this::onMessage;

		private final int pollLimit = AxonListenerContainer.this.options.pollLimit();

		private final CompletableFuture<Void> ended = new CompletableFuture<>();

		private volatile boolean stopping;

		private @Nullable Thread thread;

		/** Since the last failure, so that a series of them is logged once. */
		private boolean failing;

		Loop(AxonChannel channel) {
			this.channel = channel;
		}

		CompletableFuture<Void> stop() {
			this.stopping = true;
			return (Thread.currentThread() == this.thread) ? CompletableFuture.completedFuture(null) : this.ended;
		}

		@Override
		public void run() {
			this.thread = Thread.currentThread();
			try {
				while (!this.stopping) {
					receive();
				}
			}
			catch (Throwable ex) {
				// A channel that is closed under a stop was not waited for any longer.
				if (!this.stopping) {
					AxonListenerContainer.this.failures.incrementAndGet();
					logger.error("Channel '" + AxonListenerContainer.this.key + "' is no longer listened to. "
							+ "Remove the cause and restart the application; what is unread waits for it", ex);
				}
			}
			finally {
				this.ended.complete(null);
			}
		}

		/**
		 * Takes a message, if one comes. Listeners do not make this fail; what does may
		 * pass: a lack of memory or of file descriptors.
		 */
		private void receive() {
			try {
				this.channel.receiver().poll(this.messageHandler, this.pollLimit, POLL_TIMEOUT);
				// A poll does not wait while the thread is interrupted.
				Thread.interrupted();
				this.failing = false;
			}
			catch (Throwable ex) {
				// An internal error is the JVM's for a segment that was truncated.
				if (!this.channel.isOpen() || ex instanceof InternalError) {
					throw ex;
				}
				AxonListenerContainer.this.failures.incrementAndGet();
				if (!this.failing) {
					this.failing = true;
					logger.error("Receiving from channel '" + AxonListenerContainer.this.key
							+ "' failed, and is tried again until it succeeds", ex);
				}
				// An interrupted thread would not wait.
				Thread.interrupted();
				LockSupport.parkNanos(POLL_TIMEOUT.toNanos());
			}
		}

		private void onMessage(MessageView message) {
			if (AxonListenerContainer.this.redeliveryLimit.isReached(message)) {
				setAside(message);
				return;
			}
			Handler handler = AxonListenerContainer.this.handlers.get(message.tag());
			if (handler == null) {
				unhandled(message);
				return;
			}
			ListenerTimer timer = handler.timer();
			if (timer == null) {
				handle(handler, message);
				return;
			}
			// Recorded after the reply, so that who waits for it does not wait for this.
			long start = System.nanoTime();
			Throwable failure = handle(handler, message);
			timer.record(System.nanoTime() - start, failure);
		}

		private @Nullable Throwable handle(Handler handler, MessageView message) {
			try {
				Object result = invoke(handler, message);
				return message.isRequest() ? reply(message, result) : null;
			}
			catch (Throwable ex) {
				failed(message, handler, ex);
				return ex;
			}
		}

		private @Nullable Object invoke(Handler handler, MessageView message) throws Throwable {
			try {
				return handler.invoker().invoke(message);
			}
			finally {
				// An interrupt was meant for the listener, not for its reply.
				Thread.interrupted();
			}
		}

		private @Nullable Throwable reply(MessageView request, @Nullable Object result) {
			OutgoingPayload<?> reply = AxonListenerContainer.this.converter.write(result,
					AxonListenerContainer.this.key, request.tag());
			try (Claim claim = this.channel.sender().claimReply(request, reply.length())) {
				reply.writeTo(claim.buffer());
				claim.commit();
				return null;
			}
			catch (SendTimeoutException ex) {
				// There is no room for an error reply either.
				AxonListenerContainer.this.errors.incrementAndGet();
				unanswered(request, ex);
				return ex;
			}
		}

		private void failed(MessageView message, Handler handler, Throwable ex) {
			AxonListenerContainer.this.errors.incrementAndGet();
			logger.error("Listener '" + handler.endpoint() + "' failed on a message with tag '" + message.tag()
					+ "' from channel '" + AxonListenerContainer.this.key + "'", ex);
			replyError(message, (ex.getMessage() != null) ? ex.getMessage() : ex.getClass().getName());
		}

		private void unhandled(MessageView message) {
			AxonListenerContainer.this.unhandled.incrementAndGet();
			String text = "No listener for tag '" + message.tag() + "' on channel '" + AxonListenerContainer.this.key
					+ "'";
			Set<String> logged = AxonListenerContainer.this.unhandledTags;
			if (AxonListenerContainer.this.options.logUnhandledTags() && logged.size() < MAX_UNHANDLED_TAGS
					&& logged.add(message.tag())) {
				logger.warn(text + " (further messages with this tag are only counted)");
			}
			replyError(message, text);
		}

		private void setAside(MessageView message) {
			AxonListenerContainer.this.setAside.incrementAndGet();
			replyError(message, AxonListenerContainer.this.redeliveryLimit.setAside(message));
		}

		private void replyError(MessageView message, String text) {
			if (!message.isRequest()) {
				return;
			}
			try {
				this.channel.sender().replyError(message, text);
			}
			catch (RuntimeException ex) {
				unanswered(message, ex);
			}
		}

		private void unanswered(MessageView request, RuntimeException ex) {
			logger.error("A request with tag '" + request.tag() + "' from channel '" + AxonListenerContainer.this.key
					+ "' stays without a reply", ex);
		}

	}

}
