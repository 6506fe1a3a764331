/** The service behind a gateway in Go. */
package io.axonipc.samples.gogateway;
