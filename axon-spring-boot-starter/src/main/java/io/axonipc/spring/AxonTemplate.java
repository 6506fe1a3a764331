package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;

import io.axonipc.AxonChannel;
import io.axonipc.Claim;
import io.axonipc.MessageHeader;
import io.axonipc.MessageView;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.SenderContext;
import org.jspecify.annotations.Nullable;

import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.messaging.converter.MessageConverter;

/**
 * Sends over the channels of an application; thread-safe. A payload of one of the simple
 * types is written straight into shared memory.
 */
public class AxonTemplate implements AxonOperations {

	private final AxonChannels channels;

	private final PayloadConverter converter;

	private final @Nullable String defaultChannel;

	private final Executor executor;

	private final ObservationRegistry observations;

	/**
	 * Creates a template that is not observed, and whose asynchronous requests take a
	 * thread each.
	 * @param channels the channels
	 * @param converter for payloads that are not bytes, strings or arrays of primitives
	 * @param defaultChannel the key of the channel for messages that name none; may be
	 * null where there is one channel
	 */
	public AxonTemplate(AxonChannels channels, MessageConverter converter, @Nullable String defaultChannel) {
		this(channels, converter, defaultChannel, requestThreads(), ObservationRegistry.NOOP);
	}

	/**
	 * Creates a template.
	 * @param channels the channels
	 * @param converter for payloads that are not bytes, strings or arrays of primitives
	 * @param defaultChannel the key of the channel for messages that name none; may be
	 * null where there is one channel
	 * @param executor runs asynchronous requests, each as long as it waits for its reply
	 * @param observations observes what is sent, as {@code axon.template} with the keys
	 * {@code channel} and {@code operation} ({@code send} or {@code request}), and puts
	 * the {@link TraceContext} into the metadata; costs nothing when it is a no-op
	 */
	public AxonTemplate(AxonChannels channels, MessageConverter converter, @Nullable String defaultChannel,
			Executor executor, ObservationRegistry observations) {
		this.channels = channels;
		this.converter = new PayloadConverter(converter);
		this.defaultChannel = defaultChannel;
		this.executor = executor;
		this.observations = observations;
	}

	private static Executor requestThreads() {
		SimpleAsyncTaskExecutor threads = new SimpleAsyncTaskExecutor("axon-request-");
		threads.setDaemon(true);
		return threads;
	}

	@Override
	public AxonMessageSpec message(String tag) {
		return new TemplateMessage(this, tag, this.converter);
	}

	@Override
	public void send(String tag, @Nullable Object payload) {
		send(defaultChannel(), tag, payload);
	}

	@Override
	public void send(String channel, String tag, @Nullable Object payload) {
		if (payload instanceof byte[] bytes && this.observations.isNoop()) {
			this.channels.channel(channel).sender().send(tag, bytes);
			return;
		}
		OutgoingPayload<?> outgoing = this.converter.write(payload, channel, tag);
		send(channel, new MessageHeader(tag), outgoing.length(), outgoing::writeTo, null);
	}

	void send(String channel, MessageHeader header, int length, Consumer<ByteBuffer> writer,
			@Nullable Duration timeout) {
		if (this.observations.isNoop()) {
			sendNow(channel, header, length, writer, timeout);
			return;
		}
		observe("send", channel, header, (observed) -> {
			sendNow(channel, observed, length, writer, timeout);
			return null;
		});
	}

	private void sendNow(String channel, MessageHeader header, int length, Consumer<ByteBuffer> writer,
			@Nullable Duration timeout) {
		try (Claim claim = claim(channel, header, length, timeout)) {
			writer.accept(claim.buffer());
			claim.commit();
		}
	}

	private Claim claim(String channel, MessageHeader header, int length, @Nullable Duration timeout) {
		AxonChannel target = this.channels.channel(channel);
		if (timeout == null && header.metadata() == null) {
			return target.sender().claim(header.tag(), length);
		}
		return target.sender()
			.claim(header, length,
					(timeout != null) ? timeout : this.channels.definition(channel).options().sendTimeout());
	}

	<T> @Nullable T request(String channel, MessageHeader header, OutgoingPayload<?> payload,
			@Nullable Duration timeout, Function<? super MessageView, ? extends @Nullable T> reader) {
		if (this.observations.isNoop()) {
			return this.channels.request(channel, header, payload.toBuffer(), timeout, reader);
		}
		return observe("request", channel, header,
				(observed) -> this.channels.request(channel, observed, payload.toBuffer(), timeout, reader));
	}

	<T> CompletableFuture<@Nullable T> async(Callable<@Nullable T> request) {
		Observation parent = this.observations.getCurrentObservation();
		return AsyncRequest.run(this.executor, (parent != null) ? () -> parent.scopedChecked(request::call) : request);
	}

	/** Metadata of the application's own leaves no room for the trace context. */
	private <T> @Nullable T observe(String operation, String channel, MessageHeader header,
			Function<MessageHeader, @Nullable T> action) {
		// An unknown key would become a value of a key that has few.
		this.channels.definition(channel);
		Map<String, String> trace = new LinkedHashMap<>();
		SenderContext<Map<String, String>> context = new SenderContext<>(
				(carrier, name, value) -> trace.put(name, value),
				operation.equals("send") ? Kind.PRODUCER : Kind.CLIENT);
		context.setCarrier(trace);
		return Observation.createNotStarted("axon.template", () -> context, this.observations)
			.contextualName(header.tag() + " " + operation)
			.lowCardinalityKeyValue("channel", channel)
			.lowCardinalityKeyValue("operation", operation)
			.highCardinalityKeyValue("tag", header.tag())
			.observe(() -> action.apply(
					(header.metadata() == null) ? new MessageHeader(header.tag(), TraceContext.write(trace)) : header));
	}

	String defaultChannel() {
		return (this.defaultChannel != null) ? this.defaultChannel : this.channels.singleKey();
	}

}
