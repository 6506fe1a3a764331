package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;

import io.axonipc.MessageView;
import org.jspecify.annotations.Nullable;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.messaging.converter.MessageConverter;

/**
 * A message that is being put together; made by {@link AxonOperations#message}, sent by
 * one of the methods that do not return it. What they throw is listed there. Used by one
 * thread.
 */
public interface AxonMessageSpec {

	/**
	 * Sets the channel, by default the application's only or default one.
	 * @param key the channel's key
	 * @return this
	 */
	AxonMessageSpec channel(String key);

	/**
	 * Sets the payload, by default none.
	 * @param payload anything that {@link AxonOperations} takes
	 * @return this
	 */
	AxonMessageSpec payload(@Nullable Object payload);

	/**
	 * Sets what travels beside the payload, by default nothing or, with observations on,
	 * the trace context.
	 * @param metadata up to 65535 bytes, not copied, or null
	 * @return this
	 */
	AxonMessageSpec metadata(byte @Nullable [] metadata);

	/**
	 * Sets the longest wait: for room, and for a request's reply as well. By default it
	 * is the channel's {@code send-timeout}, or its {@code reply-timeout} for a request.
	 * @param timeout the wait; with zero it is done at once or not at all
	 * @return this
	 */
	AxonMessageSpec timeout(Duration timeout);

	/**
	 * Sets what converts payload and reply, by default the application's converter.
	 * @param converter asked for all types but the simple ones
	 * @return this
	 */
	AxonMessageSpec converter(MessageConverter converter);

	/** Sends it as a message; returns when it lies in the channel. */
	void send();

	/**
	 * Sends it as a message whose payload is written straight into shared memory. Until
	 * the writer returns, other threads' sends to this channel wait; it must not send
	 * itself. When it throws, nothing is sent.
	 * @param length the payload's bytes, all of which the writer must fill: they are not
	 * zeroed
	 * @param writer fills a little-endian buffer, which it must not keep
	 */
	void send(int length, Consumer<ByteBuffer> writer);

	/**
	 * Sends it as a request and waits for its reply.
	 * @param <T> the type of the reply
	 * @param replyType the type of the reply
	 * @return the reply
	 */
	<T> @Nullable T sendAndReceive(Class<T> replyType);

	/**
	 * Sends it as a request and waits for its reply.
	 * @param <T> the type of the reply
	 * @param replyType the type of the reply, such as a list of something
	 * @return the reply
	 */
	<T> @Nullable T sendAndReceive(ParameterizedTypeReference<T> replyType);

	/**
	 * Sends it as a request and reads its reply where it lies in shared memory.
	 * @param <T> the type of the result
	 * @param reader turns the reply, which is valid only until this returns, into the
	 * result
	 * @return what the reader returned
	 */
	<T> @Nullable T sendAndReceive(Function<? super MessageView, ? extends @Nullable T> reader);

	/**
	 * Sends it as a request and does not wait for its reply. Each request that is under
	 * way takes a thread (a virtual one where the application has those), and requests
	 * are sent in no particular order. The payload is converted before this returns; a
	 * {@code byte[]}, {@code ByteBuffer} or metadata must stay as it is until the reply
	 * comes.
	 * @param <T> the type of the reply
	 * @param replyType the type of the reply
	 * @return the reply. Cancelling it, or a time-out of its own, gives the request up;
	 * it may be handled by the peer nonetheless, and its reply is dropped
	 */
	<T> CompletableFuture<@Nullable T> sendAndReceiveAsync(Class<T> replyType);

	/**
	 * Sends it as a request and does not wait for its reply, as
	 * {@link #sendAndReceiveAsync(Class)} does.
	 * @param <T> the type of the reply
	 * @param replyType the type of the reply, such as a list of something
	 * @return the reply
	 */
	<T> CompletableFuture<@Nullable T> sendAndReceiveAsync(ParameterizedTypeReference<T> replyType);

}
