package io.axonipc.spring;

import java.util.function.Function;

import io.axonipc.MessageView;
import org.jspecify.annotations.Nullable;

/**
 * How a listener method is called, decided once, at start-up.
 *
 * @param argument takes from a message what the method needs: a copy, or a view in place
 * @param call calls the method with that
 */
record ListenerMethod(Function<MessageView, ? extends @Nullable Object> argument, Call call) {

	@Nullable Object invoke(MessageView message) throws Throwable {
		return this.call.call(this.argument.apply(message));
	}

	/** Calls the method. */
	@FunctionalInterface
	interface Call {

		/**
		 * Calls the method.
		 * @param argument what was taken from the message
		 * @return what the method returned
		 * @throws Throwable what the method threw, or that it could not be called
		 */
		@Nullable Object call(@Nullable Object argument) throws Throwable;

	}

}
