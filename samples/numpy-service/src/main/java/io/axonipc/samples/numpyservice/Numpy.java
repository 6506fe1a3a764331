package io.axonipc.samples.numpyservice;

import java.nio.ByteBuffer;

import io.axonipc.spring.AxonExchange;
import io.axonipc.spring.AxonHeaders;

import org.springframework.messaging.handler.annotation.Header;

/** {@code service.py}, as this application sees it. */
@AxonExchange(channel = "numpy")
public interface Numpy {

	/**
	 * Computes the singular values of a matrix.
	 * @param matrix its numbers, row by row, from position to limit; a buffer is copied
	 * once, into shared memory, where an array would be made into a buffer first
	 * @param columns how many columns it has, as text
	 * @return the seconds that numpy took, and the singular values, the largest first
	 */
	@AxonExchange("singular-values")
	double[] singularValues(ByteBuffer matrix, @Header(AxonHeaders.METADATA) byte[] columns);

}
