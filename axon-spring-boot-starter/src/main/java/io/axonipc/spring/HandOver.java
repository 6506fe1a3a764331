package io.axonipc.spring;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

import io.axonipc.MessageView;
import io.axonipc.spring.AxonListenerContainer.Handler;
import io.axonipc.spring.ListenerTimers.ListenerCall;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.messaging.Message;

/**
 * Calls a listener whose reply may come when its message is done with: an executor calls
 * it, or it returns a future. It gets a copy of what it needs of the message.
 *
 * @param container counts failures, and waits for calls when it stops
 * @param handler what to call, and whom to tell
 * @param method how to call it
 * @param retry when to call it again, or null for never
 * @param executor what calls it
 * @param futures waits for a future that it returns
 */
record HandOver(AxonListenerContainer container, Handler handler, ListenerMethod method, @Nullable ListenerRetry retry,
		Executor executor, ListenerFutures futures) implements ListenerInvoker {

	/** What it returns: a request is answered later. */
	static final Object LATER = new Object();

	private static final Log logger = LogFactory.getLog(HandOver.class);

	@Override
	public Object invoke(MessageView message) {
		Call call = new Call(message);
		try {
			call.take(message);
			this.executor.execute(call);
		}
		catch (Throwable ex) {
			if (call.refuse(ex)) {
				throw ex;
			}
			logger.error("The executor of listener '" + this.handler.endpoint() + "' failed after it had called it",
					ex);
		}
		return LATER;
	}

	/** One message. */
	private final class Call implements Runnable {

		private final CallsInHand.Call inHand;

		private final AtomicBoolean claimed = new AtomicBoolean();

		private final String tag;

		private final long id;

		private final @Nullable ListenerCall timed;

		private long start = System.nanoTime();

		private boolean left;

		private @Nullable Object argument;

		private @Nullable Message<byte[]> copy;

		Call(MessageView message) {
			this.tag = message.tag();
			this.id = message.isRequest() ? message.correlationId() : ListenerReplies.NONE;
			this.timed = (HandOver.this.handler.timer() != null) ? HandOver.this.handler.timer().prepare(message)
					: null;
			this.inHand = HandOver.this.container.handedOver().begin();
		}

		void take(MessageView message) {
			this.argument = HandOver.this.method.argument().apply(message);
			if (HandOver.this.handler.errorHandler() != null) {
				this.copy = ListenerInvokerFactory.toMessage(message, HandOver.this.container.key());
			}
		}

		/** Returns false if it has been called. */
		boolean refuse(Throwable failure) {
			if (!this.claimed.compareAndSet(false, true)) {
				return false;
			}
			if (this.timed != null) {
				this.timed.start();
				leave();
			}
			end(failure);
			return true;
		}

		@Override
		public void run() {
			if (this.claimed.compareAndSet(false, true)) {
				this.inHand.run(this::call);
			}
		}

		private void call() {
			this.start = System.nanoTime();
			if (this.timed != null) {
				this.timed.start();
			}
			Object result = null;
			Throwable failure = null;
			try {
				result = invoke();
			}
			catch (Throwable ex) {
				failure = ex;
			}
			// An interrupt was meant for the listener, not for its reply.
			Thread.interrupted();
			if (result instanceof CompletionStage<?> stage) {
				leave();
				answerLater(stage);
			}
			else {
				answer(result, failure);
			}
		}

		private void answerLater(CompletionStage<?> stage) {
			try {
				HandOver.this.futures.whenDone(stage, (result, failure) -> this.inHand.run(() -> {
					boolean interrupted = Thread.interrupted();
					answer(result, failure);
					if (interrupted) {
						Thread.currentThread().interrupt();
					}
				}));
			}
			catch (Throwable ex) {
				answer(null, ex);
			}
		}

		/** Whatever happens, the call ends, or a stop would wait for it without end. */
		private void answer(@Nullable Object result, @Nullable Throwable problem) {
			Throwable failure = problem;
			try {
				failure = settle(result, problem);
			}
			catch (Throwable ex) {
				logger.error("Listener '" + HandOver.this.handler.endpoint() + "': what it failed with on a message "
						+ "with tag '" + this.tag + "' cannot be told: " + ex.getClass().getName());
			}
			finally {
				leave();
				end(failure);
			}
		}

		private void leave() {
			if (this.timed != null && !this.left) {
				this.left = true;
				this.timed.leave();
			}
		}

		private @Nullable Object invoke() throws Throwable {
			return (HandOver.this.retry != null) ? HandOver.this.retry.call(this::invokeOnce) : invokeOnce();
		}

		/**
		 * Waits for a future that may have to be made again, and for one that nobody
		 * waits for: so many could be under way.
		 */
		private @Nullable Object invokeOnce() throws Throwable {
			Object result = HandOver.this.method.call().call(this.argument);
			boolean waits = this.id == ListenerReplies.NONE || HandOver.this.retry != null;
			return (waits && result instanceof CompletionStage<?> stage) ? HandOver.this.futures.await(stage) : result;
		}

		/** Answers, or says what failed; returns what did. */
		private @Nullable Throwable settle(@Nullable Object result, @Nullable Throwable problem) {
			Throwable failure = problem;
			try {
				if (failure == null) {
					return HandOver.this.container.replies().reply(this.tag, this.id, result);
				}
			}
			catch (Throwable ex) {
				failure = ex;
			}
			HandOver.this.container.replies().fail(HandOver.this.handler, this.tag, this.id, () -> this.copy, failure);
			return failure;
		}

		private void end(@Nullable Throwable failure) {
			try {
				if (this.timed != null) {
					this.timed.stop(failure);
				}
				if (HandOver.this.handler.timer() != null) {
					HandOver.this.handler.timer().record(System.nanoTime() - this.start, failure);
				}
			}
			finally {
				this.inHand.end();
			}
		}

	}

}
