package io.axonipc.spring;

/** The thread that receives from a channel; keeps the JVM running. */
final class ListenerThread extends Thread {

	private final AxonListenerContainer container;

	ListenerThread(AxonListenerContainer container, Runnable loop) {
		super(loop, "axon-" + container.key());
		this.container = container;
		setDaemon(false);
	}

	boolean isOf(AxonListenerContainer container) {
		return this.container == container;
	}

}
