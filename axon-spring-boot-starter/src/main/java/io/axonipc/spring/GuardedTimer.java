package io.axonipc.spring;

import java.util.concurrent.atomic.AtomicBoolean;

import io.axonipc.MessageView;
import io.axonipc.spring.ListenerTimers.ListenerCall;
import io.axonipc.spring.ListenerTimers.ListenerTimer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/** Keeps what a timer throws from deciding about messages. */
final class GuardedTimer implements ListenerTimer {

	private static final Log logger = LogFactory.getLog(GuardedTimer.class);

	private final ListenerTimer timer;

	private final AxonListenerEndpoint endpoint;

	private final AtomicBoolean logged = new AtomicBoolean();

	GuardedTimer(ListenerTimer timer, AxonListenerEndpoint endpoint) {
		this.timer = timer;
		this.endpoint = endpoint;
	}

	@Override
	public @Nullable ListenerCall prepare(MessageView message) {
		try {
			ListenerCall call = this.timer.prepare(message);
			return (call != null) ? new GuardedCall(call) : null;
		}
		catch (Throwable ex) {
			log(ex);
			return null;
		}
	}

	@Override
	public void record(long nanos, @Nullable Throwable failure) {
		try {
			this.timer.record(nanos, failure);
		}
		catch (Throwable ex) {
			log(ex);
		}
	}

	private void log(Throwable failure) {
		if (this.logged.compareAndSet(false, true)) {
			logger.error("Timing or observing listener '" + this.endpoint
					+ "' failed. Its messages are handled all the same, and further such failures are not logged",
					failure);
		}
	}

	private final class GuardedCall implements ListenerCall {

		private final ListenerCall call;

		GuardedCall(ListenerCall call) {
			this.call = call;
		}

		@Override
		public void start() {
			try {
				this.call.start();
			}
			catch (Throwable ex) {
				log(ex);
			}
		}

		@Override
		public void leave() {
			try {
				this.call.leave();
			}
			catch (Throwable ex) {
				log(ex);
			}
		}

		@Override
		public void stop(@Nullable Throwable failure) {
			try {
				this.call.stop(failure);
			}
			catch (Throwable ex) {
				log(ex);
			}
		}

	}

}
