package io.axonipc.spring;

import java.time.Duration;

import io.axonipc.AxonChannel;
import io.axonipc.Claim;
import org.jspecify.annotations.Nullable;

import org.springframework.messaging.converter.MessageConverter;

/**
 * Sends over the channels of an application; thread-safe. A payload of one of the simple
 * types is written straight into shared memory.
 */
public class AxonTemplate implements AxonOperations {

	private final AxonChannels channels;

	private final PayloadConverter converter;

	private final @Nullable String defaultChannel;

	/**
	 * Creates a template.
	 * @param channels the channels
	 * @param converter for payloads that are not bytes, strings or arrays of primitives
	 * @param defaultChannel the key of the channel for messages that name none; may be
	 * null where there is one channel
	 */
	public AxonTemplate(AxonChannels channels, MessageConverter converter, @Nullable String defaultChannel) {
		this.channels = channels;
		this.converter = new PayloadConverter(converter);
		this.defaultChannel = defaultChannel;
	}

	@Override
	public void send(String tag, @Nullable Object payload) {
		send(defaultChannel(), tag, payload);
	}

	@Override
	public void send(String channel, String tag, @Nullable Object payload) {
		AxonChannel target = this.channels.channel(channel);
		OutgoingPayload<?> outgoing = this.converter.write(payload, channel, tag);
		try (Claim claim = target.sender().claim(tag, outgoing.length())) {
			outgoing.writeTo(claim.buffer());
			claim.commit();
		}
	}

	@Override
	public <T> @Nullable T sendAndReceive(String tag, @Nullable Object payload, Class<T> replyType) {
		return request(defaultChannel(), tag, payload, replyType, null);
	}

	@Override
	public <T> @Nullable T sendAndReceive(String tag, @Nullable Object payload, Class<T> replyType, Duration timeout) {
		return request(defaultChannel(), tag, payload, replyType, timeout);
	}

	@Override
	public <T> @Nullable T sendAndReceive(String channel, String tag, @Nullable Object payload, Class<T> replyType) {
		return request(channel, tag, payload, replyType, null);
	}

	@Override
	public <T> @Nullable T sendAndReceive(String channel, String tag, @Nullable Object payload, Class<T> replyType,
			Duration timeout) {
		return request(channel, tag, payload, replyType, timeout);
	}

	private <T> @Nullable T request(String channel, String tag, @Nullable Object payload, Class<T> replyType,
			@Nullable Duration timeout) {
		AxonChannel target = this.channels.channel(channel);
		OutgoingPayload<?> outgoing = this.converter.write(payload, channel, tag);
		return target.request(tag, outgoing.toBuffer(), timeout,
				(reply) -> this.converter.read(reply, replyType, channel, tag));
	}

	private String defaultChannel() {
		return (this.defaultChannel != null) ? this.defaultChannel : this.channels.singleKey();
	}

}
