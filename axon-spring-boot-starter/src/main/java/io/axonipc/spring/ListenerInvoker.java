package io.axonipc.spring;

import io.axonipc.MessageView;
import org.jspecify.annotations.Nullable;

/** Calls a listener method; how is decided once, at start-up. */
@FunctionalInterface
interface ListenerInvoker {

	/**
	 * Calls the method.
	 * @param message the message, valid until this returns
	 * @return what the method returned
	 * @throws Throwable what the method threw, or that it could not be called
	 */
	@Nullable Object invoke(MessageView message) throws Throwable;

}
