/* Requests: what is sent with a correlation id, and the wait for its reply. PROTOCOL.md, "Receiving". */

#define _GNU_SOURCE
#include <stdlib.h>

#include "wait.h"

/* Enters a request in the list of those that are under way; NULL: no memory. */
static struct pending *remember(struct incoming *in, uint64_t incarnation)
{
	struct pending *pending = in->unused;
	if (pending != NULL)
		in->unused = pending->next;
	else if ((pending = malloc(sizeof *pending)) == NULL)
		return NULL;
	const uint64_t counter = UINT64_MAX >> 24;
	in->next_id = (in->next_id & counter) == counter ? 1 : in->next_id + 1;
	*pending = (struct pending){ .next = in->pending, .correlation_id = incarnation << 40 | in->next_id, .slot = -1 };
	in->pending = pending;
	return pending;
}

struct peer {
	bool present;
	uint64_t incarnation;
};

/* By shared memory alone. Acquire: the last words of one that has left are visible. */
static struct peer look_for_peer(const axon_channel *channel)
{
	const struct endpoint *endpoint = &channel->segment.header->endpoint[!channel->segment.role];
	struct peer peer = { .incarnation = load_acquire(&endpoint->incarnation) };
	peer.present = load_acquire(&endpoint->pid) != 0 && peer.incarnation != load_plain(&channel->in.dead_peer);
	return peer;
}

bool channel_peer_alive(axon_channel *channel)
{
	const uint64_t incarnation = load_acquire(&channel->segment.header->endpoint[!channel->segment.role].incarnation);
	const bool alive = segment_peer_alive(&channel->segment) != 0;
	if (!alive) /* nor has a later one been there for long enough to be sent anything */
		store_plain(&channel->in.dead_peer, incarnation);
	return alive;
}

/*
 * Whether the peer that was there has gone, as far as it has been noticed. Without one, that which has come is; one that
 * has come and is known to be dead, or has a successor, may have taken the request along.
 */
static bool peer_has_gone(const axon_channel *channel, struct peer *peer)
{
	const struct peer now = look_for_peer(channel);
	if (peer->present)
		return !now.present || now.incarnation != peer->incarnation;
	const uint64_t later = now.incarnation - peer->incarnation;
	const bool has_gone = later > 1 || (later == 1 && now.incarnation == load_plain(&channel->in.dead_peer));
	if (now.present)
		*peer = now;
	return has_gone;
}

static int fail_request(axon_channel *channel, int status, const struct wait *wait)
{
	if (status == AXON_TIMEOUT)
		return error_set(status, "channel '%s': no reply after %.3f s; the peer %s", channel->segment.name,
				(double)wait->timeout / 1e9,
				channel_peer_alive(channel) ? "is attached and has not answered" : "is not attached");
	if (status == AXON_PEER_DIED)
		return error_set(status, "channel '%s': the peer went away before it answered; whether it handled the request is not known, and a "
				"successor may yet", channel->segment.name);
	return status;
}

/* Waits for the reply of a request that has been sent. */
static int await_reply(axon_channel *channel, struct pending *pending, struct wait *wait, struct peer peer, uint8_t *mark)
{
	struct incoming *in = &channel->in;
	bool gone = false;
	for (;;) {
		if (!channel_lock_in(channel, mark))
			return channel_unusable(channel);
		int status = pending->found == 0 ? receive_scan(channel, pending) : AXON_OK;
		const bool found = pending->found != 0;
		lock_give(&in->lock, mark);
		if (status != AXON_OK)
			return status;
		if (found)
			return pending->status;
		if (gone)
			return AXON_PEER_DIED;
		status = wait->timeout == 0 ? AXON_TIMEOUT : wait_more(wait, channel);
		if (status != AXON_OK)
			return status;
		gone = peer_has_gone(channel, &peer);
	}
}

static int request(axon_channel *channel, const axon_header *header, const void *payload, size_t length, int64_t timeout,
		axon_message *reply, uint8_t *mark)
{
	struct incoming *in = &channel->in;
	struct wait wait;
	int status = wait_begin(&wait, channel, WAIT_ROOM, timeout, channel->options.request_timeout);
	if (status == AXON_OK && (header == NULL || reply == NULL || header->reply || header->error))
		status = error_set(AXON_INVALID, "channel '%s': a request needs a header without reply or error, and a place for "
				"the reply", channel->segment.name);
	if (status != AXON_OK)
		return status;
	if (!channel_lock_in(channel, mark))
		return channel_unusable(channel);
	struct pending *pending = remember(in, channel->segment.incarnation);
	lock_give(&in->lock, mark);
	if (pending == NULL)
		return error_set(AXON_NO_MEMORY, "channel '%s': no memory for a request", channel->segment.name);
	axon_header asked = *header;
	asked.correlation_id = pending->correlation_id;
	const struct peer peer = look_for_peer(channel);
	status = send_within(channel, &asked, payload, length, &wait);
	if (status == AXON_OK) {
		wait.what = WAIT_REPLY;
		wait.pending = pending;
		status = await_reply(channel, pending, &wait, peer, mark);
	}
	status = fail_request(channel, status, &wait);
	if (!channel_lock_in(channel, mark))
		return status != AXON_OK ? status : channel_unusable(channel);
	if (status == AXON_OK)
		*reply = pending->message;
	else
		receive_forget(channel, pending);
	lock_give_last(&in->lock, mark);
	return status;
}

int axon_request(axon_channel *channel, const axon_header *header, const void *payload, size_t length, int64_t timeout,
		axon_message *reply)
{
	struct lock *lock = &channel->in.lock;
	uint8_t *mark = lock_enter(lock, &channel->segment.status);
	int status = mark != NULL ? AXON_OK : channel_enter(channel, lock);
	if (status != AXON_OK)
		return status;
	if (mark != NULL)
		lock_give(lock, mark);
	status = request(channel, header, payload, length, timeout, reply, mark);
	if (mark == NULL)
		return channel_leave(lock, status);
	lock_exit(lock, mark);
	return status;
}
