package io.axonipc.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.core.annotation.AliasFor;

/**
 * Makes a method of an interface a message to the peer: {@link AxonClientFactory}
 * implements it. On the interface itself it says what holds for all its methods.
 * <p>
 * A {@code void} method sends a message, and returns when that lies in the channel. Any
 * other sends a request and returns the reply, read as the method's type: {@code Void}
 * waits for a reply without content, and a {@code CompletableFuture} does not wait.
 * <p>
 * The payload is the parameter without annotations, or with
 * {@link org.springframework.messaging.handler.annotation.Payload @Payload}; a method
 * without one sends no bytes. A {@code Duration} without annotations is the time-out. A
 * {@link org.springframework.messaging.handler.annotation.Header @Header} may be
 * {@link AxonHeaders#CHANNEL} or {@link AxonHeaders#TAG}, a {@code String} each, or
 * {@link AxonHeaders#METADATA}, a {@code byte[]}.
 */
@Target({ ElementType.METHOD, ElementType.TYPE })
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface AxonExchange {

	/**
	 * Alias of {@link #tag()}.
	 * @return the tag
	 */
	@AliasFor("tag")
	String value() default "";

	/**
	 * The message's tag, by default the name of the method. Placeholders are resolved.
	 * @return the tag, 1 to 255 bytes of UTF-8
	 */
	@AliasFor("value")
	String tag() default "";

	/**
	 * The key of the channel, by default the interface's, and then the application's only
	 * or default one. Placeholders are resolved.
	 * @return the key
	 */
	String channel() default "";

	/**
	 * The longest wait, for room and for a reply, such as {@code 2s}; by default the
	 * interface's, and then the channel's. Placeholders are resolved.
	 * @return a duration, in Spring Boot's simple form or ISO-8601
	 */
	String timeout() default "";

}
