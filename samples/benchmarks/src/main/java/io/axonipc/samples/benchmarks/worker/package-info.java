/**
 * What happens inside a Java worker: one transport per system, and loops that are the
 * same for all of them.
 */
package io.axonipc.samples.benchmarks.worker;
