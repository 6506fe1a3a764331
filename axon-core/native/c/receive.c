/* Taking messages and replies. The channel's `in.lock` is held for moments only. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "wait.h"

#define TOKEN_MESSAGE 1
#define TOKEN_REPLY 2
#define PREFETCH 1024 /* bytes ahead; nearer, a receiver that has caught up takes lines from under the sender's hands */

static int corrupt_record(axon_channel *channel, uint64_t position, uint64_t word)
{
	error_set(AXON_CORRUPT, "channel '%s': the bytes %016llx at position %llu are no record", channel->segment.name,
			(unsigned long long)word, (unsigned long long)position);
	return channel_corrupt(channel);
}

/* What the producer may have back: a reply that the user still reads holds it up. */
static inline uint64_t publishable(const struct incoming *in)
{
	uint64_t limit = in->consumer.position;
	for (const struct pending *pending = in->pending; pending != NULL; pending = pending->next) {
		if (pending->found != 0 && pending->position < limit)
			limit = pending->position;
	}
	return limit;
}

__attribute__((noinline)) static void publish(axon_channel *channel, uint64_t limit)
{
	if (consumer_publish(&channel->in.consumer, limit)) {
		count_up(&channel->in.wakeups, 1);
		platform_semaphore_post(channel_space_in(channel));
	}
}

/* After a record has been passed or a reply released. */
static inline void passed(axon_channel *channel, bool large)
{
	const uint64_t limit = publishable(&channel->in);
	if (unlikely(large || consumer_should_publish(&channel->in.consumer, limit)))
		publish(channel, limit);
}

/* Points `message` into the ring. */
static inline void point(const struct ring *ring, uint64_t position, const struct record *record, axon_message *message)
{
	const uint8_t *bytes = (const uint8_t *)ring_word(ring, position);
	const bool correlated = (record->flags & CORRELATED) != 0;
	const uint8_t *tag = bytes + (correlated ? 16 : 8);
	*message = (axon_message){
		.tag = (const char *)tag, .tag_length = record->tag_length,
		.metadata = record->metadata_length != 0 ? tag + record->tag_length : NULL,
		.metadata_length = record->metadata_length,
		.payload = bytes + record->payload, .payload_length = record->length - record->payload,
		.correlation_id = correlated ? load_plain((const uint64_t *)(const void *)(bytes + 8)) : 0,
		.reply = (record->flags & REPLY) != 0, .error = (record->flags & ERROR) != 0, .deliveries = 1,
	};
}

/* Points `message` into shared memory; sets *slot to that of a LARGE record, or to -1. */
static int view(axon_channel *channel, uint64_t position, const struct record *record, axon_message *message, int *slot)
{
	const struct ring *ring = &channel->in.consumer.ring;
	*slot = -1;
	point(ring, position, record, message);
	if ((record->flags & LARGE) == 0)
		return AXON_OK;
	const uint8_t *bytes = (const uint8_t *)ring_word(ring, position);
	const struct slot_reference reference = *(const struct slot_reference *)(const void *)(bytes + record->payload);
	const uint8_t *payload;
	const int status = slots_map(&channel->in.slots, &channel->segment, &reference, &payload);
	if (status != AXON_OK)
		return status == AXON_CORRUPT ? channel_corrupt(channel) : status;
	*slot = (int)reference.slot;
	message->payload = payload;
	message->payload_length = reference.length;
	return AXON_OK;
}

/* The message at `position` is the user's until release_held(). */
static inline void hold(struct incoming *in, uint64_t position, axon_message *message)
{
	message->deliveries = consumer_begin(&in->consumer);
	message->token = position | TOKEN_MESSAGE;
	in->held = true;
	in->held_bytes = message->payload_length;
}

static inline void release_slot(struct incoming *in, int slot)
{
	if (slot >= 0)
		in->slots.slot[slot].held--;
}

/* Hands a reply to the request that waits for it, or drops it, and is done with its record. */
static int resolve(axon_channel *channel, uint64_t position, uint64_t word, const struct record *record,
		const struct pending *self)
{
	struct incoming *in = &channel->in;
	uint64_t *header = ring_word(&in->consumer.ring, position);
	const uint64_t id = load_plain(header + 1);
	struct pending *pending = in->pending;
	while (pending != NULL && (pending->found != 0 || pending->correlation_id != id))
		pending = pending->next;
	if (pending != NULL) {
		pending->status = view(channel, position, record, &pending->message, &pending->slot);
		if (pending->status == AXON_CORRUPT)
			return AXON_CORRUPT;
		pending->position = position;
		pending->message.token = position | TOKEN_REPLY;
		flag_store(&pending->found, 1);
	} else {
		count_up(&in->dropped, 1);
	}
	if (position == in->consumer.position && !in->held)
		consumer_advance(&in->consumer, record->size);
	else
		store_plain(header, word | (uint64_t)DONE << 40);
	if (pending != NULL && pending != self)
		wait_notify(channel, true);
	return AXON_OK;
}

/*
 * Takes the next message in order; replies on the way go where they belong.
 * Nothing is published before the end of the pass: so an honest producer
 * cannot have committed more than the capacity from its begin.
 */
static int take(axon_channel *channel, axon_message *message, bool publish_dry)
{
	struct incoming *in = &channel->in;
	struct consumer *consumer = &in->consumer;
	const uint64_t begin = consumer->position;
	bool large = false;
	for (;;) {
		const uint64_t position = consumer->position;
		const uint64_t word = load_acquire(ring_word(&consumer->ring, position));
		struct record record;
		if (word == 0 && position < in->scanned) /* it was there when a request looked ahead */
			return corrupt_record(channel, position, word);
		if (word == 0) {
			if (publish_dry || position != begin)
				publish(channel, publishable(in));
			return AXON_EMPTY;
		}
		if (!record_parse(&consumer->ring, position, word, &record) || position - begin > consumer->ring.capacity)
			return corrupt_record(channel, position, word);
		if ((record.flags & (PADDING | DONE)) != 0) {
			consumer_advance(consumer, record.size);
			large |= (record.flags & LARGE) != 0;
			continue;
		}
		int status;
		if ((record.flags & REPLY) != 0) {
			status = resolve(channel, position, word, &record, NULL);
			if (status != AXON_OK)
				return status;
			large |= (record.flags & LARGE) != 0;
			continue;
		}
		if (position != begin)
			passed(channel, large);
		status = view(channel, position, &record, message, &in->slot);
		if (status != AXON_OK)
			return status;
		in->record = record;
		in->word = 0;
		hold(in, position, message);
		if (message->deliveries > 1)
			count_up(&in->redelivered, 1);
		return AXON_OK;
	}
}

int receive_scan(axon_channel *channel, const struct pending *self)
{
	struct incoming *in = &channel->in;
	struct consumer *consumer = &in->consumer;
	struct record record;
	const uint64_t begin = consumer->position; /* replies are passed on the way, and it grows */
	uint64_t position = in->scanned > begin ? in->scanned : begin;
	bool unseen = false;
	for (;;) {
		const uint64_t word = load_acquire(ring_word(&consumer->ring, position));
		if (word == 0)
			break;
		if (!record_parse(&consumer->ring, position, word, &record) || position - begin > consumer->ring.capacity)
			return corrupt_record(channel, position, word);
		if ((record.flags & (PADDING | DONE | REPLY)) == REPLY) {
			const int status = resolve(channel, position, word, &record, self);
			if (status != AXON_OK)
				return status;
		} else if ((record.flags & (PADDING | DONE)) == 0) {
			unseen = true;
		}
		position += record.size;
	}
	store_plain(&in->scanned, position);
	while (!in->held && consumer->position < position) {
		const uint64_t word = load_acquire(ring_word(&consumer->ring, consumer->position));
		if (!record_parse(&consumer->ring, consumer->position, word, &record))
			return corrupt_record(channel, consumer->position, word);
		if ((record.flags & (PADDING | DONE)) == 0)
			break;
		consumer_advance(consumer, record.size);
	}
	publish(channel, publishable(in));
	if (unseen)
		wait_notify(channel, false); /* its receiver may wait behind a thread that looks for replies only */
	return AXON_OK;
}

void receive_publish(axon_channel *channel)
{
	struct lock *lock = &channel->in.lock;
	uint8_t *mark = lock_enter(lock, &channel->segment.status);
	if (mark != NULL || channel_lock_in(channel, NULL)) {
		publish(channel, publishable(&channel->in));
		lock_exit(lock, mark);
	}
}

/* Returns whether there was one. */
static inline bool release_held(axon_channel *channel)
{
	struct incoming *in = &channel->in;
	if (!in->held)
		return false;
	in->held = false;
	count_up(&in->messages, 1);
	count_up(&in->bytes, in->held_bytes);
	consumer_advance(&in->consumer, in->record.size);
	release_slot(in, in->slot);
	passed(channel, in->slot >= 0);
	return true;
}

/* Enters with the lock if there is a mark. `handled`: a message was acknowledged in this call. */
__attribute__((noinline)) static int receive_slowly(axon_channel *channel, axon_message *message, int64_t timeout,
		uint8_t *mark, bool handled)
{
	struct lock *lock = &channel->in.lock;
	struct wait wait;
	int status = mark != NULL ? AXON_OK : channel_enter(channel, lock);
	if (status != AXON_OK)
		return status;
	bool locked = mark != NULL;
	status = wait_begin(&wait, channel, WAIT_MESSAGE, timeout, AXON_FOREVER);
	while (status == AXON_OK) {
		if (!locked && !channel_lock_in(channel, mark)) {
			status = channel_unusable(channel);
			break;
		}
		locked = true;
		handled |= release_held(channel);
		status = take(channel, message, !handled);
		if (status != AXON_EMPTY)
			break;
		status = wait.timeout == 0 ? AXON_TIMEOUT : AXON_OK;
		if (handled || status != AXON_OK) {
			handled = false; /* a second look publishes */
			continue;
		}
		lock_give(lock, mark);
		locked = false;
		status = wait_more(&wait, channel);
	}
	if (locked)
		lock_give_last(lock, mark);
	if (mark != NULL)
		lock_exit(lock, mark);
	else
		status = channel_leave(lock, status);
	return status == AXON_TIMEOUT ? error_plain(AXON_EMPTY) : status;
}

/*
 * Checks a header word as record_parse_plain() does. In a stream one is like
 * the other; then nothing is taken from the word but that it is the same, and
 * the processor need not wait for it in order to look for the next one.
 */
static inline bool is_plain(struct incoming *in, uint64_t position, uint64_t word)
{
	const struct ring *ring = &in->consumer.ring;
	if (likely(word == in->word && word != 0 && in->record.size <= ring_to_end(ring, position)))
		return true;
	in->word = 0;
	if (!record_parse_plain(ring, position, word, &in->record))
		return false;
	in->word = word;
	return true;
}

int axon_receive(axon_channel *channel, axon_message *message, int64_t timeout)
{
	struct incoming *in = &channel->in;
	struct consumer *consumer = &in->consumer;
	bool handled = false;
	uint8_t *mark = lock_enter(&in->lock, &channel->segment.status);
	if (likely(mark != NULL && timeout >= AXON_DEFAULT_TIMEOUT)) {
		handled = release_held(channel);
		const uint64_t position = consumer->position;
		const uint64_t word = load_acquire(ring_word(&consumer->ring, position));
		if (likely(consumer->deliveries == 0 && is_plain(in, position, word))) {
			point(&consumer->ring, position, &in->record, message);
			in->slot = -1;
			hold(in, position, message);
			if (in->record.size <= 2 * RECORD_ALIGN) /* the processor fetches the lines of larger ones itself */
				__builtin_prefetch(ring_word(&consumer->ring, position + PREFETCH), 0);
			lock_exit(&in->lock, mark);
			return AXON_OK;
		}
		if (word == 0 && timeout == 0 && position >= in->scanned) {
			store_plain(&in->messages_when_dry, in->messages);
			if (!handled)
				publish(channel, publishable(in));
			lock_exit(&in->lock, mark);
			return error_plain(AXON_EMPTY);
		}
	}
	return receive_slowly(channel, message, timeout, mark, handled);
}

int axon_await(axon_channel *channel, int64_t timeout)
{
	struct lock *lock = &channel->in.lock;
	struct wait wait;
	int status = channel_enter(channel, lock);
	if (status != AXON_OK)
		return status;
	receive_publish(channel); /* the peer may wait for room */
	status = wait_begin(&wait, channel, WAIT_MESSAGE, timeout, AXON_FOREVER);
	while (status == AXON_OK && !wait_is_over(&wait, channel))
		status = wait.timeout == 0 ? AXON_TIMEOUT : wait_more(&wait, channel);
	if (status == AXON_OK && channel_status(channel) != AXON_OK)
		status = channel_unusable(channel);
	return channel_leave(lock, status == AXON_TIMEOUT ? error_plain(AXON_EMPTY) : status);
}

void receive_forget(axon_channel *channel, struct pending *pending)
{
	struct incoming *in = &channel->in;
	struct pending **link = &in->pending;
	while (*link != pending)
		link = &(*link)->next;
	*link = pending->next;
	pending->next = in->unused;
	in->unused = pending;
	if (pending->found != 0) {
		release_slot(in, pending->slot);
		passed(channel, pending->slot >= 0);
	}
}

__attribute__((noinline)) static int release_slowly(axon_channel *channel, const axon_message *message)
{
	struct incoming *in = &channel->in;
	int status = channel_enter(channel, &in->lock);
	if (status != AXON_OK)
		return status;
	uint8_t *mark = lock_enter(&in->lock, &channel->segment.status);
	if (mark == NULL && !channel_lock_in(channel, NULL))
		return channel_leave(&in->lock, channel_unusable(channel));
	if (message != NULL && in->held && message->token == (in->consumer.position | TOKEN_MESSAGE)) {
		release_held(channel);
	} else {
		struct pending *pending = message == NULL ? NULL : in->pending;
		while (pending != NULL && !(pending->found != 0 && pending->message.token == message->token))
			pending = pending->next;
		if (pending != NULL) {
			count_up(&in->messages, 1);
			count_up(&in->messages_when_dry, 1); /* a reply is no part of a burst */
			count_up(&in->bytes, message->payload_length);
			receive_forget(channel, pending);
		} else {
			status = AXON_INVALID;
		}
	}
	lock_exit(&in->lock, mark);
	if (status != AXON_OK)
		error_set(status, "this message is not held (any more)");
	return channel_leave(&in->lock, status);
}

int axon_release(axon_channel *channel, const axon_message *message)
{
	struct incoming *in = &channel->in;
	uint8_t *mark = lock_enter(&in->lock, &channel->segment.status);
	if (likely(mark != NULL)) {
		const bool held = message != NULL && in->held && message->token == (in->consumer.position | TOKEN_MESSAGE);
		if (likely(held))
			release_held(channel);
		lock_exit(&in->lock, mark);
		if (likely(held))
			return AXON_OK;
	}
	return release_slowly(channel, message);
}

void receive_close(axon_channel *channel, bool acknowledge)
{
	struct incoming *in = &channel->in;
	if (acknowledge)
		release_held(channel);
	for (struct pending *lists[] = { in->pending, in->unused }, **list = lists; list < lists + 2; list++) {
		while (*list != NULL) {
			struct pending *next = (*list)->next;
			free(*list);
			*list = next;
		}
	}
	in->pending = in->unused = NULL;
	if (acknowledge)
		publish(channel, in->consumer.position);
	slots_unmap(&in->slots);
}
