package io.axonipc.samples.benchmarks.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Tells the other side of a pair which TCP port the system gave to this one; a fixed port
 * might be taken.
 */
final class PortFile {

	private final Setup setup;

	private final Path path;

	PortFile(Setup setup) {
		this.setup = setup;
		this.path = temporary(setup, ".port");
	}

	/** A path of the pair's own. */
	static Path temporary(Setup setup, String suffix) {
		return Path.of(System.getProperty("java.io.tmpdir"), setup.name() + suffix);
	}

	/** Moved into place, so that nobody reads half a number. */
	void publish(int port) throws IOException {
		Path written = temporary(this.setup, ".port.new");
		Files.writeString(written, Integer.toString(port));
		Files.move(written, this.path, StandardCopyOption.ATOMIC_MOVE);
	}

	/** Waits for the port, and removes the file. */
	int take() throws IOException {
		Peers.await(() -> Files.exists(this.path), this.setup);
		int port = Integer.parseInt(Files.readString(this.path));
		Files.delete(this.path);
		return port;
	}

	/** Removes a port that nobody took. */
	void remove() throws IOException {
		Files.deleteIfExists(this.path);
	}

}
