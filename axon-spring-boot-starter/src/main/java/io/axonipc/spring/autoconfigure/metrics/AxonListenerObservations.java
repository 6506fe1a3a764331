package io.axonipc.spring.autoconfigure.metrics;

import java.util.Map;

import io.axonipc.MessageView;
import io.axonipc.spring.ListenerTimers;
import io.axonipc.spring.TraceContext;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.ReceiverContext;
import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * The observation {@code axon.listener}, in place of the timer of that name and with the
 * same keys. It continues the trace that the sender put into the message's metadata.
 */
final class AxonListenerObservations implements ListenerTimers {

	static final String NAME = "axon.listener";

	private final ObservationRegistry registry;

	AxonListenerObservations(ObservationRegistry registry) {
		this.registry = registry;
	}

	@Override
	public ListenerTimer timer(String channel, String listener) {
		return new ListenerObservation(channel, listener);
	}

	/** Anonymous classes have no simple name. */
	static String name(Throwable failure) {
		String name = failure.getClass().getSimpleName();
		return StringUtils.hasText(name) ? name : failure.getClass().getName();
	}

	private final class ListenerObservation implements ListenerTimer {

		private final String channel;

		private final String listener;

		ListenerObservation(String channel, String listener) {
			this.channel = channel;
			this.listener = listener;
		}

		@Override
		public ListenerCall prepare(MessageView message) {
			ReceiverContext<Map<String, String>> context = new ReceiverContext<>(Map::get,
					message.isRequest() ? Kind.SERVER : Kind.CONSUMER);
			context.setCarrier(TraceContext.read(message.metadata()));
			Observation observation = Observation
				.createNotStarted(NAME, () -> context, AxonListenerObservations.this.registry)
				.contextualName(message.tag() + " listen")
				.lowCardinalityKeyValue("channel", this.channel)
				.lowCardinalityKeyValue("listener", this.listener)
				.lowCardinalityKeyValue("result", "success")
				.lowCardinalityKeyValue("exception", "none")
				.highCardinalityKeyValue("tag", message.tag());
			return new ObservedCall(observation);
		}

		/** The observation's handlers know the time. */
		@Override
		public void record(long nanos, @Nullable Throwable failure) {
		}

	}

	private final class ObservedCall implements ListenerCall {

		private final Observation observation;

		private Observation.@Nullable Scope outer;

		private Observation.@Nullable Scope scope;

		ObservedCall(Observation observation) {
			this.observation = observation;
		}

		@Override
		public void start() {
			this.outer = AxonListenerObservations.this.registry.getCurrentObservationScope();
			this.observation.start();
			this.scope = this.observation.openScope();
		}

		@Override
		public void leave() {
			try {
				closeScopes();
			}
			finally {
				// A handler that throws keeps a scope from giving way to the outer one.
				AxonListenerObservations.this.registry.setCurrentObservationScope(this.outer);
			}
		}

		@Override
		public void stop(@Nullable Throwable failure) {
			if (failure != null) {
				this.observation.lowCardinalityKeyValue("result", "error")
					.lowCardinalityKeyValue("exception", name(failure))
					.error(failure);
			}
			this.observation.stop();
		}

		/** Including those that the listener left open, or an opening that failed. */
		private void closeScopes() {
			Observation.Scope inner = AxonListenerObservations.this.registry.getCurrentObservationScope();
			while (inner != null && inner != this.scope && inner != this.outer) {
				inner.close();
				inner = inner.getPreviousObservationScope();
			}
			if (this.scope != null) {
				this.scope.close();
			}
		}

	}

}
