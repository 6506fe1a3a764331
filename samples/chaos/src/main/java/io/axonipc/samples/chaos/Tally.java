package io.axonipc.samples.chaos;

import java.util.List;
import java.util.stream.Stream;

/**
 * What came of one link or of several.
 *
 * @param sent messages that were committed: the sender noted so, or they arrived
 * @param received those that arrived, each counted once
 * @param lost those that no handler was done with in the end
 * @param reordered deliveries after a later message's
 * @param corrupt deliveries whose size or checksum was wrong
 * @param duplicates deliveries beyond a message's first
 * @param kills processes killed
 * @param receiverKills receivers among them
 * @param deathNotices how long a waiting side took each time to see that its peer had
 * been killed, in milliseconds
 * @param anomalies all else that must not be, in words
 */
record Tally(long sent, long received, long lost, long reordered, long corrupt, long duplicates, long kills,
		long receiverKills, List<Long> deathNotices, List<String> anomalies) {

	static final Tally NONE = new Tally(0, 0, 0, 0, 0, 0, 0, 0, List.of(), List.of());

	Tally plus(Tally other) {
		return new Tally(this.sent + other.sent, this.received + other.received, this.lost + other.lost,
				this.reordered + other.reordered, this.corrupt + other.corrupt, this.duplicates + other.duplicates,
				this.kills + other.kills, this.receiverKills + other.receiverKills,
				concat(this.deathNotices, other.deathNotices), concat(this.anomalies, other.anomalies));
	}

	private static <T> List<T> concat(List<T> first, List<T> second) {
		return Stream.concat(first.stream(), second.stream()).toList();
	}

	Tally plus(List<String> more) {
		return plus(new Tally(0, 0, 0, 0, 0, 0, 0, 0, List.of(), more));
	}

	String notices() {
		List<Long> sorted = this.deathNotices.stream().sorted().toList();
		return sorted.isEmpty() ? "no death was noticed while waiting"
				: "slowest death notice %d ms, median %d ms, of %d".formatted(sorted.get(sorted.size() - 1),
						sorted.get(sorted.size() / 2), sorted.size());
	}

	boolean holds() {
		return this.lost == 0 && this.reordered == 0 && this.corrupt == 0 && this.duplicates <= this.receiverKills
				&& this.received > 0 && this.anomalies.isEmpty();
	}

	@Override
	public String toString() {
		return "sent=%d received=%d lost=%d reordered=%d corrupt=%d duplicates=%d kills=%d receiver_kills=%d".formatted(
				this.sent, this.received, this.lost, this.reordered, this.corrupt, this.duplicates, this.kills,
				this.receiverKills);
	}

}
