/**
 * A Spring Boot application that has numpy compute, in a Python process, on shared
 * memory.
 */
package io.axonipc.samples.numpyservice;
