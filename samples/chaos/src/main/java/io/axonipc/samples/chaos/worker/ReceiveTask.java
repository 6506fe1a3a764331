package io.axonipc.samples.chaos.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import io.axonipc.MessageView;
import io.axonipc.Receiver;
import io.axonipc.samples.chaos.Journal.Kind;

/**
 * Receives in both ways that there are, checks each message, and notes it before and
 * after it is handled.
 */
final class ReceiveTask {

	private static final int BATCH = 64;

	private static final ByteBuffer NO_STAMP = ByteBuffer.allocate(Stamp.SIZE);

	private final Worker worker;

	/** The delivery that is never done with, so that its process can be killed in it. */
	private final int hold;

	private final Stamp stamp = new Stamp();

	private int count;

	ReceiveTask(Worker worker, int hold) {
		this.worker = worker;
		this.hold = hold;
	}

	void run() throws IOException {
		while (!this.worker.isStopping()) {
			if (!receiveSome(this.worker.channel.receiver())) {
				this.worker.lookForPeer();
			}
		}
	}

	private boolean receiveSome(Receiver receiver) {
		if (this.worker.oneIn(2)) {
			return receiver.poll(this::handle, 1 + this.worker.random.nextInt(BATCH), Worker.WAIT) > 0;
		}
		try (MessageView message = receiver.receive(Worker.WAIT)) {
			if (message != null) {
				handle(message);
			}
			return message != null;
		}
	}

	private void handle(MessageView message) {
		try {
			check(message, message.payload());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void check(MessageView message, ByteBuffer body) throws IOException {
		ByteBuffer proof = NO_STAMP;
		byte[] metadata = message.metadata();
		if (metadata != null && metadata.length == Stamp.SIZE) {
			proof = ByteBuffer.wrap(metadata).order(ByteOrder.LITTLE_ENDIAN);
		}
		else if (message.tag().equals("body") && body.remaining() >= Stamp.SIZE) {
			proof = body;
			body = body.position(Stamp.SIZE).slice();
		}
		if (this.worker.oneIn(300)) {
			this.worker.nap(10);
		}
		Kind kind = this.stamp.fits(proof, body) ? Kind.DELIVERED : Kind.CORRUPT;
		long number = proof.getLong(0);
		this.worker.journal.note(kind, number, message.deliveries());
		if (++this.count == this.hold) {
			System.out.println("holding");
			while (!this.worker.isStopping()) {
				this.worker.nap(20);
			}
		}
		if (this.worker.oneIn(300)) {
			this.worker.nap(10);
		}
		this.worker.journal.note(Kind.HANDLED, number, 0);
		this.worker.active();
	}

}
