/** The actuator endpoint {@code axon}. */
@NullMarked
package io.axonipc.spring.autoconfigure.endpoint;

import org.jspecify.annotations.NullMarked;
