/**
 * The sample service: symmetry functions of crystals, asked for over an Axon channel.
 */
@NullMarked
package io.axonipc.samples.dftfeatures;

import org.jspecify.annotations.NullMarked;
