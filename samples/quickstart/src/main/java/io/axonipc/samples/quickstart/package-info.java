/** Two applications that talk to each other: what is sent is in this package. */
package io.axonipc.samples.quickstart;
