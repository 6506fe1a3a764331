package io.axonipc.samples.chaos;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

import io.axonipc.samples.chaos.Journal.Kind;

/**
 * Computes from the two journals of a link what was lost and what came twice. Knows
 * nothing of Axon.
 */
final class Verification {

	/** When one side was attached to the channel, and when it was not running. */
	record Times(NavigableSet<Long> opened, NavigableSet<Long> closing, NavigableSet<Long> killed,
			NavigableSet<Long> stopped) {

		Times(NavigableSet<Long> killed, NavigableSet<Long> stopped) {
			this(new TreeSet<>(), new TreeSet<>(), killed, stopped);
		}

	}

	private static final int MOST_ANOMALIES = 20;

	private final BitSet committed = new BitSet();

	private final BitSet delivered = new BitSet();

	private final BitSet handled = new BitSet();

	private final List<String> anomalies = new ArrayList<>();

	private final Times sender;

	private final Times receiver;

	private long lastDelivered;

	/** The message that a handler has; 0 for none, and for a corrupt one. */
	private long inHand;

	private long reordered;

	private long corrupt;

	private long duplicates;

	private boolean mayRedeliver;

	private boolean fresh = true;

	private boolean closedCleanly = true;

	private long lastActive;

	/** Milliseconds of each. */
	private final List<Long> notices = new ArrayList<>();

	private Verification(Times sender, Times receiver) {
		this.sender = sender;
		this.receiver = receiver;
	}

	/**
	 * Reads the journals of a link after its end.
	 * @param senderJournal what was sent
	 * @param receiverJournal what was received
	 * @param sender when the senders were killed and stopped
	 * @param receiver when the receivers were
	 */
	static Tally of(Path senderJournal, Path receiverJournal, Times sender, Times receiver) throws IOException {
		Verification verification = new Verification(sender, receiver);
		for (boolean pass : new boolean[] { true, false }) {
			// Who was found gone is compared with when it was there, which comes first.
			Journal.read(senderJournal, (number, kind, value) -> {
				if (pass) {
					verification.sent(number, kind);
				}
				else {
					verification.peerGone(number, kind, value, sender, receiver);
				}
			});
			Journal.read(receiverJournal, (number, kind, value) -> {
				if (pass) {
					verification.received(number, kind, value);
				}
				else {
					verification.peerGone(number, kind, value, receiver, sender);
				}
			});
		}
		return verification.tally();
	}

	private void sent(long number, Kind kind) {
		switch (kind) {
			case OPENED -> this.sender.opened().add(number);
			case CLOSING -> this.sender.closing().add(number);
			case DONE -> this.committed.set((int) number);
			default -> {
			}
		}
	}

	private void received(long number, Kind kind, int value) {
		switch (kind) {
			case OPENED -> {
				this.receiver.opened().add(number);
				// After a clean end with something done, nothing can be in hand.
				this.mayRedeliver = !this.closedCleanly || (this.fresh && this.mayRedeliver);
				this.closedCleanly = false;
				this.fresh = true;
			}
			case CLOSING -> {
				this.receiver.closing().add(number);
				this.closedCleanly = true;
			}
			case CORRUPT -> {
				this.corrupt++;
				this.inHand = 0;
				anomaly("message " + number + " is corrupt, after message " + this.lastDelivered);
				this.fresh = false;
			}
			case DELIVERED -> delivered(number, value);
			case HANDLED -> this.handled.set((int) this.inHand);
			default -> {
			}
		}
	}

	private void delivered(long number, int deliveries) {
		boolean again = this.delivered.get((int) number);
		if (again) {
			this.duplicates++;
			if (deliveries < 2) {
				anomaly("message " + number + " came again and was not flagged as redelivered");
			}
		}
		if (number < this.lastDelivered) {
			this.reordered++;
			anomaly("message " + number + " came after " + this.lastDelivered);
		}
		if ((again || deliveries > 1) && !(this.fresh && this.mayRedeliver)) {
			anomaly("message " + number + " came as delivery " + deliveries
					+ ", and it was not in hand when a receiver was killed");
		}
		this.fresh = false;
		this.delivered.set((int) number);
		this.inHand = number;
		this.lastDelivered = Math.max(number, this.lastDelivered);
	}

	private void peerGone(long number, Kind kind, int value, Times survivor, Times peer) {
		if (kind == Kind.OPENED || kind == Kind.ACTIVE) {
			this.lastActive = number;
		}
		if (kind != Kind.GONE) {
			return;
		}
		long noticed = number + value;
		Long opened = peer.opened().floor(number - 1);
		if (opened != null && peer.killed().subSet(opened, true, noticed, true).isEmpty()
				&& peer.closing().subSet(opened, true, noticed, true).isEmpty()) {
			anomaly("a peer that was attached since " + opened + " ms was declared dead at " + noticed + " ms");
		}
		Long killed = peer.killed().floor(noticed);
		if (killed == null || (peer.closing().floor(noticed) != null && peer.closing().floor(noticed) > killed)) {
			return;
		}
		long since = Math.max(killed, this.lastActive);
		// A survivor that was itself stopped meanwhile could not look.
		if (survivor.stopped().subSet(killed, true, noticed, true).isEmpty()) {
			this.notices.add(noticed - since);
		}
	}

	private void anomaly(String what) {
		if (this.anomalies.size() < MOST_ANOMALIES) {
			this.anomalies.add(what);
		}
	}

	private Tally tally() {
		this.committed.or(this.delivered);
		BitSet lost = (BitSet) this.committed.clone();
		lost.andNot(this.handled);
		if (!lost.isEmpty()) {
			anomaly("the first message lost is " + lost.nextSetBit(0));
		}
		return new Tally(this.committed.cardinality(), this.delivered.cardinality(), lost.cardinality(), this.reordered,
				this.corrupt, this.duplicates, this.sender.killed().size() + this.receiver.killed().size(),
				this.receiver.killed().size(), this.notices, this.anomalies);
	}

}
