package io.axonipc.spring;

import java.util.concurrent.Executor;

import io.axonipc.MessageView;
import io.axonipc.spring.AxonListenerContainer.Handler;
import io.axonipc.spring.ListenerTimers.ListenerCall;
import org.jspecify.annotations.Nullable;

import org.springframework.messaging.Message;

/**
 * Lets an executor call a listener with a copy of what it needs of the message, which is
 * acknowledged, and answered if it is a request, when the executor has taken it.
 *
 * @param container counts failures, and waits for calls when it stops
 * @param handler what to call, and whom to tell
 * @param method how to call it
 * @param executor what calls
 */
record HandOver(AxonListenerContainer container, Handler handler, ListenerMethod method,
		Executor executor) implements ListenerInvoker {

	@Override
	public @Nullable Object invoke(MessageView message) {
		long start = System.nanoTime();
		ListenerCall timed = (this.handler.timer() != null) ? this.handler.timer().prepare(message) : null;
		try {
			handOver(message, timed);
			return null;
		}
		catch (Throwable ex) {
			if (timed != null) {
				timed.start();
			}
			record(start, timed, ex);
			throw ex;
		}
	}

	private void handOver(MessageView message, @Nullable ListenerCall timed) {
		Object argument = this.method.argument().apply(message);
		String tag = message.tag();
		Message<byte[]> copy = (this.handler.errorHandler() != null)
				? ListenerInvokerFactory.toMessage(message, this.container.key()) : null;
		this.container.handedOver().begin();
		boolean taken = false;
		try {
			this.executor.execute(() -> this.container.handedOver().run(() -> call(argument, tag, copy, timed)));
			taken = true;
		}
		finally {
			if (!taken) {
				this.container.handedOver().end();
			}
		}
	}

	private void call(@Nullable Object argument, String tag, @Nullable Message<byte[]> copy,
			@Nullable ListenerCall timed) {
		long start = System.nanoTime();
		Throwable failure = null;
		if (timed != null) {
			timed.start();
		}
		try {
			this.method.call().call(argument);
		}
		catch (Throwable ex) {
			failure = ex;
			recover(tag, copy, ex);
		}
		finally {
			record(start, timed, failure);
		}
	}

	private void record(long start, @Nullable ListenerCall timed, @Nullable Throwable failure) {
		if (timed != null) {
			timed.stop(failure);
		}
		if (this.handler.timer() != null) {
			this.handler.timer().record(System.nanoTime() - start, failure);
		}
	}

	private void recover(String tag, @Nullable Message<byte[]> copy, Throwable failure) {
		try {
			this.container.errors().recover(this.handler, () -> copy, failure);
		}
		catch (Throwable left) {
			this.container.errors().log(this.handler, tag, left);
		}
	}

}
