package io.axonipc.spring;

/** The thread that receives from a channel; keeps the JVM running. */
final class ListenerThread extends Thread {

	ListenerThread(String key, Runnable loop) {
		super(loop, "axon-" + key);
		setDaemon(false);
	}

}
