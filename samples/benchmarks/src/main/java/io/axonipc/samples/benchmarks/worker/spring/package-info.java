/**
 * What a Spring Boot application sees: requests from an {@code AxonTemplate} to an
 * {@code @AxonListener}, and how much later a context with a channel starts.
 */
package io.axonipc.samples.benchmarks.worker.spring;
