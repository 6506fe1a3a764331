package io.axonipc.samples.dftfeatures;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.DoubleStream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class SymmetryFunctionsTest {

	private static final double[] SKEWED_CELL = { 4.1, 0.2, -0.3, 1.9, 3.6, 0.4, -0.7, 1.1, 5.2 };

	/** The last atom lies outside the cell. */
	private static final double[] ATOMS = { 0.1, 0.2, 0.3, 2.2, 1.9, 2.4, -6.3, 4.8, 7.9 };

	private static final double[] SKEWED = concat(SKEWED_CELL, ATOMS);

	@Test
	void twoAtomsSeeEachOther() {
		double[] features = SymmetryFunctions.of(concat(cube(20.0), 1.0, 1.0, 1.0, 1.0, 3.0, 1.0));
		assertThat(features).hasSize(2 * SymmetryFunctions.COUNT);
		// fc(2) = (cos(pi / 3) + 1) / 2 = 0.75, and Rs of f3 is 1.8, of f4 2.15
		assertClose(features[3], 0.75 * Math.exp(-0.08));
		assertClose(features[4], 0.75 * Math.exp(-0.045));
		assertThat(features[16]).as("no angle without a third atom").isZero();
		assertThat(features[24 + 3]).isEqualTo(features[3]);
	}

	@Test
	void threeAtomsMakeOneAngleEach() {
		double height = Math.sqrt(3.0);
		double[] features = SymmetryFunctions.of(concat(cube(20.0), 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 1.0, height, 0.0));
		double weight = 0.75 * 0.75 * 0.75 * Math.exp(-0.12);
		for (int atom = 0; atom < 3; atom++) {
			int offset = 24 * atom + 16;
			assertClose(features[offset], weight * 1.5);
			assertClose(features[offset + 1], weight * 0.5);
			assertClose(features[offset + 2], weight * 2.25 / 2.0);
			assertClose(features[offset + 3], weight * 0.25 / 2.0);
			assertClose(features[offset + 4], weight * 5.0625 / 8.0);
			assertClose(features[offset + 5], weight * 0.0625 / 8.0);
			assertClose(features[offset + 6], weight * 656.8408355712890625 / 32768.0);
			assertClose(features[offset + 7], weight / 65536.0 / 32768.0);
		}
	}

	@Test
	void anAtomSeesItsOwnImages() {
		double[] features = SymmetryFunctions.of(concat(cube(3.0), 0.0, 0.0, 0.0));
		// 6, 12 and 8 neighbours within 6 angstroms; 6 more at 6 exactly, where fc is 0
		for (int k = 0; k < 16; k++) {
			assertClose(features[k],
					6.0 * radial(3.0, k) + 12.0 * radial(Math.sqrt(18.0), k) + 8.0 * radial(Math.sqrt(27.0), k));
		}
	}

	@Test
	void equalsTheFormulasTakenLiterally() {
		assertClose(SymmetryFunctions.of(SKEWED), literal(SKEWED));
	}

	@Test
	void movingTheCrystalChangesNothing() {
		double[] moved = SKEWED.clone();
		for (int i = 9; i < moved.length; i++) {
			moved[i] += new double[] { 0.9, -17.3, 4.4 }[i % 3];
		}
		assertClose(SymmetryFunctions.of(moved), SymmetryFunctions.of(SKEWED));
	}

	@Test
	void turningTheCrystalChangesNothing() {
		double[] turned = SKEWED.clone();
		double sine = Math.sin(0.7);
		double cosine = Math.cos(0.7);
		for (int i = 0; i < turned.length; i += 3) {
			turned[i] = cosine * SKEWED[i] - sine * SKEWED[i + 1];
			turned[i + 1] = sine * SKEWED[i] + cosine * SKEWED[i + 1];
		}
		assertClose(SymmetryFunctions.of(turned), SymmetryFunctions.of(SKEWED));
	}

	@Test
	void anotherAtomOfTheSameLatticeChangesNothing() {
		double[] shifted = SKEWED.clone();
		for (int axis = 0; axis < 3; axis++) {
			shifted[9 + axis] += 2 * SKEWED_CELL[axis] - 3 * SKEWED_CELL[6 + axis];
		}
		assertClose(SymmetryFunctions.of(shifted), SymmetryFunctions.of(SKEWED));
	}

	@Test
	void aDoubledCellHasTheSameFeaturesTwice() {
		double[] cell = SKEWED_CELL.clone();
		double[] copies = ATOMS.clone();
		for (int axis = 0; axis < 3; axis++) {
			cell[3 + axis] *= 2.0;
			for (int i = axis; i < copies.length; i += 3) {
				copies[i] += SKEWED_CELL[3 + axis];
			}
		}
		double[] once = SymmetryFunctions.of(SKEWED);
		assertClose(SymmetryFunctions.of(concat(cell, concat(ATOMS, copies))), concat(once, once));
	}

	@Test
	void denseSurroundingsAreSeenWhole() {
		double[] atoms = new Random(1).doubles(9, 0.0, 2.0).toArray();
		double[] structure = concat(cube(2.0), atoms);
		assertClose(SymmetryFunctions.of(structure), literal(structure));
	}

	@Test
	void refusesWhatIsNotAStructure() {
		assertThatIllegalArgumentException().isThrownBy(() -> SymmetryFunctions.of(SKEWED_CELL))
			.withMessageContaining("9 came");
		assertThatIllegalArgumentException().isThrownBy(() -> SymmetryFunctions.of(concat(SKEWED, 1.0)))
			.withMessageContaining("19 came");
		assertThatIllegalArgumentException()
			.isThrownBy(() -> SymmetryFunctions.of(concat(cube(3.0), 0.0, Double.NaN, 0.0)))
			.withMessageContaining("finite");
		assertThatIllegalArgumentException()
			.isThrownBy(() -> SymmetryFunctions.of(new double[] { 1, 2, 3, 2, 4, 6, 0, 0, 1, 0, 0, 0 }))
			.withMessageContaining("plane");
	}

	/** The definition, term by term, over more images than any atom can reach. */
	private static double[] literal(double[] structure) {
		int atoms = structure.length / 3 - 3;
		double[] features = new double[atoms * 24];
		for (int i = 0; i < atoms; i++) {
			double[][] around = images(structure, i, 9);
			for (int j = 0; j < around.length; j++) {
				double rij = length(around[j]);
				for (int k = 0; k < 16; k++) {
					features[24 * i + k] += radial(rij, k);
				}
				for (int k = j + 1; k < around.length; k++) {
					double[] a = around[j];
					double[] b = around[k];
					double rik = length(b);
					double rjk = length(new double[] { a[0] - b[0], a[1] - b[1], a[2] - b[2] });
					double cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (rij * rik);
					double weight = Math.exp(-0.01 * (rij * rij + rik * rik + rjk * rjk)) * fc(rij) * fc(rik) * fc(rjk);
					int feature = 24 * i + 16;
					for (int zeta : new int[] { 1, 2, 4, 16 }) {
						for (int lambda : new int[] { 1, -1 }) {
							features[feature++] += Math.pow(2, 1 - zeta) * Math.pow(1 + lambda * cosine, zeta) * weight;
						}
					}
				}
			}
		}
		return features;
	}

	private static double[][] images(double[] structure, int center, int reach) {
		int atoms = structure.length / 3 - 3;
		int side = 2 * reach + 1;
		double[][] images = new double[atoms * side * side * side][];
		int count = 0;
		for (int n = 0; n < images.length; n++) {
			int atom = n % atoms;
			int n0 = n / atoms % side - reach;
			int n1 = n / atoms / side % side - reach;
			int n2 = n / atoms / side / side - reach;
			double[] image = new double[3];
			for (int axis = 0; axis < 3; axis++) {
				image[axis] = structure[9 + 3 * atom + axis] - structure[9 + 3 * center + axis] + n0 * structure[axis]
						+ n1 * structure[3 + axis] + n2 * structure[6 + axis];
			}
			boolean self = atom == center && n0 == 0 && n1 == 0 && n2 == 0;
			if (!self && length(image) < 6.0) {
				images[count++] = image;
			}
		}
		return Arrays.copyOf(images, count);
	}

	private static double radial(double distance, int k) {
		return Math.exp(-2.0 * Math.pow(distance - (0.75 + 0.35 * k), 2)) * fc(distance);
	}

	private static double fc(double distance) {
		return (distance < 6.0) ? (Math.cos(Math.PI * distance / 6.0) + 1.0) / 2.0 : 0.0;
	}

	private static double length(double[] vector) {
		return Math.sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
	}

	private static double[] cube(double side) {
		return new double[] { side, 0, 0, 0, side, 0, 0, 0, side };
	}

	private static double[] concat(double[] first, double... second) {
		return DoubleStream.concat(DoubleStream.of(first), DoubleStream.of(second)).toArray();
	}

	private static void assertClose(double[] actual, double[] expected) {
		assertThat(actual).hasSameSizeAs(expected);
		for (int i = 0; i < actual.length; i++) {
			assertClose(actual[i], expected[i]);
		}
	}

	private static void assertClose(double actual, double expected) {
		assertThat(Math.abs(actual - expected)).as("%s against %s", actual, expected)
			.isLessThanOrEqualTo(1e-11 * Math.abs(expected));
	}

}
