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
 * {@link AxonHeaders}, and a payload of any type that the application's message converter
 * reads, JSON for instance.
 * <p>
 * What the method returns is the reply when the message is a request, and is ignored
 * otherwise; {@code void} and {@code null} make an empty reply. An exception is logged,
 * counted, and answered to a request with its message. The message is acknowledged when
 * the method ends, either way.
 * <p>
 * All methods of a channel are called by one thread, one after another. Listeners are
 * singletons that exist when the context has been refreshed. As a meta-annotation it
 * makes annotations of one's own.
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
	 * The tags of the messages to handle, each exact. Placeholders and SpEL are resolved.
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
	 * The listener's name in log messages, by default bean and method. Placeholders and
	 * SpEL are resolved.
	 * @return the name, unique within the application
	 */
	String id() default "";

}
