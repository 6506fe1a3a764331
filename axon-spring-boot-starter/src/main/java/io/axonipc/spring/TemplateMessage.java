package io.axonipc.spring;

import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;

import io.axonipc.MessageHeader;
import io.axonipc.MessageView;
import org.jspecify.annotations.Nullable;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.messaging.converter.MessageConverter;

/** A message of an {@link AxonTemplate}. */
final class TemplateMessage implements AxonMessageSpec {

	private final AxonTemplate template;

	private final String tag;

	private PayloadConverter converter;

	private @Nullable String channel;

	private @Nullable Object payload;

	private byte @Nullable [] metadata;

	private @Nullable Duration timeout;

	TemplateMessage(AxonTemplate template, String tag, PayloadConverter converter) {
		this.template = template;
		this.tag = tag;
		this.converter = converter;
	}

	@Override
	public AxonMessageSpec channel(String key) {
		this.channel = key;
		return this;
	}

	@Override
	public AxonMessageSpec payload(@Nullable Object payload) {
		this.payload = payload;
		return this;
	}

	@Override
	public AxonMessageSpec metadata(byte @Nullable [] metadata) {
		this.metadata = metadata;
		return this;
	}

	@Override
	public AxonMessageSpec timeout(Duration timeout) {
		this.timeout = timeout;
		return this;
	}

	@Override
	public AxonMessageSpec converter(MessageConverter converter) {
		this.converter = new PayloadConverter(converter);
		return this;
	}

	@Override
	public void send() {
		String target = target();
		OutgoingPayload<?> outgoing = outgoing(target);
		this.template.send(target, header(), outgoing.length(), outgoing::writeTo, this.timeout);
	}

	@Override
	public void send(int length, Consumer<ByteBuffer> writer) {
		if (this.payload != null) {
			throw new IllegalStateException("The message with tag '" + this.tag
					+ "' has a payload, and a writer that is to make another: leave out one of them");
		}
		this.template.send(target(), header(), length, writer, this.timeout);
	}

	@Override
	public <T> @Nullable T sendAndReceive(Class<T> replyType) {
		return request(replyType);
	}

	@Override
	public <T> @Nullable T sendAndReceive(ParameterizedTypeReference<T> replyType) {
		return request(replyType.getType());
	}

	@Override
	public <T> @Nullable T sendAndReceive(Function<? super MessageView, ? extends @Nullable T> reader) {
		String target = target();
		return this.template.request(target, header(), outgoing(target), this.timeout, reader);
	}

	@Override
	public <T> CompletableFuture<@Nullable T> sendAndReceiveAsync(Class<T> replyType) {
		return requestAsync(replyType);
	}

	@Override
	public <T> CompletableFuture<@Nullable T> sendAndReceiveAsync(ParameterizedTypeReference<T> replyType) {
		return requestAsync(replyType.getType());
	}

	private <T> @Nullable T request(Type replyType) {
		String target = target();
		return this.template.request(target, header(), outgoing(target), this.timeout, reader(target, replyType));
	}

	private <T> CompletableFuture<@Nullable T> requestAsync(Type replyType) {
		String target = target();
		MessageHeader header = header();
		OutgoingPayload<?> outgoing = outgoing(target).detached();
		Duration patience = this.timeout;
		Function<MessageView, @Nullable T> reader = reader(target, replyType);
		return this.template.async(() -> this.template.request(target, header, outgoing, patience, reader));
	}

	private <T> Function<MessageView, @Nullable T> reader(String target, Type replyType) {
		PayloadConverter used = this.converter;
		return (reply) -> used.read(reply, replyType, target, this.tag);
	}

	private OutgoingPayload<?> outgoing(String target) {
		return this.converter.write(this.payload, target, this.tag);
	}

	private MessageHeader header() {
		return new MessageHeader(this.tag, this.metadata);
	}

	private String target() {
		return (this.channel != null) ? this.channel : this.template.defaultChannel();
	}

}
