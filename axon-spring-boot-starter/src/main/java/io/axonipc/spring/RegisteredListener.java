package io.axonipc.spring;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * An {@link AxonListener} method of a running application; thread-safe.
 * <p>
 * A channel is taken from in order. So nothing is taken from it while one of its
 * listeners is stopped or paused: what is sent to any of them waits in the channel, and
 * nothing is lost. Its last state lasts until the application context is stopped.
 */
public final class RegisteredListener {

	private final AxonListenerEndpoint endpoint;

	private final AxonListenerContainer container;

	RegisteredListener(AxonListenerEndpoint endpoint, AxonListenerContainer container) {
		this.endpoint = endpoint;
		this.container = container;
	}

	/**
	 * The listener's id.
	 * @return the id, unique within the application
	 */
	public String getId() {
		return this.endpoint.id();
	}

	/**
	 * The channel it listens to.
	 * @return the channel's key
	 */
	public String getChannel() {
		return this.container.key();
	}

	/**
	 * The tags and patterns it handles.
	 * @return an unmodifiable list
	 */
	public List<String> getTags() {
		return this.endpoint.tags();
	}

	/**
	 * Starts it, and opens its channel if that is not open. Messages come when all
	 * listeners of the channel are started.
	 * @throws IllegalStateException if the application context is stopped, or the channel
	 * has failed and is closed until the context is started again
	 */
	public void start() {
		this.container.start(getId());
	}

	/**
	 * Stops it, and so its channel's other listeners. Waits for the messages in hand,
	 * unless a listener calls this, of this or of another channel.
	 */
	public void stop() {
		CompletableFuture<Void> end = this.container.stop(getId());
		if (!AxonListenerContainer.isCalledByListener()) {
			end.join();
		}
	}

	/**
	 * Has nothing more taken from its channel, whose thread stays. The message in hand is
	 * finished, and this does not wait for it.
	 */
	public void pause() {
		this.container.pause(getId());
	}

	/** Goes on after a {@link #pause()}. */
	public void resume() {
		this.container.resume(getId());
	}

	/**
	 * Whether it gets messages: it and all others of its channel are started and not
	 * paused.
	 * @return true when it does
	 */
	public boolean isRunning() {
		return this.container.isTaking();
	}

	/**
	 * Whether this listener is paused.
	 * @return true between {@link #pause()} and {@link #resume()}
	 */
	public boolean isPaused() {
		return this.container.isPaused(getId());
	}

}
