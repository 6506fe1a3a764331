/**
 * Benchmarks of Axon and of others: {@code Benchmarks} starts pairs of processes, tells
 * them what to do in rounds, and judges the figures; {@code Worker} is one such process.
 */
package io.axonipc.samples.benchmarks;
