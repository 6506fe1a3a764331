package io.axonipc.matrix;

/**
 * A step that failed.
 *
 * @param what the step, and what was wrong
 * @param where in which conversation
 */
record Failure(String what, String where) {

}
