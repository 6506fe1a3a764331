package io.axonipc.spring;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * Sends messages and requests to peers.
 * <p>
 * A payload may be {@code null} (no bytes), {@code byte[]}, {@code ByteBuffer} (its
 * remaining bytes; its position stays), {@code String} (UTF-8), an array of primitives
 * (little-endian; a {@code boolean} is a byte), or any object that the application's
 * message converter writes, as JSON for instance. Replies are read likewise; an empty
 * reply, and a {@code null} in JSON, is {@code null} for types that a message converter
 * reads.
 * <p>
 * Methods without a channel use the application's only or default one. All of them throw
 * {@link io.axonipc.SendTimeoutException} when the channel stays full,
 * {@link io.axonipc.MessageTooLargeException} for what could never fit,
 * {@link org.springframework.messaging.converter.MessageConversionException} for what
 * cannot be converted, and {@link IllegalArgumentException} for a channel that is not
 * there. Requests also throw {@link io.axonipc.RequestTimeoutException},
 * {@link io.axonipc.PeerDiedException} and, with the peer's text,
 * {@link io.axonipc.AxonRemoteException}.
 */
public interface AxonOperations {

	/**
	 * Sends a message; returns when it lies in the channel.
	 * @param tag the message's name
	 * @param payload the payload
	 */
	void send(String tag, @Nullable Object payload);

	/**
	 * Sends a message; returns when it lies in the channel.
	 * @param channel the channel's key
	 * @param tag the message's name
	 * @param payload the payload
	 */
	void send(String channel, String tag, @Nullable Object payload);

	/**
	 * Sends a request and waits for its reply, as long as the channel's reply time-out.
	 * @param <T> the type of the reply
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @return the reply
	 */
	<T> @Nullable T sendAndReceive(String tag, @Nullable Object payload, Class<T> replyType);

	/**
	 * Sends a request and waits for its reply.
	 * @param <T> the type of the reply
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @param timeout how long to wait for room and reply
	 * @return the reply
	 */
	<T> @Nullable T sendAndReceive(String tag, @Nullable Object payload, Class<T> replyType, Duration timeout);

	/**
	 * Sends a request and waits for its reply, as long as the channel's reply time-out.
	 * @param <T> the type of the reply
	 * @param channel the channel's key
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @return the reply
	 */
	<T> @Nullable T sendAndReceive(String channel, String tag, @Nullable Object payload, Class<T> replyType);

	/**
	 * Sends a request and waits for its reply.
	 * @param <T> the type of the reply
	 * @param channel the channel's key
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @param timeout how long to wait for room and reply
	 * @return the reply
	 */
	<T> @Nullable T sendAndReceive(String channel, String tag, @Nullable Object payload, Class<T> replyType,
			Duration timeout);

}
