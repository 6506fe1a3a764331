package io.axonipc.samples.dftfeatures;

import java.util.Arrays;

/**
 * The atoms around one atom, relative to it. Used again for atom after atom, it stops
 * allocating as soon as it has seen the densest surroundings.
 */
final class Neighbours {

	private int count;

	private double[] x = new double[128];

	private double[] y = new double[128];

	private double[] z = new double[128];

	private double[] distance = new double[128];

	void clear() {
		this.count = 0;
	}

	void addWithin(double radius, double x, double y, double z) {
		double square = x * x + y * y + z * z;
		if (square >= radius * radius) {
			return;
		}
		if (this.count == this.x.length) {
			grow();
		}
		this.x[this.count] = x;
		this.y[this.count] = y;
		this.z[this.count] = z;
		this.distance[this.count] = Math.sqrt(square);
		this.count++;
	}

	private void grow() {
		int length = 2 * this.count;
		this.x = Arrays.copyOf(this.x, length);
		this.y = Arrays.copyOf(this.y, length);
		this.z = Arrays.copyOf(this.z, length);
		this.distance = Arrays.copyOf(this.distance, length);
	}

	int count() {
		return this.count;
	}

	double distance(int j) {
		return this.distance[j];
	}

	double squareBetween(int j, int k) {
		double dx = this.x[j] - this.x[k];
		double dy = this.y[j] - this.y[k];
		double dz = this.z[j] - this.z[k];
		return dx * dx + dy * dy + dz * dz;
	}

	double cosine(int j, int k) {
		return (this.x[j] * this.x[k] + this.y[j] * this.y[k] + this.z[j] * this.z[k])
				/ (this.distance[j] * this.distance[k]);
	}

}
