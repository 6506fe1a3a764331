package io.axonipc.samples.benchmarks.worker;

import java.util.Map;

/**
 * What a connected worker does at a command. Used by one thread, which is pinned when the
 * scenario wants it.
 */
public interface Task extends AutoCloseable {

	/**
	 * Exchanges messages.
	 * @param messages exactly so many
	 * @return the figures to report, by key; empty when the other side measures
	 * @throws Exception when the system fails or a message was wrong
	 */
	Map<String, Number> round(long messages) throws Exception;

	/**
	 * Waits for a message as this system ordinarily does, while nothing comes.
	 * @param nanos how long
	 * @throws Exception when the system fails
	 */
	void idle(long nanos) throws Exception;

	@Override
	void close();

}
