/**
 * Auto-configuration of channels, {@link io.axonipc.spring.AxonTemplate} and
 * {@link io.axonipc.spring.AxonListener @AxonListener}.
 */
@NullMarked
package io.axonipc.spring.autoconfigure;

import org.jspecify.annotations.NullMarked;
