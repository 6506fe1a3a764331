package io.axonipc.spring;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

import io.axonipc.spring.AxonListenerContainer.Handler;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.messaging.Message;

/** Counts the messages of a channel that listeners fail on, and finds who takes them. */
final class ListenerErrors {

	private static final Log logger = LogFactory.getLog(ListenerErrors.class);

	private final String channel;

	private final AtomicLong count = new AtomicLong();

	ListenerErrors(String channel) {
		this.channel = channel;
	}

	void count() {
		this.count.incrementAndGet();
	}

	long total() {
		return this.count.get();
	}

	/**
	 * Counts a failure and gives it to the error handler.
	 * @return the reply of that
	 * @throws Throwable the failure, where there is no error handler, or what that threw
	 */
	@Nullable Object recover(Handler handler, Supplier<Message<byte[]>> message, Throwable failure) throws Throwable {
		count();
		if (handler.errorHandler() == null) {
			throw failure;
		}
		try {
			return handler.errorHandler().handleError(message.get(), failure);
		}
		finally {
			Thread.interrupted();
		}
	}

	void log(Handler handler, String tag, Throwable failure) {
		logger.error("Listener '" + handler.endpoint() + "' failed on a message with tag '" + tag + "' from channel '"
				+ this.channel + "'", failure);
	}

}
