package io.axonipc.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.LongUnaryOperator;

/**
 * The files behind a channel's names, as another process of the same user finds them: it
 * may write to them, replace and remove them.
 */
public final class SharedFiles {

	private final String channel;

	/**
	 * Names the files; opens none.
	 * @param channel the channel's name
	 */
	public SharedFiles(String channel) {
		this.channel = channel;
	}

	/**
	 * The channel.
	 * @return its name
	 */
	public String channel() {
		return this.channel;
	}

	/**
	 * The segment.
	 * @return its file's name
	 */
	public String segment() {
		return "axon." + this.channel;
	}

	/**
	 * A slot for a large message.
	 * @param ring 0 or 1
	 * @param slot 0 to 15
	 * @return its file's name
	 */
	public String slot(int ring, int slot) {
		return "axon.%s~%d.%02d".formatted(this.channel, ring, slot);
	}

	/**
	 * A semaphore.
	 * @param ring 0 or 1
	 * @param data whether data or space is waited for
	 * @return its file's name
	 */
	public String semaphore(int ring, boolean data) {
		return "sem.axon." + this.channel + "~" + ring + (data ? ".data" : ".space");
	}

	/**
	 * Where a file lies.
	 * @param file its name
	 * @return its path
	 */
	public Path path(String file) {
		return Path.of("/dev/shm", file);
	}

	/**
	 * Changes a word of a file, which grows if need be.
	 * @param file its name; nothing happens if there is none
	 * @param offset where
	 * @param change makes the new word of the old one
	 * @throws IOException if that fails
	 */
	public void write(String file, long offset, LongUnaryOperator change) throws IOException {
		if (!Files.exists(path(file))) {
			return;
		}
		try (FileChannel open = FileChannel.open(path(file), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
			ByteBuffer word = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
			open.read(word, offset);
			word.putLong(0, change.applyAsLong(word.getLong(0)));
			open.write(word.clear(), offset);
		}
	}

	/**
	 * Makes a file with the mode 0600.
	 * @param file its name; there must be none
	 * @param bytes what it holds
	 * @throws IOException if that fails
	 */
	public void create(String file, byte[] bytes) throws IOException {
		Files.createFile(path(file),
				PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
		Files.write(path(file), bytes);
	}

	/**
	 * Puts a copy of a file in the place of another one.
	 * @param from the file; nothing happens if there is none
	 * @param to what is replaced
	 * @throws IOException if that fails
	 */
	public void copy(String from, String to) throws IOException {
		if (!from.equals(to) && Files.exists(path(from))) {
			Files.copy(path(from), path(to), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
		}
	}

	/**
	 * Removes all files of the channel.
	 * @throws IOException if that fails
	 */
	public void remove() throws IOException {
		for (String file : UniqueNames.files(this.channel)) {
			Files.deleteIfExists(path(file));
		}
	}

}
