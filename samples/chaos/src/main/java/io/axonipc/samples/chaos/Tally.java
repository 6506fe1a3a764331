package io.axonipc.samples.chaos;

import java.util.ArrayList;
import java.util.List;

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
 * @param slowestDeathNotice how long at most a waiting side took to see that its peer had
 * been killed, in milliseconds
 * @param anomalies all else that must not be, in words
 */
record Tally(long sent, long received, long lost, long reordered, long corrupt, long duplicates, long kills,
		long receiverKills, long slowestDeathNotice, List<String> anomalies) {

	static final Tally NONE = new Tally(0, 0, 0, 0, 0, 0, 0, 0, 0, List.of());

	Tally plus(Tally other) {
		List<String> all = new ArrayList<>(this.anomalies);
		all.addAll(other.anomalies);
		return new Tally(this.sent + other.sent, this.received + other.received, this.lost + other.lost,
				this.reordered + other.reordered, this.corrupt + other.corrupt, this.duplicates + other.duplicates,
				this.kills + other.kills, this.receiverKills + other.receiverKills,
				Math.max(this.slowestDeathNotice, other.slowestDeathNotice), all);
	}

	Tally plus(List<String> more) {
		return plus(new Tally(0, 0, 0, 0, 0, 0, 0, 0, 0, more));
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
