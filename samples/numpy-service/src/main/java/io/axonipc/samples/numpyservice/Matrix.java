package io.axonipc.samples.numpyservice;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * A matrix of doubles, outside of the heap.
 *
 * @param rows how many rows
 * @param columns how many columns
 * @param numbers little-endian, row by row
 */
record Matrix(int rows, int columns, ByteBuffer numbers) {

	/**
	 * A signal and noise. The signal's singular values are known: 1000, 500, 250 and so
	 * on.
	 * @param rows how many rows
	 * @param columns how many columns
	 * @param noise the noise's standard deviation
	 * @return a matrix
	 */
	static Matrix noisy(int rows, int columns, double noise) {
		ByteBuffer numbers = ByteBuffer.allocateDirect(Double.BYTES * rows * columns).order(ByteOrder.LITTLE_ENDIAN);
		Random random = new Random(1);
		for (int row = 0; row < rows; row++) {
			for (int column = 0; column < columns; column++) {
				numbers.putDouble(signal(rows, columns, row, column) + noise * random.nextGaussian());
			}
		}
		return new Matrix(rows, columns, numbers.flip());
	}

	/** A sum of outer products of cosines that are orthogonal and have length one. */
	private static double signal(int rows, int columns, int row, int column) {
		double sum = 0;
		for (int k = 1; k <= 8; k++) {
			sum += 2000 / Math.pow(2, k) * cosine(rows, row, k) * cosine(columns, column, k);
		}
		return sum;
	}

	private static double cosine(int length, int index, int k) {
		return Math.sqrt(2.0 / length) * Math.cos(Math.PI * k * (index + 0.5) / length);
	}

	double signal(int index) {
		return signal(this.rows, this.columns, index / this.columns, index % this.columns);
	}

	int size() {
		return this.rows * this.columns;
	}

	byte[] columnsAsText() {
		return Integer.toString(this.columns).getBytes(StandardCharsets.US_ASCII);
	}

}
