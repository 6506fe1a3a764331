/** Meters over the channels' own counters. */
@NullMarked
package io.axonipc.spring.autoconfigure.metrics;

import org.jspecify.annotations.NullMarked;
