package io.axonipc.samples.dftfeatures;

import java.util.Arrays;

/**
 * A periodic crystal: a cell of three row vectors and the atoms in it, in angstroms.
 * Atoms may lie outside the cell.
 */
final class Crystal {

	private static final int CELL = 9;

	private final double[] structure;

	private final int atoms;

	/**
	 * The dual of the cell: row k times a displacement is its k-th fractional coordinate.
	 */
	private final double[] reciprocal;

	/**
	 * Reads a crystal.
	 * @param structure the nine numbers of the cell, row by row, then x y z of each atom
	 * @throws IllegalArgumentException if that is not what the numbers are
	 */
	Crystal(double[] structure) {
		if (structure.length < CELL + 3 || structure.length % 3 != 0) {
			throw new IllegalArgumentException(
					"A structure has 9 numbers for its cell and 3 for each atom, but " + structure.length + " came");
		}
		if (!Arrays.stream(structure).allMatch(Double::isFinite)) {
			throw new IllegalArgumentException("A structure's numbers are finite");
		}
		this.structure = structure;
		this.atoms = (structure.length - CELL) / 3;
		this.reciprocal = reciprocal(structure);
	}

	private static double[] reciprocal(double[] cell) {
		double[] result = new double[CELL];
		for (int row = 0; row < 3; row++) {
			int a = 3 * ((row + 1) % 3);
			int b = 3 * ((row + 2) % 3);
			for (int column = 0; column < 3; column++) {
				int y = (column + 1) % 3;
				int z = (column + 2) % 3;
				result[3 * row + column] = cell[a + y] * cell[b + z] - cell[a + z] * cell[b + y];
			}
		}
		double volume = cell[0] * result[0] + cell[1] * result[1] + cell[2] * result[2];
		if (volume == 0.0) {
			throw new IllegalArgumentException("The cell's vectors lie in one plane");
		}
		for (int i = 0; i < CELL; i++) {
			result[i] /= volume;
		}
		return result;
	}

	int atoms() {
		return this.atoms;
	}

	/**
	 * Finds all atoms around one, periodic images and its own images included.
	 * @param center the number of the atom in the middle
	 * @param radius the distance within which to look
	 * @param neighbours filled with what is found
	 */
	void findNeighbours(int center, double radius, Neighbours neighbours) {
		neighbours.clear();
		for (int atom = 0; atom < this.atoms; atom++) {
			double x = position(atom, 0) - position(center, 0);
			double y = position(atom, 1) - position(center, 1);
			double z = position(atom, 2) - position(center, 2);
			int first0 = firstImage(0, x, y, z, radius);
			int last0 = lastImage(0, x, y, z, radius);
			int first1 = firstImage(1, x, y, z, radius);
			int last1 = lastImage(1, x, y, z, radius);
			int first2 = firstImage(2, x, y, z, radius);
			int last2 = lastImage(2, x, y, z, radius);
			for (int n0 = first0; n0 <= last0; n0++) {
				for (int n1 = first1; n1 <= last1; n1++) {
					for (int n2 = first2; n2 <= last2; n2++) {
						if (atom == center && n0 == 0 && n1 == 0 && n2 == 0) {
							continue;
						}
						neighbours.addWithin(radius, x + shift(0, n0, n1, n2), y + shift(1, n0, n1, n2),
								z + shift(2, n0, n1, n2));
					}
				}
			}
		}
	}

	private double position(int atom, int axis) {
		return this.structure[CELL + 3 * atom + axis];
	}

	private double shift(int axis, int n0, int n1, int n2) {
		return n0 * this.structure[axis] + n1 * this.structure[3 + axis] + n2 * this.structure[6 + axis];
	}

	// Images between two lattice planes, one on either side of the sphere of that radius.

	private int firstImage(int row, double x, double y, double z, double radius) {
		return (int) Math.ceil(-fraction(row, x, y, z) - radius * planesPerLength(row));
	}

	private int lastImage(int row, double x, double y, double z, double radius) {
		return (int) Math.floor(-fraction(row, x, y, z) + radius * planesPerLength(row));
	}

	private double fraction(int row, double x, double y, double z) {
		return x * this.reciprocal[3 * row] + y * this.reciprocal[3 * row + 1] + z * this.reciprocal[3 * row + 2];
	}

	private double planesPerLength(int row) {
		double x = this.reciprocal[3 * row];
		double y = this.reciprocal[3 * row + 1];
		double z = this.reciprocal[3 * row + 2];
		return Math.sqrt(x * x + y * y + z * z);
	}

}
