package io.axonipc.samples.numpyservice;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;

import io.axonipc.MessageView;
import io.axonipc.spring.AxonOperations;

import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.stereotype.Component;

/**
 * Asks for both decompositions some times, and prints what the way to numpy and back adds
 * to the computation.
 */
@Component
class Comparison implements ApplicationRunner {

	private static final int TIMES = 21;

	private final Numpy numpy;

	private final AxonOperations axon;

	Comparison(Numpy numpy, AxonOperations axon) {
		this.numpy = numpy;
		this.axon = axon;
	}

	@Override
	public void run(ApplicationArguments arguments) {
		Matrix matrix = Matrix.noisy(8192, 64, 0.1);
		System.out.printf("A matrix of %d x %d numbers: %d bytes%n", matrix.rows(), matrix.columns(),
				matrix.numbers().remaining());
		System.out.printf("%-22s%14s%14s%14s%16s%16s%n", "", "round trip", "numpy itself", "the way", "copied there",
				"copied back");
		print("singular values", () -> singularValues(matrix));
		print("nearest of rank 8", () -> approximation(matrix));
		System.out.printf("Noise of the matrix %.4f, of the nearest of rank 8 %.4f%n",
				difference(matrix, (index) -> matrix.numbers().getDouble(Double.BYTES * index)), denoised(matrix));
	}

	/** The reply is an array of its own, so it is copied; it is small. */
	private Exchange singularValues(Matrix matrix) {
		long start = System.nanoTime();
		double[] reply = this.numpy.singularValues(matrix.numbers(), matrix.columnsAsText());
		return new Exchange(System.nanoTime() - start, reply[0], matrix.numbers().remaining(),
				Double.BYTES * reply.length);
	}

	/** The reply is as large as the matrix, and is read where numpy wrote it. */
	private Exchange approximation(Matrix matrix) {
		long start = System.nanoTime();
		return this.axon.message("approximation")
			.channel("numpy")
			.payload(matrix.numbers())
			.metadata(matrix.columnsAsText())
			.sendAndReceive((MessageView reply) -> new Exchange(System.nanoTime() - start, reply.getDouble(0),
					matrix.numbers().remaining(), 0));
	}

	private double denoised(Matrix matrix) {
		return this.axon.message("approximation")
			.channel("numpy")
			.payload(matrix.numbers())
			.metadata(matrix.columnsAsText())
			.sendAndReceive(
					(MessageView reply) -> difference(matrix, (index) -> reply.getDouble(Double.BYTES * (1 + index))));
	}

	/** The root of the mean square of the difference from the signal without noise. */
	private static double difference(Matrix matrix, IntToDoubleFunction number) {
		double sum = 0;
		for (int i = 0; i < matrix.size(); i++) {
			double difference = number.applyAsDouble(i) - matrix.signal(i);
			sum += difference * difference;
		}
		return Math.sqrt(sum / matrix.size());
	}

	/** The median; the first ones, before all is warm, are the slow ones. */
	private static void print(String what, Supplier<Exchange> ask) {
		List<Exchange> exchanges = new ArrayList<>();
		for (int i = 0; i < TIMES; i++) {
			exchanges.add(ask.get());
		}
		exchanges.sort(Comparator.comparingDouble(Exchange::way));
		Exchange median = exchanges.get(TIMES / 2);
		System.out.printf("%-22s%11.2f ms%11.2f ms%11.2f ms%16d%16d%n", what, median.nanoseconds / 1e6,
				median.seconds * 1e3, median.way(), median.there, median.back);
	}

	/**
	 * A request and its reply.
	 *
	 * @param nanoseconds the round trip
	 * @param seconds of these, what numpy took
	 * @param there bytes written into shared memory
	 * @param back bytes copied out of it
	 */
	private record Exchange(long nanoseconds, double seconds, int there, int back) {

		/** All but the computation, in milliseconds. */
		double way() {
			return this.nanoseconds / 1e6 - this.seconds * 1e3;
		}

	}

}
