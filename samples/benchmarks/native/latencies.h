/*
 * latencies.h: a histogram of nanoseconds with a constant relative error:
 * exact below 1024 ns, within 0.2 % above.
 */
#ifndef LATENCIES_H
#define LATENCIES_H

#include <stdint.h>

#define LATENCY_BITS 9 /* buckets per power of two, as a power of two */
#define LATENCY_BUCKETS ((64 - LATENCY_BITS) << LATENCY_BITS)

struct latencies {
	uint64_t total;
	int64_t max; /* ns */
	uint64_t count[LATENCY_BUCKETS];
};

/* Bucket i holds the value i below 2 << LATENCY_BITS; above, a value's leading LATENCY_BITS + 1 bits. */
static inline void latencies_add(struct latencies *latencies, int64_t nanoseconds)
{
	const uint64_t value = nanoseconds < 0 ? 0 : (uint64_t)nanoseconds;
	const int shift = value >> (LATENCY_BITS + 1) == 0 ? 0 : 63 - LATENCY_BITS - __builtin_clzll(value);
	latencies->count[((uint64_t)shift << LATENCY_BITS) + (value >> shift)]++;
	latencies->total++;
	if (nanoseconds > latencies->max)
		latencies->max = nanoseconds;
}

/* Answers a round of round trips, and empties the histogram. */
void latencies_done(struct latencies *latencies);

#endif
