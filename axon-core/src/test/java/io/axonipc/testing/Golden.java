package io.axonipc.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/** The golden vectors as seeds: see src/test/golden/README.md. */
public final class Golden {

	private static final Path FOLDER = Path.of("src", "test", "golden");

	private static final int SEGMENT_SIZE = 20480;

	private static final byte[] SEGMENT = readSegment();

	private Golden() {
	}

	/**
	 * The segment with two messages.
	 * @return a copy of its bytes
	 */
	public static byte[] segment() {
		return SEGMENT.clone();
	}

	private static byte[] readSegment() {
		byte[] segment = new byte[SEGMENT_SIZE];
		for (String line : lines("segment.txt")) {
			String[] parts = line.split(": ");
			byte[] bytes = HexFormat.of().parseHex(parts[1]);
			System.arraycopy(bytes, 0, segment, Integer.parseInt(parts[0]), bytes.length);
		}
		return segment;
	}

	/**
	 * The records, in the order in which they lie in the ring.
	 * @return the bytes of each
	 */
	public static List<byte[]> records() {
		return lines("records.txt").stream()
			.filter((line) -> line.startsWith("bytes "))
			.map((line) -> HexFormat.of().parseHex(line.substring(6)))
			.toList();
	}

	/**
	 * The lines of a file.
	 * @param file its name
	 * @return all but the comments
	 */
	public static List<String> lines(String file) {
		try {
			return Files.readAllLines(FOLDER.resolve(file)).stream().filter((line) -> !line.startsWith("#")).toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
