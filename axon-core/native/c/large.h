/*
 * large.h: large messages lie in slots, shared-memory segments of their own.
 * Producer and consumer each keep their mappings: first touch costs more than
 * the copy. Used under the channel's send or receive lock.
 */
#ifndef AXON_LARGE_H
#define AXON_LARGE_H

#include "ring.h"
#include "segment.h"

struct slot {
	uint8_t *base;       /* NULL: not mapped */
	uint64_t capacity;   /* bytes of payload */
	uint64_t generation;
	uint64_t busy_until; /* producer: free when the ring's `free` reaches this */
	uint32_t held;       /* consumer: messages handed out that lie in it */
	bool unusable;       /* producer: its name belongs to somebody else */
};

struct slots {
	struct slot slot[SLOTS];
	uint64_t total;      /* producer: capacities of all */
	uint32_t generations; /* producer: made by this incarnation */
};

/* Finds the slots that a predecessor left, and which of them are busy. */
int slots_recover(struct slots *slots, const struct segment *segment, const struct producer *producer);

/* Takes a free slot for `length` bytes. AXON_FULL: there is none until `free` reaches *wanted. */
int slots_take(struct slots *slots, const struct segment *segment, struct producer *producer, uint64_t length, int *slot,
		uint64_t *wanted);

/* Removes the slots that are not busy, and forgets all. */
void slots_close(struct slots *slots, const struct segment *segment, uint64_t free);

/* Finds the payload of a LARGE record that was received, and counts it as held. */
int slots_map(struct slots *slots, const struct segment *segment, const struct slot_reference *reference,
		const uint8_t **payload);

/* Forgets all mappings of a consumer. */
void slots_unmap(struct slots *slots);

#endif
