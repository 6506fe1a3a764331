package io.axonipc.spring;

import io.axonipc.MessageView;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * When a message is set aside before a listener sees it, and what becomes of it then.
 *
 * @param channel the channel's key
 * @param deaths how many processes may die with a message in hand; 0 for any number
 * @param recoverer takes what is set aside; null to discard it
 */
record RedeliveryLimit(String channel, int deaths, @Nullable AxonMessageRecoverer recoverer) {

	private static final Log logger = LogFactory.getLog(RedeliveryLimit.class);

	boolean isReached(MessageView message) {
		return this.deaths > 0 && message.deliveries() > this.deaths;
	}

	/**
	 * Sets a message aside.
	 * @return what happened to it, for who waits for a reply
	 */
	String setAside(MessageView message) {
		int died = message.deliveries() - 1;
		String text = "The message with tag '" + message.tag() + "' on channel '" + this.channel
				+ "' is set aside; processes that died with it in hand: " + died;
		// A recoverer that kills, too, has as many tries as the listener had.
		AxonMessageRecoverer next = (died < 2 * this.deaths) ? this.recoverer : null;
		// Said first: the process may not live to say it afterwards.
		logger.error(text + ". Its " + message.length() + " bytes are "
				+ ((next != null) ? "handed to the AxonMessageRecoverer" : "discarded"));
		if (next != null) {
			recover(next, message);
		}
		return text;
	}

	private void recover(AxonMessageRecoverer next, MessageView message) {
		try {
			next.recover(message, this.channel);
		}
		catch (Throwable ex) {
			logger.error("A message with tag '" + message.tag() + "' from channel '" + this.channel
					+ "' is discarded: the AxonMessageRecoverer failed on it", ex);
		}
	}

}
