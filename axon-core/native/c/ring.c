#include "ring.h"

void ring_init(struct ring *ring, void *segment, int number, uint64_t capacity)
{
	uint8_t *base = (uint8_t *)segment + RING_OFFSET((uint64_t)number, capacity);
	ring->control = (struct ring_control *)(void *)base;
	ring->data = base + PAGE;
	ring->capacity = capacity;
}

bool record_parse(const struct ring *ring, uint64_t position, uint64_t word, struct record *record)
{
	const uint64_t length = word & UINT32_MAX;
	const uint64_t size = round_up(length, RECORD_ALIGN);
	const uint64_t to_end = ring_to_end(ring, position);
	record->length = (uint32_t)length;
	record->size = (uint32_t)size;
	record->tag_length = (uint8_t)(word >> 32);
	record->flags = (uint8_t)(word >> 40);
	record->metadata_length = (uint16_t)(word >> 48);
	if ((record->flags & PADDING) != 0)
		return word == record_word(to_end, 0, PADDING, 0);
	const bool correlated = (record->flags & CORRELATED) != 0;
	const bool reply = (record->flags & REPLY) != 0;
	const bool large = (record->flags & LARGE) != 0;
	const uint64_t payload = round_up(8 + (correlated ? 8 : 0) + record->tag_length + (uint64_t)record->metadata_length, 8);
	record->payload = (uint32_t)payload;
	return (record->flags & UNKNOWN_FLAGS) == 0 && record->tag_length > 0 && (correlated || !reply)
			&& (reply || (record->flags & ERROR) == 0)
			&& (large ? payload + sizeof(struct slot_reference) == length : payload <= length)
			&& size <= ring->capacity / 4 && size <= to_end;
}

bool ring_is_empty(const struct ring *ring)
{
	const uint64_t start = load_acquire(&ring->control->handled) & ~HANDLED_COUNT;
	uint64_t walked = 0;
	while (walked < ring->capacity) {
		const uint64_t word = load_acquire(ring_word(ring, start + walked));
		struct record record;
		if (word == 0)
			return true;
		if (!record_parse(ring, start + walked, word, &record) || (record.flags & (PADDING | DONE | REPLY)) == 0)
			return false;
		walked += record.size;
	}
	return false;
}

enum ring_state producer_recover(struct producer *producer)
{
	const struct ring *ring = &producer->ring;
	const uint64_t free = load_acquire(&ring->control->free);
	if (free % RECORD_ALIGN != 0 || free > POSITION_MAX)
		return RING_CORRUPT;
	producer->free = producer->tail = free;
	producer->posted = 0;
	producer->step = 0;
	producer->zeroed = false;
	store_plain(&ring->control->wanted, 0);
	for (;;) {
		const uint64_t word = load_acquire(ring_word(ring, producer->tail));
		struct record record;
		if (word == 0)
			return RING_OK;
		if (!record_parse(ring, producer->tail, word, &record))
			return RING_CORRUPT;
		producer->tail += record.size;
		if (producer->tail - free >= ring->capacity)
			return RING_CORRUPT;
	}
}

enum ring_state producer_refresh(struct producer *producer)
{
	const uint64_t free = load_acquire(&producer->ring.control->free);
	if (free < producer->free || free > producer->tail || free % RECORD_ALIGN != 0)
		return RING_CORRUPT;
	producer->free = free;
	return RING_OK;
}

enum ring_state producer_reserve_slowly(struct producer *producer, uint64_t need, uint64_t *wanted)
{
	const struct ring *ring = &producer->ring;
	const uint64_t to_end = ring_to_end(ring, producer->tail);
	const uint64_t pad = need <= to_end ? 0 : to_end;
	const uint64_t end = producer->tail + pad + need + RECORD_ALIGN;
	producer->step = need;
	producer->zeroed = false; /* what was zeroed for other records may be overwritten by this one */
	if (end > producer->free + ring->capacity) {
		if (producer_refresh(producer) != RING_OK)
			return RING_CORRUPT;
		if (end > producer->free + ring->capacity) {
			*wanted = end - ring->capacity;
			return RING_FULL;
		}
	}
	if (pad != 0) {
		store_plain(ring_word(ring, producer->tail + pad), 0);
		store_release(ring_word(ring, producer->tail), record_word(pad, 0, PADDING, 0));
		producer->tail += pad;
	}
	return RING_OK;
}

enum ring_state consumer_recover(struct consumer *consumer)
{
	struct ring_control *control = consumer->ring.control;
	const uint64_t free = load_acquire(&control->free);
	const uint64_t handled = load_acquire(&control->handled);
	const uint64_t parked = load_plain(&control->parked);
	const uint64_t position = handled & ~HANDLED_COUNT;
	if (free % RECORD_ALIGN != 0 || position > POSITION_MAX || position < free || position - free > consumer->ring.capacity)
		return RING_CORRUPT;
	consumer->position = position;
	consumer->deliveries = (uint32_t)(handled & HANDLED_COUNT);
	consumer->published = position;
	consumer->wanted_posted = 0;
	store_release(&control->free, position);
	if ((parked & PARKED_BITS) != 0) /* a predecessor was killed while it waited */
		store_plain(&control->parked, parked_next(parked, 0));
	return RING_OK;
}
