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
		 * Called before the listener, by the thread that calls it.
		 * @param message the message, valid until the listener has returned
		 */
		default void begin(MessageView message) {
		}

		/**
		 * Called by the same thread afterwards: records that a message has been handled:
		 * its listener called, and a request answered.
		 * @param nanos how long that took
		 * @param failure what it failed with, or null
		 */
		void record(long nanos, @Nullable Throwable failure);

	}

}
