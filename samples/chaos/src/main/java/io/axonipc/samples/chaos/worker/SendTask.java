package io.axonipc.samples.chaos.worker;

import java.io.IOException;
import java.nio.ByteBuffer;

import io.axonipc.Claim;
import io.axonipc.MessageHeader;
import io.axonipc.SendTimeoutException;
import io.axonipc.Sender;
import io.axonipc.samples.chaos.Journal.Kind;

/**
 * Sends numbered messages of random sizes in every way there is, and notes each number
 * before and after.
 */
final class SendTask {

	private static final int LARGEST = 3 << 20;

	private static final int PERIOD = 65521;

	private final Worker worker;

	private final Sender sender;

	private final int capacity;

	private final int burst;

	private final byte[] block = new byte[LARGEST + PERIOD];

	private final ByteBuffer copy = ByteBuffer.allocateDirect(Stamp.SIZE + LARGEST);

	private final Stamp stamp = new Stamp();

	SendTask(Worker worker, int capacity, int burst) {
		this.worker = worker;
		this.sender = worker.channel.sender();
		this.capacity = capacity;
		this.burst = burst;
		byte[] period = new byte[PERIOD];
		worker.random.nextBytes(period);
		for (int i = 0; i < this.block.length; i += PERIOD) {
			System.arraycopy(period, 0, this.block, i, Math.min(PERIOD, this.block.length - i));
		}
	}

	void run(long first) throws IOException {
		for (long number = first; !this.worker.isStopping(); number++) {
			ByteBuffer body = ByteBuffer.wrap(this.block, (int) (number * 7919 % PERIOD), pickSize()).slice();
			int way = this.worker.random.nextInt(3);
			this.worker.journal.note(Kind.INTENT, number, body.remaining());
			while (!send(way, this.stamp.of(number, body), body)) {
				if (this.worker.isStopping()) {
					return;
				}
				this.worker.lookForPeer();
			}
			this.worker.journal.note(Kind.DONE, number, 0);
			if (this.worker.oneIn(this.burst)) {
				this.worker.nap(this.worker.oneIn(20) ? 400 : 40);
			}
			this.worker.active();
		}
	}

	private int pickSize() {
		int kind = this.worker.random.nextInt(1000);
		if (kind < 600) {
			return this.worker.random.nextInt(257);
		}
		if (kind < 850) {
			return this.worker.random.nextInt(4097);
		}
		return this.worker.random.nextInt(((kind < 995) ? this.capacity / 4 : LARGEST) + 1);
	}

	private boolean send(int way, byte[] proof, ByteBuffer body) {
		try {
			switch (way) {
				case 0 -> this.sender.send("body", this.copy.clear().put(proof).put(body.duplicate()).flip());
				case 1 -> this.sender.send(new MessageHeader("meta", proof), body, Worker.WAIT);
				default -> sendInPlace(proof, body);
			}
			return true;
		}
		catch (SendTimeoutException ex) {
			return false;
		}
	}

	private void sendInPlace(byte[] proof, ByteBuffer body) {
		int length = Stamp.SIZE + body.remaining();
		if (this.worker.oneIn(50)) {
			abandon(length);
		}
		try (Claim claim = this.sender.claim("body", length)) {
			ByteBuffer payload = claim.buffer().put(proof);
			if (this.worker.oneIn(200)) {
				this.worker.nap(5);
			}
			payload.put(body.duplicate());
			claim.commit();
		}
	}

	/** A claim that comes to nothing leaves garbage behind, which nobody may see. */
	private void abandon(int length) {
		Claim claim = this.sender.tryClaim("body", length);
		if (claim != null) {
			while (claim.buffer().hasRemaining()) {
				claim.buffer().put((byte) 0xA5);
			}
			claim.abort();
		}
	}

}
