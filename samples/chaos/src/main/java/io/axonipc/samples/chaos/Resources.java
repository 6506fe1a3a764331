package io.axonipc.samples.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the surviving processes and the channels take of memory, descriptors and shared
 * memory, sample by sample.
 */
final class Resources {

	/** Of fewer samples nothing can be told. */
	private static final int FEWEST_SAMPLES = 60;

	private final List<Series> series = new ArrayList<>();

	private final Series sharedMemory = new Series("/dev/shm", "MiB", 32);

	private final Series names = new Series("/dev/shm", "names", 40);

	private final List<Side> survivors;

	private final String channels;

	/**
	 * No samples yet.
	 * @param survivors whose memory and descriptors are watched
	 * @param channels how the names of all channels begin
	 */
	Resources(List<Side> survivors, String channels) {
		this.survivors = survivors;
		this.channels = channels;
		for (Side side : survivors) {
			this.series.add(new Series(side.name, "MiB of memory", 24));
			this.series.add(new Series(side.name, "descriptors", 4));
		}
		this.series.add(this.sharedMemory);
		this.series.add(this.names);
	}

	void sample() throws IOException {
		try {
			for (int i = 0; i < this.survivors.size(); i++) {
				Path process = Path.of("/proc", Long.toString(this.survivors.get(i).pid()));
				this.series.get(2 * i).add(residentMebibytes(process));
				try (Stream<Path> descriptors = Files.list(process.resolve("fd"))) {
					this.series.get(2 * i + 1).add(descriptors.count());
				}
			}
		}
		catch (IOException ex) {
			// It was not started yet, or has ended.
		}
		long bytes = 0;
		List<String> files = Link.files(this.channels);
		for (String file : files) {
			try {
				bytes += Files.size(Path.of("/dev/shm", file));
			}
			catch (NoSuchFileException ex) {
				// It was removed meanwhile.
			}
		}
		this.sharedMemory.add(bytes >> 20);
		this.names.add(files.size());
	}

	private static long residentMebibytes(Path process) throws IOException {
		for (String line : Files.readAllLines(process.resolve("status"))) {
			if (line.startsWith("VmRSS:")) {
				return Long.parseLong(line.replaceAll("\\D", "")) >> 10;
			}
		}
		return 0;
	}

	/** What has grown. */
	List<String> grown() {
		return this.series.stream().filter(Series::hasGrown).map(Series::toString).toList();
	}

	@Override
	public String toString() {
		StringBuilder text = new StringBuilder("survivors:");
		for (int i = 0; i < this.survivors.size(); i++) {
			text.append(" %d MiB %d fds,".formatted(this.series.get(2 * i).last(), this.series.get(2 * i + 1).last()));
		}
		return text + " /dev/shm: %d MiB in %d names".formatted(this.sharedMemory.last(), this.names.last());
	}

	/** One figure over time. */
	static final class Series {

		private final String of;

		private final String unit;

		private final long slack;

		private final List<Long> values = new ArrayList<>();

		/**
		 * No values yet.
		 * @param slack by how much, beyond a quarter, the end may exceed the second
		 * quarter
		 */
		Series(String of, String unit, long slack) {
			this.of = of;
			this.unit = unit;
			this.slack = slack;
		}

		void add(long value) {
			this.values.add(value);
		}

		long last() {
			return this.values.isEmpty() ? 0 : this.values.get(this.values.size() - 1);
		}

		private long median(int quarter) {
			int size = this.values.size();
			List<Long> part = this.values.subList(size * (quarter - 1) / 4, size * quarter / 4);
			return part.stream().sorted().skip(part.size() / 2).findFirst().orElse(0L);
		}

		boolean hasGrown() {
			return this.values.size() >= FEWEST_SAMPLES && median(4) > median(2) + median(2) / 4 + this.slack;
		}

		@Override
		public String toString() {
			return this.of + " grew from " + median(2) + " to " + median(4) + " " + this.unit;
		}

	}

}
