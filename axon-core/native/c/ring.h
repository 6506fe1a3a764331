/*
 * ring.h: one ring, written by one process and read by another. A producer
 * and a consumer know positions and records; they know nothing of threads,
 * waiting or channels. Each must be used by one thread at a time.
 */
#ifndef AXON_RING_H
#define AXON_RING_H

#include "barrier.h"
#include "layout.h"

struct ring {
	struct ring_control *control;
	uint8_t *data;
	uint64_t capacity; /* a power of two: our own checked copy */
};

/* A header word taken apart and checked. */
struct record {
	uint32_t length;          /* to the end of the payload */
	uint32_t size;            /* the same, rounded up to 64 */
	uint32_t payload;         /* offset of the payload in the record */
	uint16_t metadata_length;
	uint8_t tag_length;
	uint8_t flags;
};

enum ring_state { RING_OK, RING_FULL, RING_CORRUPT };

struct producer {
	struct ring ring;
	uint64_t tail;
	uint64_t free;        /* the consumer's word as last seen */
	uint64_t posted;      /* the `parked` that was posted for */
	uint64_t step;        /* what the record takes that was reserved last */
	bool zeroed;          /* the word one step after the tail is 0 */
};

struct consumer {
	struct ring ring;
	uint64_t position;      /* oldest record not done with; also read without the lock */
	uint64_t published;     /* `free` as last stored */
	uint64_t wanted_posted; /* the `wanted` that was posted for */
	uint32_t deliveries;    /* of the record at `position` by predecessors */
};

static inline uint64_t *ring_word(const struct ring *ring, uint64_t position)
{
	return (uint64_t *)(ring->data + (position & (ring->capacity - 1)));
}

static inline uint64_t ring_to_end(const struct ring *ring, uint64_t position)
{
	return ring->capacity - (position & (ring->capacity - 1));
}

void ring_init(struct ring *ring, void *segment, int number, uint64_t capacity);

/* Checks the header word found at `position`; false: the ring is corrupt. */
bool record_parse(const struct ring *ring, uint64_t position, uint64_t word, struct record *record);

/* The same for what is met most, a message that is neither reply nor LARGE; false: record_parse() knows what it is. */
static inline bool record_parse_plain(const struct ring *ring, uint64_t position, uint64_t word, struct record *record)
{
	const uint64_t length = word & UINT32_MAX;
	const uint64_t size = round_up(length, RECORD_ALIGN);
	const uint64_t tag_length = (word >> 32) & 0xff, metadata_length = word >> 48;
	const uint64_t correlated = (word >> 40) & CORRELATED;
	const uint64_t payload = round_up(8 + correlated * 8 + tag_length + metadata_length, 8);
	*record = (struct record){ .length = (uint32_t)length, .size = (uint32_t)size, .payload = (uint32_t)payload,
		.metadata_length = (uint16_t)metadata_length, .tag_length = (uint8_t)tag_length, .flags = (uint8_t)correlated };
	return ((word & (uint64_t)(0xff & ~CORRELATED) << 40) == 0) & (tag_length != 0) & (payload <= length)
			& (size <= ring->capacity / 4) & (size <= ring_to_end(ring, position));
}

/*
 * Whether nothing but PADDING, DONE and REPLY lies in the ring from `handled` on,
 * asked when its consumer is gone. A corrupt ring is not empty.
 */
bool ring_is_empty(const struct ring *ring);

/* Finds the end of the ring. */
enum ring_state producer_recover(struct producer *producer);

/* Loads `free` and checks it. */
enum ring_state producer_refresh(struct producer *producer);

/* The part of producer_reserve() that is not needed for most records. */
enum ring_state producer_reserve_slowly(struct producer *producer, uint64_t need, uint64_t *wanted);

/* Makes room for a record of `need` bytes at the tail; RING_FULL sets the `free` that would make room. */
static inline enum ring_state producer_reserve(struct producer *producer, uint64_t need, uint64_t *wanted)
{
	const uint64_t tail = producer->tail;
	if (likely(need == producer->step && need <= ring_to_end(&producer->ring, tail)
			&& tail + need + RECORD_ALIGN <= producer->free + producer->ring.capacity))
		return RING_OK;
	return producer_reserve_slowly(producer, need, wanted);
}

/*
 * Makes the record at the tail visible. The next header word is 0 before that,
 * or bytes of an earlier lap could pass for a record. The consumer looks at it
 * all the time; were it zeroed just before, each commit would wait for the
 * move of two lines. So the one behind it is zeroed after each commit, as the
 * next record usually takes as much. More than one ahead is worse: the
 * consumer's processor fetches lines ahead, and takes them back.
 */
static inline void producer_commit(struct producer *producer, uint64_t word, uint64_t need)
{
	const uint64_t tail = producer->tail, end = tail + need;
	if (unlikely(!producer->zeroed)) {
		store_plain(ring_word(&producer->ring, end), 0);
		producer->zeroed = true;
	}
	store_release(ring_word(&producer->ring, tail), word);
	producer->tail = end;
	if (likely(end + need + RECORD_ALIGN <= producer->free + producer->ring.capacity))
		store_plain(ring_word(&producer->ring, end + need), 0);
	else
		producer->zeroed = false;
}

/*
 * Whether the consumer waits for what was just committed, and has not been
 * posted for this wait. Not fenced against the commit before it: the
 * consumer's grace period covers that (PROTOCOL.md, "Why no fence is needed
 * after the commit").
 */
static inline bool producer_must_post(struct producer *producer, enum parked_bit waits_for)
{
	compiler_fence();
	const uint64_t parked = load_plain(&producer->ring.control->parked);
	if ((parked & waits_for) == 0 || parked == producer->posted)
		return false;
	producer->posted = parked;
	return true;
}

/* Finds the oldest record that is not done with. */
enum ring_state consumer_recover(struct consumer *consumer);

/* Stores that a delivery of the record at `position` begins; returns its number. */
static inline uint32_t consumer_begin(struct consumer *consumer)
{
	const uint32_t number = consumer->deliveries < HANDLED_COUNT ? consumer->deliveries + 1 : HANDLED_COUNT;
	store_plain(&consumer->ring.control->handled, consumer->position | number);
	return number;
}

/* Passes the record at `position`. */
static inline void consumer_advance(struct consumer *consumer, uint32_t size)
{
	const uint64_t position = consumer->position + size;
	consumer->deliveries = 0;
	store_plain(&consumer->position, position);
	store_release(&consumer->ring.control->handled, position);
}

/* Lets the producer overwrite all before `limit`; true: the producer waits for it and must be posted. */
static inline bool consumer_publish(struct consumer *consumer, uint64_t limit)
{
	if (limit != consumer->published) {
		consumer->published = limit;
		store_release(&consumer->ring.control->free, limit);
		compiler_fence();
	}
	const uint64_t wanted = load_plain(&consumer->ring.control->wanted);
	if (wanted == 0 || wanted > limit || wanted == consumer->wanted_posted)
		return false;
	consumer->wanted_posted = wanted;
	return true;
}

/* Whether `limit` has to be published now: a stride is full, or the producer waits for it. */
static inline bool consumer_should_publish(const struct consumer *consumer, uint64_t limit)
{
	const uint64_t wanted = load_plain(&consumer->ring.control->wanted);
	return limit - consumer->published >= consumer->ring.capacity / 8 || (wanted != 0 && wanted <= limit);
}

#endif
