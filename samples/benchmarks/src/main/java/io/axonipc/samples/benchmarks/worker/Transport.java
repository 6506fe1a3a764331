package io.axonipc.samples.benchmarks.worker;

/**
 * One side of a pair that is connected. Used by one thread, but for
 * {@link #send(Payload)} in the scenario with several senders, where each thread has a
 * payload of its own.
 */
public interface Transport extends AutoCloseable {

	/**
	 * Sends the next message, and waits as the mode says until it is accepted.
	 * @param payload gives the bytes
	 * @throws Exception when the system fails
	 */
	void send(Payload payload) throws Exception;

	/**
	 * Whether several threads may send at a time; else those that do take turns with a
	 * lock, as a user's threads would have to.
	 * @return whether the system's sender is thread-safe
	 */
	default boolean isThreadSafe() {
		return false;
	}

	/**
	 * Waits as the mode says for a message, and takes those that are there, each read in
	 * full.
	 * @param payload told of each message
	 * @param limit the most messages to take, 1 and up
	 * @return how many were taken, 1 to limit
	 * @throws Exception when the system fails
	 */
	int receive(Payload payload, int limit) throws Exception;

	/**
	 * Takes one message, reads it in full, and sends a copy of it back.
	 * @param payload told of the message
	 * @throws Exception when the system fails
	 */
	void echo(Payload payload) throws Exception;

	/**
	 * Waits as {@link #receive} does, while nothing comes.
	 * @param nanos how long
	 * @throws Exception when the system fails
	 */
	void idle(long nanos) throws Exception;

	@Override
	void close();

}
