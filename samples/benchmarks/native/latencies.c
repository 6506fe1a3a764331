#include "latencies.h"

#include <string.h>

#include "bench.h"

/* The middle of the bucket in which this part of the samples ends. */
static double percentile(const struct latencies *latencies, double part)
{
	uint64_t below = (uint64_t)(part * (double)latencies->total);
	for (uint64_t i = 0; i < LATENCY_BUCKETS; i++) {
		if (latencies->count[i] > below) {
			const int shift = i < 2 << LATENCY_BITS ? 0 : (int)(i >> LATENCY_BITS) - 1;
			const uint64_t lowest = (i - ((uint64_t)shift << LATENCY_BITS)) << shift;
			return (double)lowest + (double)((UINT64_C(1) << shift) - 1) / 2;
		}
		below -= latencies->count[i];
	}
	return (double)latencies->max;
}

void latencies_done(struct latencies *latencies)
{
	done("p50=%.1f p90=%.1f p99=%.1f p999=%.1f p9999=%.1f max=%lld", percentile(latencies, 0.5), percentile(latencies, 0.9),
			percentile(latencies, 0.99), percentile(latencies, 0.999), percentile(latencies, 0.9999),
			(long long)latencies->max);
	memset(latencies, 0, sizeof(*latencies));
}
