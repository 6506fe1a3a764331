package io.axonipc.spring;

import org.springframework.context.ApplicationEvent;

/**
 * It is impossible to receive from a channel, for a time or for good. Not published for
 * an exception of a listener. Published by the thread that receives.
 */
public final class AxonListenerFailedEvent extends ApplicationEvent {

	private static final long serialVersionUID = 1L;

	private final String channel;

	private final Throwable failure;

	private final boolean fatal;

	AxonListenerFailedEvent(Object source, String channel, Throwable failure, boolean fatal) {
		super(source);
		this.channel = channel;
		this.failure = failure;
		this.fatal = fatal;
	}

	/**
	 * The channel.
	 * @return its key
	 */
	public String getChannel() {
		return this.channel;
	}

	/**
	 * What went wrong.
	 * @return what was thrown
	 */
	public Throwable getFailure() {
		return this.failure;
	}

	/**
	 * Whether its listeners have ended, because the channel is corrupt for instance.
	 * @return false when receiving is tried again; published once for a series of tries
	 */
	public boolean isFatal() {
		return this.fatal;
	}

}
