/* Claiming, committing and sending. The channel's `out.lock` is held from claim to commit. */
#define _GNU_SOURCE
#include <string.h>

#include "wait.h"

static int refuse_size(const axon_channel *channel, size_t length, const axon_header *header)
{
	const struct segment *segment = &channel->segment;
	return error_set(AXON_TOO_LARGE,
			"channel '%s': a payload of %zu bytes with %zu bytes of metadata never fits: at most %llu bytes of payload "
			"(max_message), %llu of large messages (large_memory), and tag and metadata within a quarter of a ring of "
			"%llu bytes, as the channel's creator chose",
			segment->name, length, header->metadata_length, (unsigned long long)segment->max_message,
			(unsigned long long)segment->large_memory, (unsigned long long)segment->capacity);
}

/* Decides how a message will lie in the ring. */
static int plan(const axon_channel *channel, const axon_header *header, size_t length, struct claim *claim)
{
	const char *name = channel->segment.name;
	if (header == NULL || header->tag == NULL)
		return error_set(AXON_INVALID, "channel '%s': a message needs a tag", name);
	const size_t tag_length = header->tag_length != 0 ? header->tag_length : strnlen(header->tag, AXON_TAG_MAX + 1);
	if (tag_length == 0 || tag_length > AXON_TAG_MAX)
		return error_set(AXON_INVALID, "channel '%s': a tag has 1 to %d bytes, not %s%zu", name, AXON_TAG_MAX,
				header->tag_length == 0 && tag_length > AXON_TAG_MAX ? "more than " : "", tag_length);
	if (header->metadata_length > AXON_METADATA_MAX || (header->metadata == NULL && header->metadata_length > 0))
		return error_set(AXON_INVALID, "channel '%s': metadata has 0 to %d bytes, not %zu%s", name, AXON_METADATA_MAX,
				header->metadata_length, header->metadata == NULL ? " at NULL" : "");
	if ((header->reply && header->correlation_id == 0) || (header->error && !header->reply))
		return error_set(AXON_INVALID, "channel '%s': a reply needs a correlation id, and only replies are errors", name);
	const uint64_t flags = (header->correlation_id != 0 ? CORRELATED : 0) | (header->reply ? REPLY : 0)
			| (header->error ? ERROR : 0);
	const uint64_t payload = round_up(8 + (flags != 0 ? 8 : 0) + tag_length + header->metadata_length, 8);
	const uint64_t largest = channel->segment.capacity / 4;
	if (length > channel->segment.max_message)
		return refuse_size(channel, length, header);
	uint64_t end = payload + length;
	const bool large = end > largest;
	if (large) {
		end = payload + sizeof(struct slot_reference);
		if (end > largest || length > channel->segment.large_memory)
			return refuse_size(channel, length, header);
	}
	*claim = (struct claim){
		.word = record_word(end, tag_length, flags | (large ? LARGE : 0), header->metadata_length),
		.need = round_up(end, RECORD_ALIGN), .length = length, .payload = (uint32_t)payload,
		.tag_length = (uint32_t)tag_length, .large = large, .reply = header->reply,
	};
	return AXON_OK;
}

/* Takes slot and room; AXON_FULL sets *wanted. */
static int try_claim(axon_channel *channel, struct claim *claim, uint64_t *wanted)
{
	struct outgoing *out = &channel->out;
	if (claim->large) {
		const int status = slots_take(&out->slots, &channel->segment, &out->producer, claim->length, &claim->slot, wanted);
		if (status != AXON_OK)
			return status == AXON_CORRUPT ? channel_corrupt(channel) : status;
	}
	switch (producer_reserve(&out->producer, claim->need, wanted)) {
	case RING_OK: return AXON_OK;
	case RING_FULL: return AXON_FULL;
	default:
		error_set(AXON_CORRUPT, "channel '%s': the reader's position %llu is forged: it was %llu, and %llu is written",
				channel->segment.name, (unsigned long long)load_plain(&out->producer.ring.control->free),
				(unsigned long long)out->producer.free, (unsigned long long)out->producer.tail);
		return channel_corrupt(channel);
	}
}

static int full(const axon_channel *channel, const struct wait *wait)
{
	if (wait->timeout == 0)
		return error_plain(AXON_FULL);
	return error_set(AXON_FULL, "channel '%s': no room after %.3f s: the receiver is slower than the sender, or not there",
			channel->segment.name, (double)wait->timeout / 1e9);
}

static int wait_for_room(axon_channel *channel, struct claim *claim, struct wait *wait)
{
	struct outgoing *out = &channel->out;
	count_up(&out->blocked, 1);
	store_plain(&out->owner, wait_self());
	int status = wait->timeout == 0 ? AXON_FULL : AXON_OK;
	if (status == AXON_OK)
		receive_publish(channel); /* the peer may wait for room as well */
	while (status == AXON_OK) {
		status = wait_more(wait, channel);
		if (status == AXON_OK && channel_status(channel) != AXON_OK)
			status = channel_unusable(channel);
		if (status != AXON_OK)
			break;
		status = try_claim(channel, claim, &wait->wanted);
		if (status == AXON_OK)
			break;
		if (status == AXON_FULL)
			status = AXON_OK;
	}
	store_plain(&out->owner, 0);
	return status;
}

/* Takes the lock and room and writes all but the payload. On success the lock is held. */
static int begin(axon_channel *channel, const axon_header *header, size_t length, struct wait *wait, uint8_t **payload)
{
	struct outgoing *out = &channel->out;
	struct claim claim;
	int status = plan(channel, header, length, &claim);
	if (status != AXON_OK)
		return status;
	status = wait_lock_out(channel, wait);
	if (status != AXON_OK)
		return status == AXON_TIMEOUT ? full(channel, wait) : status;
	status = try_claim(channel, &claim, &wait->wanted);
	if (status == AXON_FULL)
		status = wait_for_room(channel, &claim, wait);
	if (status != AXON_OK) {
		lock_release(&out->lock);
		return status == AXON_FULL || status == AXON_TIMEOUT ? full(channel, wait) : status;
	}
	uint8_t *record = (uint8_t *)ring_word(&out->producer.ring, out->producer.tail);
	uint8_t *next = record + 8;
	if (header->correlation_id != 0) {
		store_plain((uint64_t *)(void *)next, header->correlation_id);
		next += 8;
	}
	memcpy(next, header->tag, claim.tag_length);
	if (header->metadata_length != 0)
		memcpy(next + claim.tag_length, header->metadata, header->metadata_length);
	out->claim = claim;
	*payload = claim.large ? out->slots.slot[claim.slot].base + PAGE : record + claim.payload;
	return AXON_OK;
}

/* Makes the claimed record visible and gives the lock back. */
static void commit(axon_channel *channel)
{
	struct outgoing *out = &channel->out;
	const struct claim *claim = &out->claim;
	if (claim->large) {
		struct slot *slot = &out->slots.slot[claim->slot];
		uint8_t *record = (uint8_t *)ring_word(&out->producer.ring, out->producer.tail);
		*(struct slot_reference *)(void *)(record + claim->payload) = (struct slot_reference){
			.length = claim->length, .generation = slot->generation, .slot = (uint32_t)claim->slot };
		slot->busy_until = out->producer.tail + claim->need;
	}
	producer_commit(&out->producer, claim->word, claim->need);
	count_up(&out->messages, 1);
	count_up(&out->bytes, claim->length);
	if (producer_must_post(&out->producer, claim->reply ? PARKED_REPLY : PARKED_MESSAGE)) {
		count_up(&out->wakeups, 1);
		sem_post(channel_data_out(channel));
	}
	lock_release(&out->lock);
}

int send_within(axon_channel *channel, const axon_header *header, const void *payload, size_t length, struct wait *wait)
{
	uint8_t *room;
	if (payload == NULL && length > 0)
		return error_set(AXON_INVALID, "a payload of %zu bytes at NULL", length);
	const int status = begin(channel, header, length, wait, &room);
	if (status != AXON_OK)
		return status;
	if (length != 0)
		memcpy(room, payload, length);
	commit(channel);
	return AXON_OK;
}

int axon_send_with(axon_channel *channel, const axon_header *header, const void *payload, size_t length, int64_t timeout)
{
	struct wait wait;
	int status = channel_enter(channel, &channel->out.calls);
	if (status != AXON_OK)
		return status;
	status = wait_begin(&wait, channel, WAIT_ROOM, timeout, channel->options.send_timeout);
	if (status == AXON_OK)
		status = send_within(channel, header, payload, length, &wait);
	return channel_leave(&channel->out.calls, status);
}

int axon_send(axon_channel *channel, const char *tag, const void *payload, size_t length, int64_t timeout)
{
	const axon_header header = { .tag = tag };
	return axon_send_with(channel, &header, payload, length, timeout);
}

int axon_claim(axon_channel *channel, const axon_header *header, size_t length, int64_t timeout, void **payload)
{
	struct wait wait;
	uint8_t *room;
	int status = channel_enter(channel, &channel->out.calls);
	if (status != AXON_OK)
		return status;
	status = wait_begin(&wait, channel, WAIT_ROOM, timeout, channel->options.send_timeout);
	if (status == AXON_OK)
		status = begin(channel, header, length, &wait, &room);
	if (status == AXON_OK) {
		store_plain(&channel->out.owner, wait_self());
		channel->out.claimed = true;
		*payload = room;
	}
	return channel_leave(&channel->out.calls, status);
}

static int end_claim(axon_channel *channel, void end(axon_channel *))
{
	struct outgoing *out = &channel->out;
	int status = channel_enter(channel, &out->calls);
	if (status != AXON_OK)
		return status;
	if (load_plain(&out->owner) == wait_self() && out->claimed) {
		out->claimed = false;
		store_plain(&out->owner, 0);
		end(channel);
	} else {
		status = error_set(AXON_INVALID, "channel '%s': this thread holds no claim", channel->segment.name);
	}
	return channel_leave(&out->calls, status);
}

int axon_commit(axon_channel *channel)
{
	return end_claim(channel, commit);
}

static void abandon(axon_channel *channel)
{
	lock_release(&channel->out.lock);
}

int axon_abort(axon_channel *channel)
{
	return end_claim(channel, abandon);
}

static int reply(axon_channel *channel, const axon_message *request, bool error, const void *payload, size_t length,
		int64_t timeout)
{
	if (request == NULL || request->correlation_id == 0 || request->reply || (error && payload == NULL))
		return error_set(AXON_INVALID, "channel '%s': only a request can be answered, and an error has a text",
				channel->segment.name);
	const axon_header header = { .tag = request->tag, .tag_length = request->tag_length,
		.correlation_id = request->correlation_id, .reply = true, .error = error };
	return axon_send_with(channel, &header, payload, length, timeout);
}

int axon_reply(axon_channel *channel, const axon_message *request, const void *payload, size_t length, int64_t timeout)
{
	return reply(channel, request, false, payload, length, timeout);
}

int axon_reply_error(axon_channel *channel, const axon_message *request, const char *text, int64_t timeout)
{
	return reply(channel, request, true, text, text == NULL ? 0 : strlen(text), timeout);
}
