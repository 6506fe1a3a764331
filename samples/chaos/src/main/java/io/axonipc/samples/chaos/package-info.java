/**
 * Kills senders and receivers at random and computes from their journals what was lost.
 */
package io.axonipc.samples.chaos;
