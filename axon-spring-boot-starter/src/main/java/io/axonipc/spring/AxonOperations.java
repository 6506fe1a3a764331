package io.axonipc.spring;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;

import org.springframework.core.ParameterizedTypeReference;

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
 * Methods without a channel use the application's only or default one;
 * {@link #message(String)} has what the others have no parameter for. All of them throw
 * {@link io.axonipc.SendTimeoutException} when the channel stays full,
 * {@link io.axonipc.MessageTooLargeException} for what could never fit,
 * {@link org.springframework.messaging.converter.MessageConversionException} for what
 * cannot be converted, and {@link IllegalArgumentException} for a channel that is not
 * there. Requests also throw {@link io.axonipc.RequestTimeoutException},
 * {@link io.axonipc.PeerDiedException} and, with the peer's text,
 * {@link io.axonipc.AxonRemoteException}.
 * <p>
 * A listener may make requests of its own channel: the reply is found among the messages
 * that wait for it. But its thread receives nothing else meanwhile, so a listener that
 * asks a listener that asks it back waits until a time-out. Send a message then, and let
 * another message be the answer.
 */
public interface AxonOperations {

	/**
	 * Starts a message.
	 * @param tag the message's name, 1 to 255 bytes of UTF-8
	 * @return the message, to be filled and sent
	 */
	AxonMessageSpec message(String tag);

	/**
	 * Sends a message; returns when it lies in the channel.
	 * @param tag the message's name
	 * @param payload the payload
	 */
	default void send(String tag, @Nullable Object payload) {
		message(tag).payload(payload).send();
	}

	/**
	 * Sends a message; returns when it lies in the channel.
	 * @param channel the channel's key
	 * @param tag the message's name
	 * @param payload the payload
	 */
	default void send(String channel, String tag, @Nullable Object payload) {
		message(tag).channel(channel).payload(payload).send();
	}

	/**
	 * Sends a request and waits for its reply, as long as the channel's reply time-out.
	 * @param <T> the type of the reply
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @return the reply
	 */
	default <T> @Nullable T sendAndReceive(String tag, @Nullable Object payload, Class<T> replyType) {
		return message(tag).payload(payload).sendAndReceive(replyType);
	}

	/**
	 * Sends a request and waits for its reply, as long as the channel's reply time-out.
	 * @param <T> the type of the reply
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply, such as a list of something
	 * @return the reply
	 */
	default <T> @Nullable T sendAndReceive(String tag, @Nullable Object payload,
			ParameterizedTypeReference<T> replyType) {
		return message(tag).payload(payload).sendAndReceive(replyType);
	}

	/**
	 * Sends a request and waits for its reply.
	 * @param <T> the type of the reply
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @param timeout how long to wait for room and reply
	 * @return the reply
	 */
	default <T> @Nullable T sendAndReceive(String tag, @Nullable Object payload, Class<T> replyType, Duration timeout) {
		return message(tag).payload(payload).timeout(timeout).sendAndReceive(replyType);
	}

	/**
	 * Sends a request and waits for its reply, as long as the channel's reply time-out.
	 * @param <T> the type of the reply
	 * @param channel the channel's key
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @return the reply
	 */
	default <T> @Nullable T sendAndReceive(String channel, String tag, @Nullable Object payload, Class<T> replyType) {
		return message(tag).channel(channel).payload(payload).sendAndReceive(replyType);
	}

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
	default <T> @Nullable T sendAndReceive(String channel, String tag, @Nullable Object payload, Class<T> replyType,
			Duration timeout) {
		return message(tag).channel(channel).payload(payload).timeout(timeout).sendAndReceive(replyType);
	}

	/**
	 * Sends a request and does not wait for its reply.
	 * @param <T> the type of the reply
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @return the reply; cancelling it gives the request up
	 * @see AxonMessageSpec#sendAndReceiveAsync(Class)
	 */
	default <T> CompletableFuture<@Nullable T> sendAndReceiveAsync(String tag, @Nullable Object payload,
			Class<T> replyType) {
		return message(tag).payload(payload).sendAndReceiveAsync(replyType);
	}

	/**
	 * Sends a request and does not wait for its reply.
	 * @param <T> the type of the reply
	 * @param channel the channel's key
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @return the reply; cancelling it gives the request up
	 * @see AxonMessageSpec#sendAndReceiveAsync(Class)
	 */
	default <T> CompletableFuture<@Nullable T> sendAndReceiveAsync(String channel, String tag, @Nullable Object payload,
			Class<T> replyType) {
		return message(tag).channel(channel).payload(payload).sendAndReceiveAsync(replyType);
	}

}
