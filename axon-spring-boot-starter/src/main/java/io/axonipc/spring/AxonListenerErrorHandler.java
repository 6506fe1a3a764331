package io.axonipc.spring;

import org.jspecify.annotations.Nullable;

import org.springframework.messaging.Message;

/**
 * Takes the messages that their listener failed on, after the retries, if there are any.
 * The only bean of this type, or the primary one, serves all listeners that name no other
 * with {@link AxonListener#errorHandler()}. The failure is counted either way.
 * <p>
 * Called by the thread that called the listener.
 */
@FunctionalInterface
public interface AxonListenerErrorHandler {

	/**
	 * Takes a message. What this returns is the reply to a request, unless the listener
	 * has an executor.
	 * @param message a copy of the message, with the headers of {@link AxonHeaders}
	 * @param failure what the listener, or the conversion of its payload or reply, threw;
	 * may be an {@link Error}
	 * @return the reply, or null for an empty one
	 * @throws Throwable when the message cannot be taken, {@code failure} itself for
	 * instance: it is logged, and a request is answered with it
	 */
	@Nullable Object handleError(Message<byte[]> message, Throwable failure) throws Throwable;

}
