package io.axonipc.spring;

import io.axonipc.MessageView;

/**
 * Takes the messages that are set aside, because as many processes as
 * {@code axon.channels.<key>.listener.redelivery-limit} says died with one in hand, in
 * place of their listener. Without a bean of this type they are discarded. Either way
 * each is logged and counted, and a request is answered with an error.
 * <p>
 * Called by the thread that receives from the channel. Should the process die in here the
 * message comes here again, as often as the limit says; then it is discarded.
 */
@FunctionalInterface
public interface AxonMessageRecoverer {

	/**
	 * Takes a message; it is acknowledged when this returns or throws.
	 * @param message the message, valid until this returns; what is needed longer must be
	 * copied
	 * @param channel the channel's key
	 * @throws Exception when the message cannot be taken: it is logged, and the message
	 * is discarded
	 */
	void recover(MessageView message, String channel) throws Exception;

}
