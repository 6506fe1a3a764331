#include "payload.h"

#include <stdlib.h>

#include "bench.h"

uint64_t *payload_source(size_t size)
{
	uint64_t *words = aligned_alloc(64, size < 64 ? 64 : size);
	if (words == NULL)
		fail("no memory for a payload of %zu bytes", size);
	payload_fill(words, size);
	return words;
}

/* Begins with word 0 so that vectors of words are aligned; adds, because few processors multiply such vectors. */
void payload_fill(uint64_t *words, size_t size)
{
	uint64_t word = 0;
	for (size_t i = 0; i < size / 8; i++, word += PAYLOAD_STEP)
		words[i] = word;
}

uint64_t payload_share(uint64_t messages, int senders, int sender)
{
	return messages / (uint64_t)senders + ((uint64_t)sender < messages % (uint64_t)senders);
}

void receipt_verify(const struct receipt *receipt, uint64_t messages, int senders)
{
	const uint64_t words = receipt->size / 8;
	uint64_t expected = messages * (words * (words - 1) / 2 * PAYLOAD_STEP);
	for (int sender = 0; sender < senders; sender++) {
		const uint64_t share = payload_share(messages, senders, sender);
		if (receipt->next[sender] != share)
			fail("sender %d: %llu messages came instead of %llu", sender, (unsigned long long)receipt->next[sender],
					(unsigned long long)share);
		expected += share * ((uint64_t)sender << 56) + share * (share - 1) / 2;
	}
	if (receipt->sum != expected)
		fail("the words of %llu messages of %zu bytes add up to %016llx instead of %016llx", (unsigned long long)messages,
				receipt->size, (unsigned long long)receipt->sum, (unsigned long long)expected);
}

_Noreturn void receipt_fail(const struct receipt *receipt, uint64_t word, size_t length)
{
	const uint64_t sender = word >> 56;
	fail("a message of %zu bytes that begins with %016llx came instead of %zu bytes and sequence %llu", length,
			(unsigned long long)word, receipt->size,
			(unsigned long long)(sender < PAYLOAD_SENDERS ? receipt->next[sender] : 0));
}
