/*
 * payload.h: the bytes of the messages. Word 0 is the sequence number within
 * the round (with several senders: thread << 56 | sequence), word i is
 * i * PAYLOAD_STEP. A sender writes all of them, a receiver adds up all of
 * them and compares the sum of the round with the one that is expected.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAYLOAD_STEP UINT64_C(0x9E3779B97F4A7C15)
#define PAYLOAD_SENDERS 4

/* What was received in one round. */
struct receipt {
	size_t size;                       /* bytes of payload */
	uint64_t sum;                      /* of all words */
	uint64_t next[PAYLOAD_SENDERS];    /* the sequence number that each sender's next message must have */
};

/* A prepared payload of `size` bytes, 64-byte aligned. */
uint64_t *payload_source(size_t size);

/* Writes all words of a payload, word 0 being 0. */
void payload_fill(uint64_t *words, size_t size);

/* Fails when the round's messages were not `messages`, evenly from `senders`, with the expected sum. */
void receipt_verify(const struct receipt *receipt, uint64_t messages, int senders);

/* How many of a round's messages this sender sends. */
uint64_t payload_share(uint64_t messages, int senders, int sender);

_Noreturn void receipt_fail(const struct receipt *receipt, uint64_t word, size_t length);

/* Four accumulators, so that an addition does not wait for the one before it. */
static inline uint64_t payload_sum(const uint64_t *words, size_t size)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;
	for (size_t i = 0; i < size / 8; i += 4) {
		a += words[i];
		b += words[i + 1];
		c += words[i + 2];
		d += words[i + 3];
	}
	return a + b + c + d;
}

/* Reads one message in full. */
static inline void receipt_add(struct receipt *receipt, const void *payload, size_t length)
{
	const uint64_t *words = payload;
	const uint64_t sender = words[0] >> 56;
	if (length != receipt->size || sender >= PAYLOAD_SENDERS
			|| (words[0] & (UINT64_MAX >> 8)) != receipt->next[sender])
		receipt_fail(receipt, words[0], length);
	receipt->next[sender]++;
	receipt->sum += payload_sum(words, length);
}

#endif
