package io.axonipc.spring;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which listeners of a channel are stopped or paused. A channel is taken from in order,
 * so one of them keeps the others from it, too.
 */
final class ListenerSwitches {

	private final Set<String> stopped = ConcurrentHashMap.newKeySet();

	private final Set<String> paused = ConcurrentHashMap.newKeySet();

	/** Puts all to what they are when the application starts. */
	void reset(Collection<AxonListenerEndpoint> endpoints, boolean autoStartup) {
		this.stopped.clear();
		this.paused.clear();
		for (AxonListenerEndpoint endpoint : endpoints) {
			Boolean own = endpoint.options().autoStartup();
			if (!((own != null) ? own : autoStartup)) {
				this.stopped.add(endpoint.id());
			}
		}
	}

	void start(String id) {
		this.stopped.remove(id);
	}

	void stop(String id) {
		this.stopped.add(id);
	}

	boolean areAllStarted() {
		return this.stopped.isEmpty();
	}

	void pause(String id) {
		this.paused.add(id);
	}

	void resume(String id) {
		this.paused.remove(id);
	}

	boolean isPaused(String id) {
		return this.paused.contains(id);
	}

	boolean isAnyPaused() {
		return !this.paused.isEmpty();
	}

}
