/* Claiming, committing and sending. The channel's `out.lock` is held from claim to commit. */
#define _GNU_SOURCE
#include <string.h>

#include "wait.h"

#define LONG_COPY 2048 /* bytes from which a library call pays */

/* Up to AXON_TAG_MAX + 1. Most tags are too short to be worth a call. */
static inline size_t tag_length_of(const axon_header *header)
{
	size_t length = header->tag_length;
	if (length != 0)
		return length;
	while (length < 16 && header->tag[length] != 0)
		length++;
	return length < 16 ? length : 16 + strnlen(header->tag + 16, AXON_TAG_MAX + 1 - 16);
}

/* Says what is wrong with a message that plan() refused. */
static int refuse(const axon_channel *channel, const axon_header *header, size_t length)
{
	const struct segment *segment = &channel->segment;
	const char *name = segment->name;
	if (header == NULL || header->tag == NULL)
		return error_set(AXON_INVALID, "channel '%s': a message needs a tag", name);
	const size_t tag_length = tag_length_of(header);
	if (tag_length == 0 || tag_length > AXON_TAG_MAX)
		return error_set(AXON_INVALID, "channel '%s': a tag has 1 to %d bytes, not %s%zu", name, AXON_TAG_MAX,
				header->tag_length == 0 && tag_length > AXON_TAG_MAX ? "more than " : "", tag_length);
	if (header->metadata_length > AXON_METADATA_MAX || (header->metadata == NULL && header->metadata_length > 0))
		return error_set(AXON_INVALID, "channel '%s': metadata has 0 to %d bytes, not %zu%s", name, AXON_METADATA_MAX,
				header->metadata_length, header->metadata == NULL ? " at NULL" : "");
	if ((header->reply && header->correlation_id == 0) || (header->error && !header->reply))
		return error_set(AXON_INVALID, "channel '%s': a reply needs a correlation id, and only replies are errors", name);
	return error_set(AXON_TOO_LARGE,
			"channel '%s': a payload of %zu bytes with %zu bytes of metadata never fits: at most %llu bytes of payload "
			"(max_message), %llu of large messages (large_memory), and tag and metadata within a quarter of a ring of "
			"%llu bytes, as the channel's creator chose",
			name, length, header->metadata_length, (unsigned long long)segment->max_message,
			(unsigned long long)segment->large_memory, (unsigned long long)segment->capacity);
}

/* Decides how a message will lie in the ring; false: see refuse(). Inlined, so that what a caller does not use costs nothing. */
__attribute__((always_inline)) static inline bool plan(const axon_channel *channel, const axon_header *header, size_t length,
		struct claim *claim)
{
	if (header == NULL || header->tag == NULL)
		return false;
	const size_t tag_length = tag_length_of(header);
	if (unlikely(tag_length == 0 || tag_length > AXON_TAG_MAX || header->metadata_length > AXON_METADATA_MAX
			|| (header->metadata == NULL && header->metadata_length > 0) || (header->reply && header->correlation_id == 0)
			|| (header->error && !header->reply) || length > channel->segment.max_message))
		return false;
	const uint64_t flags = (header->correlation_id != 0 ? CORRELATED : 0) | (header->reply ? REPLY : 0)
			| (header->error ? ERROR : 0);
	const uint64_t payload = round_up(8 + (flags != 0 ? 8 : 0) + tag_length + header->metadata_length, 8);
	const uint64_t largest = channel->segment.capacity / 4;
	uint64_t end = payload + length;
	const bool large = end > largest;
	if (unlikely(large)) {
		end = payload + sizeof(struct slot_reference);
		if (end > largest || length > channel->segment.large_memory)
			return false;
	}
	*claim = (struct claim){
		.word = record_word(end, tag_length, flags | (large ? LARGE : 0), header->metadata_length),
		.need = round_up(end, RECORD_ALIGN), .length = length, .payload = (uint32_t)payload,
		.tag_length = (uint32_t)tag_length, .large = large, .reply = header->reply,
	};
	return true;
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

_Thread_local bool *send_counted;

static void count_blocked(struct outgoing *out)
{
	if (send_counted == NULL || !*send_counted)
		count_up(&out->blocked, 1);
	if (send_counted != NULL)
		*send_counted = true;
}

static int wait_for_room(axon_channel *channel, struct claim *claim, struct wait *wait)
{
	struct outgoing *out = &channel->out;
	count_blocked(out);
	store_plain(&out->owner, thread_self());
	int status = wait->timeout == 0 ? AXON_FULL : AXON_OK;
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
		if (status == AXON_FULL) {
			status = AXON_OK;
			receive_publish(channel); /* another thread may have released a message meanwhile */
		}
	}
	store_plain(&out->owner, 0);
	return status;
}

/*
 * Copies without a call what is not long: line after line, as the receiver
 * will read them (memcpy() begins at both ends, which costs a round trip of
 * 256 bytes a tenth of its time).
 */
static inline void copy(uint8_t *to, const void *source, size_t length)
{
	const uint8_t *from = source;
	if (length >= LONG_COPY) {
		platform_copy(to, from, length);
		return;
	}
	for (; length > 64; length -= 64, to += 64, from += 64)
		memcpy(to, from, 64);
	if (length >= 16) {
		if (length > 32) {
			memcpy(to + 16, from + 16, 16);
			memcpy(to + length - 32, from + length - 32, 16);
		}
		memcpy(to, from, 16);
		memcpy(to + length - 16, from + length - 16, 16);
	} else if (length >= 8) {
		memcpy(to, from, 8);
		memcpy(to + length - 8, from + length - 8, 8);
	} else {
		for (size_t i = 0; i < length; i++)
			to[i] = from[i];
	}
}

/*
 * Copies a payload that begins `start` bytes after the record. The record's
 * first line comes last: the receiver looks at it all the time, and would
 * take it away while the others are written, and once more is a move of it.
 */
static inline void copy_payload(uint8_t *record, size_t start, const uint8_t *payload, size_t length)
{
	if (start + length > RECORD_ALIGN && start < RECORD_ALIGN) {
		const size_t first = RECORD_ALIGN - start;
		copy(record + RECORD_ALIGN, payload + first, length - first);
		length = first;
	}
	copy(record + start, payload, length);
}

/* Writes what precedes the payload. */
__attribute__((always_inline)) static inline uint8_t *write_head(const struct producer *producer, const axon_header *header,
		size_t tag_length)
{
	uint8_t *record = (uint8_t *)ring_word(&producer->ring, producer->tail);
	uint8_t *next = record + 8;
	if (header->correlation_id != 0) {
		store_plain((uint64_t *)(void *)next, header->correlation_id);
		next += 8;
	}
	copy(next, header->tag, tag_length);
	if (header->metadata_length != 0)
		memcpy(next + tag_length, header->metadata, header->metadata_length);
	return record;
}

/* Makes the claimed record visible. */
static inline void publish(axon_channel *channel, const struct claim *claim)
{
	struct outgoing *out = &channel->out;
	producer_commit(&out->producer, claim->word, claim->need);
	count_up(&out->messages, 1);
	count_up(&out->bytes, claim->length);
	if (unlikely(producer_must_post(&out->producer, claim->reply ? PARKED_REPLY : PARKED_MESSAGE))) {
		count_up(&out->wakeups, 1);
		platform_semaphore_post(channel_data_out(channel));
	}
}

/* Takes room and writes all but the payload. On success the lock is kept, else it is given back. */
static int begin(axon_channel *channel, const axon_header *header, size_t length, struct wait *wait, uint8_t *mark,
		uint8_t **payload)
{
	struct outgoing *out = &channel->out;
	struct claim claim;
	int status = plan(channel, header, length, &claim) ? try_claim(channel, &claim, &wait->wanted)
			: refuse(channel, header, length);
	if (status == AXON_FULL)
		status = wait_for_room(channel, &claim, wait);
	if (status != AXON_OK) {
		lock_exit(&out->lock, mark);
		return status == AXON_FULL || status == AXON_TIMEOUT ? full(channel, wait) : status;
	}
	uint8_t *record = write_head(&out->producer, header, claim.tag_length);
	out->claim = claim;
	out->mark = mark;
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
	publish(channel, claim);
	lock_exit(&out->lock, out->mark);
}

/* Takes the lock of one's own bias, or else the ordinary one. */
static int lock_out(axon_channel *channel, struct wait *wait, uint8_t **mark)
{
	*mark = lock_enter(&channel->out.lock, &channel->segment.status);
	const int status = *mark != NULL ? AXON_OK : wait_lock_out(channel, wait);
	return status == AXON_TIMEOUT ? full(channel, wait) : status;
}

int send_within(axon_channel *channel, const axon_header *header, const void *payload, size_t length, struct wait *wait)
{
	uint8_t *room, *mark;
	if (payload == NULL && length > 0)
		return error_set(AXON_INVALID, "a payload of %zu bytes at NULL", length);
	int status = lock_out(channel, wait, &mark);
	if (status == AXON_OK)
		status = begin(channel, header, length, wait, mark, &room);
	if (status != AXON_OK)
		return status;
	if (length != 0)
		platform_copy(room, payload, length);
	commit(channel);
	return AXON_OK;
}

__attribute__((noinline)) static int send_slowly(axon_channel *channel, const axon_header *header, const void *payload,
		size_t length, int64_t timeout)
{
	struct wait wait;
	int status = channel_enter(channel, &channel->out.lock);
	if (status != AXON_OK)
		return status;
	status = wait_begin(&wait, channel, WAIT_ROOM, timeout, channel->options.send_timeout);
	if (status == AXON_OK)
		status = send_within(channel, header, payload, length, &wait);
	return channel_leave(&channel->out.lock, status);
}

/* The way of a small message for which there is room; all others begin anew, slowly. */
__attribute__((always_inline)) static inline int send(axon_channel *channel, const axon_header *header, const void *payload,
		size_t length, int64_t timeout)
{
	struct outgoing *out = &channel->out;
	struct claim claim;
	uint64_t wanted;
	uint8_t *mark = lock_enter(&out->lock, &channel->segment.status);
	if (likely(mark != NULL) || lock_seize(&out->lock, &channel->segment.status)) {
		if (likely((payload != NULL || length == 0) && timeout >= AXON_DEFAULT_TIMEOUT
				&& plan(channel, header, length, &claim) && !claim.large
				&& producer_reserve(&out->producer, claim.need, &wanted) == RING_OK)) {
			uint8_t *record = (uint8_t *)ring_word(&out->producer.ring, out->producer.tail);
			copy_payload(record, claim.payload, payload, length);
			write_head(&out->producer, header, claim.tag_length);
			publish(channel, &claim);
			lock_exit(&out->lock, mark);
			return AXON_OK;
		}
		lock_exit(&out->lock, mark);
	}
	return send_slowly(channel, header, payload, length, timeout);
}

int axon_send_with(axon_channel *channel, const axon_header *header, const void *payload, size_t length, int64_t timeout)
{
	return send(channel, header, payload, length, timeout);
}

int axon_send(axon_channel *channel, const char *tag, const void *payload, size_t length, int64_t timeout)
{
	const axon_header header = { .tag = tag };
	return send(channel, &header, payload, length, timeout);
}

int axon_claim(axon_channel *channel, const axon_header *header, size_t length, int64_t timeout, void **payload)
{
	struct outgoing *out = &channel->out;
	struct wait wait;
	uint8_t *room, *mark = lock_enter(&out->lock, &channel->segment.status);
	const bool counted = mark == NULL;
	int status = counted ? channel_enter(channel, &out->lock) : AXON_OK;
	if (status != AXON_OK)
		return status;
	status = wait_begin(&wait, channel, WAIT_ROOM, timeout, channel->options.send_timeout);
	if (counted && status == AXON_OK)
		status = lock_out(channel, &wait, &mark);
	if (status == AXON_OK)
		status = begin(channel, header, length, &wait, mark, &room);
	else if (!counted)
		lock_exit(&out->lock, mark);
	if (status == AXON_OK) {
		store_plain(&out->owner, thread_self());
		out->claimed = true;
		*payload = room;
		if (mark != NULL)
			mark_store(mark, INSIDE_LOCK);
		else
			flag_store(&out->lock.taken, INSIDE_LOCK);
	}
	return counted ? channel_leave(&out->lock, status) : status;
}

static int end_claim(axon_channel *channel, void end(axon_channel *))
{
	struct outgoing *out = &channel->out;
	const bool mine = load_plain(&out->owner) == thread_self() && out->claimed;
	const bool counted = !(mine && out->mark != NULL && lock_reenter(&out->lock, out->mark));
	int status = counted ? channel_enter(channel, &out->lock) : channel_status(channel);
	if (status != AXON_OK) {
		if (!counted) {
			channel_unusable(channel);
			mark_store(out->mark, INSIDE_LOCK);
		}
		return status;
	}
	if (mine) {
		out->claimed = false;
		store_plain(&out->owner, 0);
		end(channel);
	} else {
		status = error_set(AXON_INVALID, "channel '%s': this thread holds no claim", channel->segment.name);
	}
	return counted ? channel_leave(&out->lock, status) : status;
}

int axon_commit(axon_channel *channel)
{
	return end_claim(channel, commit);
}

static void abandon(axon_channel *channel)
{
	lock_exit(&channel->out.lock, channel->out.mark);
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
	return send(channel, &header, payload, length, timeout);
}

int axon_reply(axon_channel *channel, const axon_message *request, const void *payload, size_t length, int64_t timeout)
{
	return reply(channel, request, false, payload, length, timeout);
}

int axon_reply_error(axon_channel *channel, const axon_message *request, const char *text, int64_t timeout)
{
	/* Cut to what always fits into the ring, between two characters. */
	const uint64_t most = channel->segment.capacity / 8 < channel->segment.max_message ? channel->segment.capacity / 8
			: channel->segment.max_message;
	size_t length = text == NULL ? 0 : strnlen(text, most + 1);
	if (length > most)
		for (length = most; length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80; length--)
			;
	return reply(channel, request, true, text, length, timeout);
}
