package io.axonipc.samples.benchmarks.worker.spring;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

/**
 * An application with Axon, Jackson and a meter registry. Boot makes a
 * {@code SimpleMeterRegistry} where there is no other.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
class Application {

}
