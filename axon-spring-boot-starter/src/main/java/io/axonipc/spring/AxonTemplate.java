package io.axonipc.spring;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.Function;

import io.axonipc.AxonChannel;
import io.axonipc.Claim;
import io.axonipc.MessageHeader;
import io.axonipc.MessageView;
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

	/**
	 * Creates a template whose asynchronous requests take a thread each.
	 * @param channels the channels
	 * @param converter for payloads that are not bytes, strings or arrays of primitives
	 * @param defaultChannel the key of the channel for messages that name none; may be
	 * null where there is one channel
	 */
	public AxonTemplate(AxonChannels channels, MessageConverter converter, @Nullable String defaultChannel) {
		this(channels, converter, defaultChannel, requestThreads());
	}

	/**
	 * Creates a template.
	 * @param channels the channels
	 * @param converter for payloads that are not bytes, strings or arrays of primitives
	 * @param defaultChannel the key of the channel for messages that name none; may be
	 * null where there is one channel
	 * @param executor runs asynchronous requests, each as long as it waits for its reply
	 */
	public AxonTemplate(AxonChannels channels, MessageConverter converter, @Nullable String defaultChannel,
			Executor executor) {
		this.channels = channels;
		this.converter = new PayloadConverter(converter);
		this.defaultChannel = defaultChannel;
		this.executor = executor;
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
		if (payload instanceof byte[] bytes) {
			this.channels.channel(channel).sender().send(tag, bytes);
			return;
		}
		send(channel, new MessageHeader(tag), this.converter.write(payload, channel, tag), null);
	}

	void send(String channel, MessageHeader header, OutgoingPayload<?> payload, @Nullable Duration timeout) {
		try (Claim claim = claim(channel, header, payload.length(), timeout)) {
			payload.writeTo(claim.buffer());
			claim.commit();
		}
	}

	Claim claim(String channel, MessageHeader header, int length, @Nullable Duration timeout) {
		AxonChannel target = this.channels.channel(channel);
		if (timeout == null && header.metadata() == null) {
			return target.sender().claim(header.tag(), length);
		}
		return target.sender()
			.claim(header, length, (timeout != null) ? timeout : this.channels.options(channel).sendTimeout());
	}

	<T> @Nullable T request(String channel, MessageHeader header, OutgoingPayload<?> payload,
			@Nullable Duration timeout, Function<? super MessageView, ? extends @Nullable T> reader) {
		return this.channels.channel(channel).request(header, payload.toBuffer(), timeout, reader);
	}

	Executor executor() {
		return this.executor;
	}

	String defaultChannel() {
		return (this.defaultChannel != null) ? this.defaultChannel : this.channels.singleKey();
	}

}
