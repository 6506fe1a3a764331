/**
 * JMH benchmarks of single operations, in one process. Both ends of a channel are in that
 * process, so no other one is waited for.
 */
package io.axonipc.samples.benchmarks.jmh;
