package io.axonipc;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** The requests that wait for their replies. Used by one thread at a time. */
final class PendingReplies {

	private final Endpoint endpoint;

	private final Map<Long, PendingReply> byId = new HashMap<>();

	private long requests;

	PendingReplies(Endpoint endpoint) {
		this.endpoint = endpoint;
	}

	/** A new request, with an id that no other incarnation of this endpoint uses. */
	PendingReply register() {
		long id = (this.endpoint.incarnation() << 40) | (++this.requests & 0xff_ffff_ffffL);
		PendingReply reply = new PendingReply(id);
		this.byId.put(id, reply);
		return reply;
	}

	/** Hands a reply to the thread that waits for it; false when none does. */
	boolean deliver(long id, long position, long word) {
		PendingReply reply = this.byId.get(id);
		if (reply == null || reply.isDelivered()) {
			return false;
		}
		reply.deliver(position, word);
		LockSupport.unpark(reply.thread);
		return true;
	}

	/** The position of the oldest reply that is in use; nothing beyond may be freed. */
	long oldest() {
		long oldest = Long.MAX_VALUE;
		if (!this.byId.isEmpty()) {
			for (PendingReply reply : this.byId.values()) {
				if (reply.isDelivered()) {
					oldest = Math.min(oldest, reply.position());
				}
			}
		}
		return oldest;
	}

	void remove(PendingReply reply) {
		this.byId.remove(reply.id);
	}

	boolean isEmpty() {
		return this.byId.isEmpty();
	}

	boolean isWaiting(Thread thread) {
		return this.byId.values().stream().anyMatch((reply) -> reply.thread == thread);
	}

}
