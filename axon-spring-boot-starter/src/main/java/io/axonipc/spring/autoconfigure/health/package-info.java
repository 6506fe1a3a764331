/** Health of the channels. */
@NullMarked
package io.axonipc.spring.autoconfigure.health;

import org.jspecify.annotations.NullMarked;
