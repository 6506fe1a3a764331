package io.axonipc.spring;

import org.jspecify.annotations.Nullable;

import org.springframework.core.retry.RetryPolicy;

/**
 * The settings that all listeners of a channel share.
 *
 * @param pollLimit how many messages to take before looking for a stop or a pause, 1 or
 * more
 * @param redeliveryLimit how many processes may die with a message in hand before it is
 * set aside, 1 to {@value #MAX_REDELIVERY_LIMIT}; 0 for any number
 * @param executor {@value #DIRECT}, {@value #VIRTUAL} or the name of an executor bean
 * @param retry when a method that threw is called again, or null for never
 * @param logUnhandledTags whether the first message with a tag that no listener handles
 * is logged
 */
public record ListenerOptions(int pollLimit, int redeliveryLimit, String executor, @Nullable RetryPolicy retry,
		boolean logUnhandledTags) {

	/**
	 * The core counts deliveries up to 63: those to listeners, and as many after them.
	 */
	public static final int MAX_REDELIVERY_LIMIT = 31;

	/** The executor that is none: the thread that receives calls the listener. */
	public static final String DIRECT = "direct";

	/** The executor that starts a virtual thread for each message. */
	public static final String VIRTUAL = "virtual";

	private static final ListenerOptions DEFAULTS = new ListenerOptions(1, 3, DIRECT, null, true);

	/**
	 * One message at a time, set aside after three deaths, handled in the thread that
	 * receives it, once; and unhandled tags are logged.
	 * @return the defaults
	 */
	public static ListenerOptions defaults() {
		return DEFAULTS;
	}

}
