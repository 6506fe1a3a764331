package io.axonipc.samples.chaos;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Predicate;

/**
 * What one side of a link did, in a file: records of 16 bytes, each appended by one
 * {@code write(2)}. The kernel has it then, and the death of the process takes nothing
 * away; as no record crosses a page, none is cut in two.
 */
public final class Journal implements AutoCloseable {

	/** What is noted; the ordinal plus 1 is in the file. */
	public enum Kind {

		/** The channel is open; the number is the time. */
		OPENED,
		/** The channel is about to be closed; the number is the time. */
		CLOSING,
		/** A message is about to be sent; the value is its size. */
		INTENT,
		/** A message was committed. */
		DONE,
		/** A handler has got a whole message; the value is its count of deliveries. */
		DELIVERED,
		/** The same, but its checksum, size or number is wrong. */
		CORRUPT,
		/** A handler is about to return. */
		HANDLED,
		/** Comes before GONE: the time at which this side was busy last. */
		ACTIVE,
		/**
		 * The peer was found gone: the number is the time before it was asked for, the
		 * value how long the answer took.
		 */
		GONE;

		private static final Kind[] ALL = values();

	}

	/**
	 * A record.
	 *
	 * @param number of a message, or a time in milliseconds
	 * @param kind what happened
	 * @param value see the kind
	 */
	public record Entry(long number, Kind kind, int value) {
	}

	/** Called for each record. */
	@FunctionalInterface
	public interface Reader {

		/**
		 * A record.
		 * @param number see {@link Entry}
		 * @param kind see {@link Entry}
		 * @param value see {@link Entry}
		 */
		void read(long number, Kind kind, int value);

	}

	private static final int SIZE = 16;

	private static final int CHUNK = SIZE << 12;

	private final FileChannel file;

	private final ByteBuffer record = ByteBuffer.allocateDirect(SIZE).order(ByteOrder.LITTLE_ENDIAN);

	/**
	 * Opens a journal to append to it.
	 * @param path the file; made if need be
	 * @throws IOException if that fails
	 */
	public Journal(Path path) throws IOException {
		this.file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
	}

	/**
	 * Milliseconds of the monotonic clock, which all processes share.
	 * @return the time
	 */
	public static long millis() {
		return System.nanoTime() / 1_000_000;
	}

	/**
	 * Appends a record.
	 * @param kind what happened
	 * @param number a message's, or a time
	 * @param value see the kind
	 * @throws IOException if it cannot be written whole
	 */
	public void note(Kind kind, long number, int value) throws IOException {
		this.record.clear();
		this.record.putLong(number).putInt(kind.ordinal() + 1).putInt(value).flip();
		if (this.file.write(this.record) != SIZE) {
			throw new IOException("The journal cannot be written");
		}
	}

	/**
	 * Reads a journal from its beginning, which may be written to meanwhile.
	 * @param path the file; one that is not there is empty
	 * @param reader gets each record
	 * @throws IOException if it cannot be read
	 */
	public static void read(Path path, Reader reader) throws IOException {
		if (!Files.exists(path)) {
			return;
		}
		ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
		try (FileChannel file = FileChannel.open(path)) {
			while (file.read(chunk) >= 0 || chunk.position() >= SIZE) {
				chunk.flip();
				while (chunk.remaining() >= SIZE) {
					Entry entry = next(chunk);
					reader.read(entry.number(), entry.kind(), entry.value());
				}
				chunk.compact();
			}
		}
		if (chunk.position() != 0) {
			throw new IOException(path + " ends within a record");
		}
	}

	/**
	 * Looks for a record from the end.
	 * @param path the file; one that is not there is empty
	 * @param wanted which record
	 * @return it, or null when there is none
	 * @throws IOException if the file cannot be read
	 */
	public static Entry last(Path path, Predicate<Kind> wanted) throws IOException {
		if (!Files.exists(path)) {
			return null;
		}
		ByteBuffer chunk = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
		try (FileChannel file = FileChannel.open(path)) {
			for (long at = file.size() / SIZE * SIZE - SIZE; at >= 0; at -= SIZE) {
				file.read(chunk.clear(), at);
				Entry entry = next(chunk.flip());
				if (wanted.test(entry.kind())) {
					return entry;
				}
			}
		}
		return null;
	}

	private static Entry next(ByteBuffer bytes) {
		return new Entry(bytes.getLong(), Kind.ALL[bytes.getInt() - 1], bytes.getInt());
	}

	@Override
	public void close() throws IOException {
		this.file.close();
	}

}
