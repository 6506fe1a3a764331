package io.axonipc.samples.dftfeatures;

/**
 * Behler-Parrinello symmetry functions: 24 numbers that describe an atom's surroundings,
 * whatever the crystal's orientation and the choice of its cell. After J. Behler and M.
 * Parrinello, Phys. Rev. Lett. 98, 146401 (2007), with all species alike.
 */
final class SymmetryFunctions {

	/** The number of features of an atom: 16 radial ones, then 8 angular ones. */
	static final int COUNT = 24;

	/** The distance beyond which atoms do not see one another, in angstroms. */
	static final double CUTOFF = 6.0;

	private static final int RADIAL = 16;

	private static final double RADIAL_ETA = 2.0;

	private static final double ANGULAR_ETA = 0.01;

	private final Neighbours neighbours = new Neighbours();

	/** For each neighbour: what its distance contributes to each of its angles. */
	private double[] weights = new double[128];

	private SymmetryFunctions() {
	}

	/**
	 * Computes the features of every atom of a crystal.
	 * @param structure the nine numbers of the cell, row by row, then x y z of each atom,
	 * in angstroms
	 * @return the features of the first atom, then those of the second, and so on
	 * @throws IllegalArgumentException if the structure is not one
	 */
	static double[] of(double[] structure) {
		Crystal crystal = new Crystal(structure);
		SymmetryFunctions functions = new SymmetryFunctions();
		double[] features = new double[crystal.atoms() * COUNT];
		for (int atom = 0; atom < crystal.atoms(); atom++) {
			crystal.findNeighbours(atom, CUTOFF, functions.neighbours);
			functions.addRadial(features, atom * COUNT);
			functions.addAngular(features, atom * COUNT + RADIAL);
		}
		return features;
	}

	/**
	 * Falls smoothly from 1 at distance 0 to 0 at the cut-off: (cos(pi r / rc) + 1) / 2,
	 * written so that it keeps its precision close to the cut-off.
	 */
	private static double cutoff(double distance) {
		double cosine = Math.cos(Math.PI / (2.0 * CUTOFF) * distance);
		return cosine * cosine;
	}

	private void addRadial(double[] features, int offset) {
		for (int j = 0; j < this.neighbours.count(); j++) {
			double distance = this.neighbours.distance(j);
			double cutoff = cutoff(distance);
			for (int k = 0; k < RADIAL; k++) {
				double difference = distance - (0.75 + 0.35 * k);
				features[offset + k] += Math.exp(-RADIAL_ETA * difference * difference) * cutoff;
			}
		}
	}

	private void addAngular(double[] features, int offset) {
		weighNeighbours();
		double plus1 = 0.0;
		double minus1 = 0.0;
		double plus2 = 0.0;
		double minus2 = 0.0;
		double plus4 = 0.0;
		double minus4 = 0.0;
		double plus16 = 0.0;
		double minus16 = 0.0;
		for (int j = 1; j < this.neighbours.count(); j++) {
			for (int k = 0; k < j; k++) {
				double square = this.neighbours.squareBetween(j, k);
				if (square >= CUTOFF * CUTOFF) {
					continue;
				}
				double weight = this.weights[j] * this.weights[k] * weight(square, Math.sqrt(square));
				double cosine = this.neighbours.cosine(j, k);
				double plus = 1.0 + cosine;
				double minus = 1.0 - cosine;
				plus1 += plus * weight;
				minus1 += minus * weight;
				plus *= plus;
				minus *= minus;
				plus2 += plus * weight;
				minus2 += minus * weight;
				plus *= plus;
				minus *= minus;
				plus4 += plus * weight;
				minus4 += minus * weight;
				plus *= plus;
				plus *= plus;
				minus *= minus;
				minus *= minus;
				plus16 += plus * weight;
				minus16 += minus * weight;
			}
		}
		features[offset] = plus1;
		features[offset + 1] = minus1;
		features[offset + 2] = 0x1p-1 * plus2;
		features[offset + 3] = 0x1p-1 * minus2;
		features[offset + 4] = 0x1p-3 * plus4;
		features[offset + 5] = 0x1p-3 * minus4;
		features[offset + 6] = 0x1p-15 * plus16;
		features[offset + 7] = 0x1p-15 * minus16;
	}

	private void weighNeighbours() {
		if (this.weights.length < this.neighbours.count()) {
			this.weights = new double[2 * this.neighbours.count()];
		}
		for (int j = 0; j < this.neighbours.count(); j++) {
			double distance = this.neighbours.distance(j);
			this.weights[j] = weight(distance * distance, distance);
		}
	}

	private static double weight(double square, double distance) {
		return Math.exp(-ANGULAR_ETA * square) * cutoff(distance);
	}

}
