package io.axonipc.spring;

/** The thread that receives from a channel; keeps the JVM running. */
final class ListenerThread extends Thread {

	ListenerThread(Runnable loop, String channel) {
		super(loop, "axon-" + channel);
		setDaemon(false);
	}

}
