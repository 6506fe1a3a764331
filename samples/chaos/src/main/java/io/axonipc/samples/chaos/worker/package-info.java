/**
 * One side of a link in Java; its twins are in {@code src/main/c} and
 * {@code src/main/python}.
 */
package io.axonipc.samples.chaos.worker;
