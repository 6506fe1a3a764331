package io.axonipc.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import static org.assertj.core.api.Assertions.assertThat;

/** The golden vectors: see src/test/golden/README.md. */
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
	 * The records as seeds, in the order in which they lie in the ring.
	 * @return the bytes of each
	 */
	public static List<byte[]> records() {
		return vectors().stream().map(Vector::bytes).toList();
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

	/**
	 * The blocks of records.txt, in their order.
	 * @return records
	 */
	public static List<Vector> vectors() {
		List<Vector> vectors = new ArrayList<>();
		for (String block : String.join("\n", lines("records.txt")).strip().split("\n\n+")) {
			vectors.add(new Vector(block.lines()
				.map((line) -> line.split(" ", 2))
				.collect(Collectors.toMap((line) -> line[0], (line) -> line[1]))));
		}
		assertThat(vectors).hasSizeGreaterThan(10);
		return vectors;
	}

	/**
	 * A record of records.txt.
	 *
	 * @param fields values by key
	 */
	public record Vector(Map<String, String> fields) {

		/**
		 * What messages call it.
		 * @return a name
		 */
		public String name() {
			return this.fields.get("name");
		}

		/**
		 * Where it lies in the ring.
		 * @return bytes since the beginning
		 */
		public int position() {
			return Integer.parseInt(this.fields.get("position"));
		}

		/**
		 * Whether it only fills the end of the ring.
		 * @return whether there are no other fields
		 */
		public boolean isPadding() {
			return this.fields.get("kind").equals("padding");
		}

		/**
		 * Whether it answers a request.
		 * @return whether the flag is set
		 */
		public boolean isReply() {
			return "1".equals(this.fields.get("reply"));
		}

		/**
		 * Whether it answers with an error.
		 * @return whether the flag is set
		 */
		public boolean isError() {
			return "1".equals(this.fields.get("error"));
		}

		/**
		 * The tag.
		 * @return text
		 */
		public String tag() {
			return new String(hex("tag"), StandardCharsets.UTF_8);
		}

		/**
		 * The metadata.
		 * @return bytes, or null when there are none
		 */
		public byte[] metadata() {
			return this.fields.get("metadata").equals("-") ? null : hex("metadata");
		}

		/**
		 * The correlation id.
		 * @return 0 for none
		 */
		public long correlation() {
			String id = this.fields.get("correlation");
			return id.equals("-") ? 0 : HexFormat.fromHexDigitsToLong(id);
		}

		/**
		 * The payload.
		 * @return bytes
		 */
		public byte[] payload() {
			String payload = this.fields.get("payload");
			if (payload.startsWith("pattern-")) {
				return Peer.pattern(0, Integer.parseInt(payload.substring(8)));
			}
			return payload.equals("-") ? new byte[0] : hex("payload");
		}

		/**
		 * The record.
		 * @return from its header word to its length
		 */
		public byte[] bytes() {
			return hex("bytes");
		}

		private byte[] hex(String key) {
			return HexFormat.of().parseHex(this.fields.get(key));
		}

	}

}
