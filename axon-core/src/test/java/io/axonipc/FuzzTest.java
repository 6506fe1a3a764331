package io.axonipc;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import com.code_intelligence.jazzer.Jazzer;
import io.axonipc.ring.RingFuzz;
import io.axonipc.testing.Golden;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The fuzz targets with their seeds, and in the profile {@code hardening} with what a
 * coverage-guided fuzzer makes of them. Seeds are the golden vectors, and what the fuzzer
 * has found: lines of src/test/fuzz.
 */
class FuzzTest {

	private static final Path OUT = Path.of("target", "fuzz").toAbsolutePath();

	@Test
	void theRingStandsItsSeeds() throws IOException {
		seeds(RingFuzz.class).values().forEach(RingFuzz::fuzzerTestOneInput);
	}

	@Test
	void theChannelStandsItsSeeds() throws IOException {
		for (byte[] seed : seeds(ChannelFuzz.class).values()) {
			ChannelFuzz.fuzzerTestOneInput(seed);
		}
	}

	@Tag("hardening")
	@ParameterizedTest
	@ValueSource(classes = { RingFuzz.class, ChannelFuzz.class })
	void theFuzzerFindsNothing(Class<?> target) throws Exception {
		Path folder = Files.createDirectories(OUT.resolve(target.getSimpleName()));
		Path corpus = Files.createDirectories(folder.resolve("corpus"));
		for (Map.Entry<String, byte[]> seed : seeds(target).entrySet()) {
			Files.write(corpus.resolve(seed.getKey()), seed.getValue());
		}
		List<String> command = PeerProcess.java(Jazzer.class);
		command.addAll(1, List.of("-XX:+EnableDynamicAgentLoading", "-Xmx512m", "-ea"));
		command.addAll(List.of("--target_class=" + target.getName(), "--instrumentation_includes=io.axonipc.**",
				"--custom_hook_excludes=**", "--reproducer_path=" + folder, "-artifact_prefix=" + folder + "/",
				"-max_total_time=" + Integer.getInteger("axon.fuzz.seconds", 20), "-max_len=512", "-timeout=60",
				"-rss_limit_mb=4096", corpus.toString()));
		Path log = folder.resolve("log");
		Process fuzzer = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
		try {
			assertThat(fuzzer.waitFor()).as("see %s; seeds of the future: %s", log, folder).isZero();
		}
		finally {
			fuzzer.destroyForcibly().waitFor();
			assertThat(UniqueNames.files("fuzz-" + fuzzer.pid())).isEmpty();
		}
		String done = Files.readAllLines(log)
			.stream()
			.filter((line) -> line.startsWith("Done "))
			.findAny()
			.orElseThrow();
		System.out.println(target.getSimpleName() + ": " + done);
		assertThat(Long.parseLong(done.split(" ")[1])).as(done).isGreaterThan(seeds(target).size());
	}

	private static Map<String, byte[]> seeds(Class<?> target) throws IOException {
		Map<String, byte[]> seeds = new TreeMap<>();
		int number = 0;
		for (byte[] record : Golden.records()) {
			seeds.put("golden-" + ++number, (target == RingFuzz.class) ? ringSeed(record) : channelSeed(record));
		}
		if (target == ChannelFuzz.class) {
			// The golden segment as it is; both ends poll it.
			seeds.put("golden-segment", new byte[] { 19, 0, 1, 0, 1, 6, 1, 7, 6, 0, 7 });
		}
		for (String line : Files.readAllLines(Path.of("src", "test", "fuzz", target.getSimpleName() + ".txt"))) {
			if (!line.startsWith("#")) {
				String[] parts = line.split(" ");
				seeds.put(parts[0], HexFormat.of().parseHex(parts[1]));
			}
		}
		return seeds;
	}

	/** Writes the record word by word, as {@link RingFuzz} does it, and receives it. */
	private static byte[] ringSeed(byte[] record) {
		ByteArrayOutputStream seed = new ByteArrayOutputStream();
		for (int i = 0; i < record.length; i += Long.BYTES) {
			int word = (4096 + i) / Long.BYTES;
			seed.writeBytes(new byte[] { 13, (byte) word, (byte) (word >> 8), 3 });
			seed.writeBytes(Arrays.copyOfRange(record, i, i + Long.BYTES));
		}
		seed.writeBytes(new byte[] { 9, 3, 6, 8 });
		return seed.toByteArray();
	}

	/** The same for {@link ChannelFuzz}: the server opens, the client receives. */
	private static byte[] channelSeed(byte[] record) {
		ByteArrayOutputStream seed = new ByteArrayOutputStream();
		seed.writeBytes(new byte[] { 6, 0, 0, 6, 1, 0 });
		for (int i = 0; i < record.length; i += Long.BYTES) {
			int word = i / Long.BYTES;
			seed.writeBytes(new byte[] { 14, 0, (byte) word, (byte) (word >> 8), 3 });
			seed.writeBytes(Arrays.copyOfRange(record, i, i + Long.BYTES));
		}
		seed.writeBytes(new byte[] { 6, 1, 0 });
		return seed.toByteArray();
	}

}
