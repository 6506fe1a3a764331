package io.axonipc.samples.benchmarks;

import java.util.List;

/**
 * Pairs that live at the same time and take turns, so that their ratios come from one
 * run.
 *
 * @param name what the progress lines call it
 * @param cases its members, in the order of their turns
 */
record Group(String name, List<Case> cases) {

}
