package io.axonipc.spring;

import io.axonipc.MessageView;
import org.jspecify.annotations.Nullable;

/** Where the times that listeners take are recorded. */
@FunctionalInterface
public interface ListenerTimers {

	/**
	 * Makes the timer of a listener; called once for each, before the first message.
	 * @param channel the channel's key
	 * @param listener the listener's id
	 * @return its timer
	 */
	ListenerTimer timer(String channel, String listener);

	/** Records how long one listener takes. */
	@FunctionalInterface
	interface ListenerTimer {

		/**
		 * Prepares for a message; called by the thread that receives it.
		 * @param message the message, valid until this returns
		 * @return what is to be told of the message's start and end, or null
		 */
		default @Nullable ListenerCall prepare(MessageView message) {
			return null;
		}

		/**
		 * Called afterwards, in any thread: records that a message has been handled, and
		 * a request answered.
		 * @param nanos how long that took
		 * @param failure what it failed with, or null
		 */
		void record(long nanos, @Nullable Throwable failure);

	}

	/** One message in the hands of a listener. */
	interface ListenerCall {

		/** Called right before the listener. */
		void start();

		/** Called after the listener, in the same thread, even if the start failed. */
		void leave();

		/**
		 * Called at last, in any thread: when a future that the listener returned has
		 * been completed, too.
		 * @param failure what it failed with, or null
		 */
		void stop(@Nullable Throwable failure);

	}

}
