package io.axonipc.spring;

import org.springframework.context.ApplicationEvent;

/**
 * The peer of a channel has come or gone. Published for channels with listeners that are
 * started, by the thread that receives, within about 100 ms of idleness; a peer that goes
 * and comes back faster than that is not noticed. Listen to {@link Up} or {@link Down}.
 */
public abstract sealed class AxonPeerEvent extends ApplicationEvent {

	private static final long serialVersionUID = 1L;

	private final String channel;

	AxonPeerEvent(Object source, String channel) {
		super(source);
		this.channel = channel;
	}

	/**
	 * The channel.
	 * @return its key
	 */
	public String getChannel() {
		return this.channel;
	}

	/** The peer has attached, or was there when the listeners started. */
	public static final class Up extends AxonPeerEvent {

		private static final long serialVersionUID = 1L;

		Up(Object source, String channel) {
			super(source, channel);
		}

	}

	/** The peer has closed the channel or died. */
	public static final class Down extends AxonPeerEvent {

		private static final long serialVersionUID = 1L;

		Down(Object source, String channel) {
			super(source, channel);
		}

	}

}
