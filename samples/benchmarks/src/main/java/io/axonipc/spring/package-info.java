/** What the benchmarks need of the starter that is not public. */
package io.axonipc.spring;
