/**
 * Axon for Spring: {@link io.axonipc.spring.AxonOperations} to send,
 * {@link io.axonipc.spring.AxonListener} to receive.
 * <p>
 * {@link io.axonipc.spring.AxonChannels} owns the channels and their lifecycle; all else
 * looks them up there by key. What can be wrong with a listener is found when the
 * application starts ({@link io.axonipc.spring.InvalidListenerException}), and an
 * exception of a listener never ends the thread that called it.
 */
@NullMarked
package io.axonipc.spring;

import org.jspecify.annotations.NullMarked;
