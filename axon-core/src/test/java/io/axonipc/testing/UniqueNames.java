package io.axonipc.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Channel names that no other test uses. After each test nothing of them may be left in
 * shared memory; what is left is removed, and the test fails.
 */
public final class UniqueNames implements AfterEachCallback {

	private static final Path SHARED_MEMORY = Path.of("/dev/shm");

	private final List<String> names = new ArrayList<>();

	/**
	 * A new name.
	 * @return a valid channel name
	 */
	public String next() {
		String name = "test-" + UUID.randomUUID();
		this.names.add(name);
		return name;
	}

	/**
	 * The files in shared memory that belong to a channel.
	 * @param name the channel's name
	 * @return file names, sorted
	 */
	public static List<String> files(String name) {
		try (Stream<Path> files = Files.list(SHARED_MEMORY)) {
			return files.map((file) -> file.getFileName().toString())
				.filter((file) -> file.contains("axon." + name))
				.sorted()
				.toList();
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Override
	public void afterEach(ExtensionContext context) throws IOException {
		List<String> left = this.names.stream().flatMap((name) -> files(name).stream()).toList();
		for (String file : left) {
			Files.deleteIfExists(SHARED_MEMORY.resolve(file));
		}
		assertThat(left).as("left in shared memory").isEmpty();
	}

}
