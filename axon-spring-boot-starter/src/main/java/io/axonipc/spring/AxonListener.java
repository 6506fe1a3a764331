package io.axonipc.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.core.annotation.AliasFor;

/**
 * Calls a method for each message with a tag.
 * <p>
 * A single parameter without annotations of type {@code byte[]}, {@code String},
 * {@code ByteBuffer}, {@link io.axonipc.MessageView} or an array of primitives
 * (little-endian) takes the fast way: no Spring message is made. {@code ByteBuffer}
 * (read-only, little-endian) and {@code MessageView} show the payload where it lies in
 * shared memory, and are valid until the method returns. Everything else is Spring's:
 * {@code Message<?>}, {@code @Payload}, {@code @Header} with the names of
 * {@link AxonHeaders}, the {@link io.axonipc.AxonChannel}, and a payload of any type that
 * the application's message converter reads, JSON for instance.
 * <p>
 * What the method returns is the reply when the message is a request, and is ignored
 * otherwise; {@code void} and {@code null} make an empty reply. A
 * {@link java.util.concurrent.CompletableFuture} makes the reply when it is completed. An
 * exception is logged, counted, and answered to a request with its message, or taken by
 * an {@link AxonListenerErrorHandler}. The message is acknowledged when the method ends,
 * either way; one that is no request, when its future is completed.
 * <p>
 * All methods of a channel are called by one thread, one after another, unless they have
 * an {@link #executor()}. Listeners are singletons that exist when the context has been
 * refreshed, or scoped proxies, which lead to an object for each message. As a
 * meta-annotation it makes annotations of one's own.
 */
@Target({ ElementType.METHOD, ElementType.ANNOTATION_TYPE })
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface AxonListener {

	/**
	 * Alias of {@link #tag()}.
	 * @return the tags
	 */
	@AliasFor("tag")
	String[] value() default {};

	/**
	 * The tags of the messages to handle. One that ends in {@code *} is a pattern, for
	 * all tags that start with what is before it: {@code sensor.*}, or {@code *} for all
	 * that no other listener handles. An exact tag goes before a pattern, and a longer
	 * pattern before a shorter one. Placeholders and SpEL are resolved.
	 * @return the tags, 1 to 255 bytes of UTF-8 each
	 */
	@AliasFor("value")
	String[] tag() default {};

	/**
	 * The key of the channel, not needed where there is one. Placeholders and SpEL are
	 * resolved.
	 * @return the key
	 */
	String channel() default "";

	/**
	 * The listener's name in log messages, metrics and the
	 * {@link AxonListenerEndpointRegistry}, by default bean and method. Placeholders and
	 * SpEL are resolved.
	 * @return the name, unique within the application
	 */
	String id() default "";

	/**
	 * What calls the method: {@code direct}, the thread that receives; {@code virtual}, a
	 * virtual thread for each message; or the name of an
	 * {@link java.util.concurrent.Executor} bean. By default
	 * {@code axon.channels.<key>.listener.executor}. Placeholders and SpEL are resolved.
	 * <p>
	 * An executor is handed a copy of the message, which is acknowledged then: should the
	 * process die before the method has ended, the message is lost. Messages may be
	 * handled at the same time and in another order. A request is answered when the
	 * method has returned, which cannot take a {@code MessageView} or {@code ByteBuffer}.
	 * @return the executor
	 */
	String executor() default "";

	/**
	 * The name of the {@link AxonListenerErrorHandler} bean for the messages that this
	 * listener fails on. Placeholders and SpEL are resolved.
	 * @return the bean's name, or an empty string for the application's only or primary
	 * one, if there is one
	 */
	String errorHandler() default "";

	/**
	 * Whether the listener starts with the application context, {@code true} or
	 * {@code false}. As long as one listener of a channel is not started nothing is taken
	 * from that channel: see {@link RegisteredListener}. By default
	 * {@code axon.channels.<key>.auto-startup}. Placeholders and SpEL are resolved.
	 * @return whether it starts by itself
	 */
	String autoStartup() default "";

}
