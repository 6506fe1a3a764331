/*
 * copy.c: copies within one process, from one buffer to another of the same
 * size: how fast bytes can move here at all.
 */
#include "bench.h"
#include "payload.h"

static size_t size;
static uint64_t *source, *destination;

static void open_buffers(const struct setup *setup)
{
	size = setup->scenario->size;
	source = payload_source(size);
	destination = payload_source(size);
}

static void copy(uint64_t messages)
{
	const int64_t start = now();
	for (uint64_t i = 0; i < messages; i++) {
		source[0] = i;
		memcpy(destination, source, size);
		__asm__ volatile("" : : "r"(destination) : "memory"); /* every copy counts, not the last one only */
	}
	const int64_t end = now();
	struct receipt receipt = { .size = size, .next = { messages - 1 } };
	receipt_add(&receipt, destination, size);
	done("seconds=%.9f messages=%llu bytes=%llu", (double)(end - start) / 1e9, (unsigned long long)messages,
			(unsigned long long)(messages * size));
}

const struct system c_memcpy = { .name = "memcpy", .open = open_buffers, .send = copy };
