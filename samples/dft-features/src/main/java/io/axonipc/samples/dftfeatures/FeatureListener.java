package io.axonipc.samples.dftfeatures;

import io.axonipc.spring.AxonListener;

import org.springframework.stereotype.Component;

/**
 * Answers requests for the features of a structure.
 */
@Component
class FeatureListener {

	/**
	 * Computes the features of a structure.
	 * @param structure the nine numbers of the cell, row by row, then x y z of each atom,
	 * in angstroms
	 * @return the 24 features of each atom, one atom after the other
	 */
	@AxonListener("structure")
	double[] features(double[] structure) {
		return SymmetryFunctions.of(structure);
	}

}
