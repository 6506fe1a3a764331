package io.axonipc.spring.autoconfigure.metrics;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import io.axonipc.spring.ListenerTimers;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

/**
 * The timer {@code axon.listener}, with the tags {@code channel} (its key),
 * {@code listener} (its id), {@code result} ({@code success} or {@code error}) and
 * {@code exception} (its simple name, or {@code none}).
 */
final class AxonListenerTimers implements ListenerTimers {

	private final MeterRegistry registry;

	AxonListenerTimers(MeterRegistry registry) {
		this.registry = registry;
	}

	@Override
	public ListenerTimer timer(String channel, String listener) {
		Timer success = register(channel, listener, "success", "none");
		Map<String, Timer> errors = new ConcurrentHashMap<>();
		return (nanos, failure) -> {
			Timer timer = (failure == null) ? success : errors.computeIfAbsent(AxonListenerObservations.name(failure),
					(name) -> register(channel, listener, "error", name));
			timer.record(nanos, TimeUnit.NANOSECONDS);
		};
	}

	private Timer register(String channel, String listener, String result, String exception) {
		return Timer.builder(AxonListenerObservations.NAME)
			.tags("channel", channel, "listener", listener, "result", result, "exception", exception)
			.description("Time from taking a message to the end of its listener and, for a request, its reply")
			.register(this.registry);
	}

}
