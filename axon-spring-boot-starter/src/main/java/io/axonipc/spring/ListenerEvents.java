package io.axonipc.spring;

import io.axonipc.AxonChannel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationEventPublisher;

/** Publishes what the thread that receives from a channel notices. */
final class ListenerEvents {

	private static final Log logger = LogFactory.getLog(ListenerEvents.class);

	private final Object source;

	private final String channel;

	private final ApplicationEventPublisher publisher;

	private boolean peerUp;

	ListenerEvents(Object source, String channel, ApplicationEventPublisher publisher) {
		this.source = source;
		this.channel = channel;
		this.publisher = publisher;
	}

	/**
	 * Looks for the peer, with a system call, unless a message came from one that is
	 * there.
	 */
	void afterPoll(AxonChannel channel, int messages) {
		if (messages == 0 || !this.peerUp) {
			boolean up = channel.isPeerAlive();
			if (up != this.peerUp) {
				this.peerUp = up;
				publish(up ? new AxonPeerEvent.Up(this.source, this.channel)
						: new AxonPeerEvent.Down(this.source, this.channel));
			}
		}
	}

	void failed(Throwable failure, boolean fatal) {
		publish(new AxonListenerFailedEvent(this.source, this.channel, failure, fatal));
	}

	/** What an application does with an event must not end the thread that receives. */
	private void publish(ApplicationEvent event) {
		try {
			this.publisher.publishEvent(event);
		}
		catch (Throwable ex) {
			logger.error("A listener of " + event + " failed", ex);
		}
	}

}
