package io.axonipc.spring;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import io.axonipc.AxonChannel;
import io.axonipc.MessageHandler;
import io.axonipc.MessageView;
import io.axonipc.spring.ListenerTimers.ListenerCall;
import io.axonipc.spring.ListenerTimers.ListenerTimer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.context.ApplicationEventPublisher;

/** The thread that receives from one channel and calls its listeners. */
final class AxonListenerContainer {

	private static final Log logger = LogFactory.getLog(AxonListenerContainer.class);

	/** How soon a stop is noticed by a channel without traffic, or in trouble. */
	private static final Duration POLL_TIMEOUT = Duration.ofMillis(100);

	/** Tags come from the peer: what is remembered of them has a bound. */
	private static final int MAX_UNHANDLED_TAGS = 100;

	private final String key;

	private final AxonChannels channels;

	private final ListenerOptions options;

	private final RedeliveryLimit redeliveryLimit;

	private final ApplicationEventPublisher publisher;

	private final List<AxonListenerEndpoint> endpoints = new ArrayList<>();

	private final ListenerSwitches switches = new ListenerSwitches();

	private final CallsInHand handedOver = new CallsInHand();

	private final Set<String> unhandledTags = new HashSet<>();

	private final ListenerReplies replies;

	private final AtomicLong unhandled = new AtomicLong();

	private final AtomicLong setAside = new AtomicLong();

	private final AtomicLong failures = new AtomicLong();

	private ListenerTable table = new ListenerTable(Map.of());

	private boolean started;

	private volatile @Nullable Loop loop;

	/** Of the last loop, which may still have a message in hand when it was stopped. */
	private CompletableFuture<Void> ended = CompletableFuture.completedFuture(null);

	AxonListenerContainer(String key, AxonChannels channels, PayloadConverter converter,
			@Nullable AxonMessageRecoverer recoverer, ApplicationEventPublisher publisher) {
		this.key = key;
		this.channels = channels;
		this.options = channels.definition(key).listener();
		this.redeliveryLimit = new RedeliveryLimit(key, this.options.redeliveryLimit(), recoverer);
		this.replies = new ListenerReplies(key, converter, this.handedOver,
				channels.definition(key).options().sendTimeout());
		this.publisher = publisher;
	}

	/** A listener, the way to call it, and what its failures and times go to, if any. */
	record Handler(AxonListenerEndpoint endpoint, ListenerInvoker invoker,
			@Nullable AxonListenerErrorHandler errorHandler, @Nullable ListenerTimer timer) {
	}

	String key() {
		return this.key;
	}

	/** Takes its listeners, once, before the start. */
	void register(Map<String, Handler> handlers) {
		this.table = new ListenerTable(handlers);
		handlers.values().stream().map(Handler::endpoint).distinct().forEach(this.endpoints::add);
	}

	/** Starts with the application context, when all listeners start by themselves. */
	synchronized void start() {
		this.started = true;
		this.switches.reset(this.endpoints, this.channels.definition(this.key).opening().autoStartup());
		startLoop();
	}

	synchronized void start(String id) {
		if (!this.started) {
			throw new IllegalStateException(
					"Listener '" + id + "' cannot be started while its application context is stopped");
		}
		if (isFailed()) {
			throw new IllegalStateException("Listener '" + id + "' cannot be started: its channel '" + this.key
					+ "' failed and is closed. Remove the cause, which the log has, and restart the application context");
		}
		this.switches.start(id);
		startLoop();
	}

	private void startLoop() {
		if (this.loop == null && this.switches.areAllStarted()) {
			Loop loop = new Loop(this.channels.channel(this.key), this.ended);
			this.loop = loop;
			this.ended = loop.ended;
			new ListenerThread(this, loop).start();
			logger.info("Channel '" + this.key + "' is listened to by " + this.endpoints);
		}
	}

	/**
	 * Takes no further message.
	 * @return completes when the messages in hand are done with, but that of the calling
	 * listener
	 */
	synchronized CompletableFuture<Void> stop() {
		this.started = false;
		CompletableFuture<Void> end = stopLoop();
		this.loop = null;
		return end;
	}

	synchronized CompletableFuture<Void> stop(String id) {
		this.switches.stop(id);
		return stopLoop();
	}

	/** One that has failed stays, as a sign that there is no other until a restart. */
	private CompletableFuture<Void> stopLoop() {
		if (this.loop != null && !isFailed()) {
			this.loop.stop.complete(null);
			this.loop = null;
		}
		boolean receives = Thread.currentThread() instanceof ListenerThread thread && thread.isOf(this);
		CallsInHand.Call mine = CallsInHand.mine();
		CompletableFuture<Void> end = receives ? CompletableFuture.completedFuture(null) : this.ended;
		return end.thenCompose((nothing) -> this.handedOver.allBut(mine));
	}

	/**
	 * Whether the current thread is a listener's, of whatever channel. Two of them that
	 * wait for each other would never end.
	 */
	static boolean isCalledByListener() {
		return Thread.currentThread() instanceof ListenerThread || CallsInHand.mine() != null;
	}

	/**
	 * Waits for a stop.
	 * @param millis the longest wait
	 */
	void awaitStop(long millis) throws InterruptedException {
		Loop loop = this.loop;
		if (loop == null) {
			return;
		}
		try {
			loop.stop.get(millis, TimeUnit.MILLISECONDS);
		}
		catch (TimeoutException | ExecutionException ex) {
			// It goes on.
		}
	}

	void pause(String id) {
		this.switches.pause(id);
	}

	synchronized void resume(String id) {
		this.switches.resume(id);
		if (this.loop != null) {
			LockSupport.unpark(this.loop.thread);
		}
	}

	boolean isPaused(String id) {
		return this.switches.isPaused(id);
	}

	CallsInHand handedOver() {
		return this.handedOver;
	}

	/** Whether a thread receives: false after a failure that it could not go on from. */
	boolean isRunning() {
		Loop loop = this.loop;
		return loop != null && !loop.ended.isDone();
	}

	/** Whether the thread that received has ended with a failure, unlike after a stop. */
	boolean isFailed() {
		Loop loop = this.loop;
		return loop != null && loop.ended.isDone();
	}

	/** Whether it takes messages as well. */
	boolean isTaking() {
		return isRunning() && !this.switches.isAnyPaused();
	}

	long failures() {
		return this.failures.get();
	}

	ListenerReplies replies() {
		return this.replies;
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

		private final CompletableFuture<Void> previous;

		private final ListenerEvents events = new ListenerEvents(AxonListenerContainer.this,
				AxonListenerContainer.this.key, AxonListenerContainer.this.publisher);

		private final CompletableFuture<Void> ended = new CompletableFuture<>();

		private final CompletableFuture<Void> stop = new CompletableFuture<>();

		private volatile @Nullable Thread thread;

		/** Since the last failure, so that a series of them is logged once. */
		private boolean failing;

		Loop(AxonChannel channel, CompletableFuture<Void> previous) {
			this.channel = channel;
			this.previous = previous;
		}

		@Override
		public void run() {
			this.thread = Thread.currentThread();
			this.previous.join();
			AxonListenerContainer.this.replies.use(this.channel);
			Throwable failure = null;
			try {
				while (!this.stop.isDone()) {
					receive();
				}
			}
			catch (Throwable ex) {
				// A channel that is closed under a stop was not waited for any longer.
				if (!this.stop.isDone()) {
					AxonListenerContainer.this.failures.incrementAndGet();
					logger.error("Channel '" + AxonListenerContainer.this.key + "' is no longer listened to. "
							+ "Remove the cause and restart the application; what is unread waits for it", ex);
					failure = ex;
				}
			}
			finally {
				this.ended.complete(null);
			}
			if (failure != null) {
				this.events.failed(failure, true);
			}
		}

		/**
		 * Takes a message, if one comes. Listeners do not make this fail; what does may
		 * pass: a lack of memory or of file descriptors.
		 */
		private void receive() {
			try {
				int messages = AxonListenerContainer.this.switches.isAnyPaused() ? pause() : this.channel.receiver()
					.poll(this.messageHandler, AxonListenerContainer.this.options.pollLimit(), POLL_TIMEOUT);
				this.events.afterPoll(this.channel, messages);
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
					this.events.failed(ex, false);
				}
				// An interrupted thread would not wait.
				Thread.interrupted();
				LockSupport.parkNanos(POLL_TIMEOUT.toNanos());
			}
		}

		private int pause() {
			LockSupport.parkNanos(POLL_TIMEOUT.toNanos());
			return 0;
		}

		private void onMessage(MessageView message) {
			if (AxonListenerContainer.this.redeliveryLimit.isReached(message)) {
				setAside(message);
				return;
			}
			Handler handler = AxonListenerContainer.this.table.find(message.tag());
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
			ListenerCall call = timer.prepare(message);
			if (call != null) {
				call.start();
			}
			Throwable failure = handle(handler, message);
			if (call != null) {
				call.leave();
				call.stop(failure);
			}
			timer.record(System.nanoTime() - start, failure);
		}

		private @Nullable Throwable handle(Handler handler, MessageView message) {
			long id = message.isRequest() ? message.correlationId() : ListenerReplies.NONE;
			try {
				Object result = invoke(handler, message);
				return (result != HandOver.LATER) ? AxonListenerContainer.this.replies.reply(message.tag(), id, result)
						: null;
			}
			catch (Throwable ex) {
				AxonListenerContainer.this.replies.fail(handler, message.tag(), id,
						() -> ListenerInvokerFactory.toMessage(message, AxonListenerContainer.this.key), ex);
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
			if (message.isRequest()) {
				AxonListenerContainer.this.replies.error(message.tag(), message.correlationId(), text);
			}
		}

	}

}
