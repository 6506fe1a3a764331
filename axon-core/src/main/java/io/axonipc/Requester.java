package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Function;

import io.axonipc.ring.CorruptRingException;

/** Sends requests and waits for their replies, for many threads at once. */
final class Requester {

	private final AxonChannel channel;

	private final Endpoint endpoint;

	private final Inbox inbox;

	private final SlotMappings mappings;

	Requester(AxonChannel channel, Inbox inbox, SlotMappings mappings) {
		this.channel = channel;
		this.endpoint = channel.endpoint();
		this.inbox = inbox;
		this.mappings = mappings;
	}

	<R> R request(MessageHeader header, ByteBuffer payload, long nanos,
			Function<? super MessageView, ? extends R> onReply) {
		long start = System.nanoTime();
		PendingReply reply = this.inbox.register();
		try {
			long last = this.endpoint.peerIncarnation();
			long peer = this.endpoint.attachedPeer();
			this.channel.sender().request(header, reply.id, payload, nanos);
			awaitReply(header, reply, last, peer, start, nanos);
			MessageView view = new MessageView(this.endpoint, this.mappings, null, null);
			view.open(this.inbox.ring().offset(reply.position()), reply.word(), 1);
			try {
				this.inbox.countReply(view.length());
				if (view.isError()) {
					throw new AxonRemoteException(new String(view.toByteArray(), StandardCharsets.UTF_8));
				}
				return onReply.apply(view);
			}
			finally {
				view.invalidate();
			}
		}
		catch (CorruptRingException | InternalError ex) {
			throw this.channel.fail(ex);
		}
		finally {
			this.inbox.finish(reply);
			this.channel.closeIfDeferred();
		}
	}

	/** From the last peer and that which was attached, 0 for none, at the send. */
	private void awaitReply(MessageHeader header, PendingReply reply, long last, long attached, long start,
			long nanos) {
		long peer = attached;
		while (!this.inbox.awaitReply(reply, nanos - (System.nanoTime() - start))) {
			this.channel.lookAround();
			long now = this.endpoint.attachedPeer();
			boolean gone = (peer != 0) ? now != peer : this.endpoint.hasPeerComeAndGone(last);
			if (peer == 0) {
				peer = now;
			}
			// The peer's last act may have been this reply: look again when it is gone.
			if (gone && !this.inbox.look(reply)) {
				throw new PeerDiedException(
						"Channel '" + this.channel.name() + "': the peer went away before it answered the request '"
								+ header.tag() + "'; whether it handled it is not known, and a successor may yet");
			}
			this.channel.ensureNotInterrupted("a reply");
			if (System.nanoTime() - start >= nanos) {
				throw new RequestTimeoutException("Channel '" + this.channel.name() + "': no reply to the request '"
						+ header.tag() + "' within " + Duration.ofNanos(nanos) + "; the peer "
						+ (this.channel.isPeerAlive() ? "is attached and has not answered" : "is not attached"));
			}
		}
	}

}
