/*
 * Both endpoints in one process, with a sender and a receiver each: what one
 * writes and another reads is ordered by the protocol alone, and so this is
 * what ThreadSanitizer watches (mapping.h lets it see both ends).
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "barrier.h"
#include "check.h"

#define MESSAGES 4000

#if defined(__SANITIZE_THREAD__)
/*
 * A thread that waits looks at a header word where its process's consumer just
 * was: another thread may have moved on, and the word be payload by now. It is
 * a hint, after which it looks properly.
 */
AXON_API const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:is_ready\n";
}
#endif

static axon_channel *ends[2];

static size_t length_of(uint32_t number)
{
	return random_of(number) % (number % 32 == 0 ? 70000 : number % 8 == 0 ? 1000 : 100);
}

static void send_number(axon_channel *channel, uint32_t number)
{
	static const uint32_t metadata[2] = { 1, 2 };
	const axon_header header = { .tag = "n", .metadata = number % 3 == 0 ? metadata : NULL,
		.metadata_length = number % 3 == 0 ? sizeof metadata : 0 };
	const size_t length = length_of(number);
	void *room;
	CHECK_EQUAL(axon_claim(channel, &header, length, LONG, &room), AXON_OK);
	fill(room, length, number);
	CHECK_EQUAL(axon_commit(channel), AXON_OK);
}

static void *send_all(void *role)
{
	static const uint8_t bytes[64] = "question";
	const axon_header header = { .tag = "ask" };
	axon_channel *channel = ends[(uintptr_t)role];
	axon_message reply;
	for (uint32_t i = 0; i < repetitions(MESSAGES); i++) {
		send_number(channel, i);
		if (i % 16 != 0)
			continue;
		const size_t length = i % 64 == 0 ? 60000 : sizeof bytes;
		static uint8_t large[2][60000];
		fill(large[(uintptr_t)role], length, i);
		CHECK_EQUAL(axon_request(channel, &header, large[(uintptr_t)role], length, LONG, &reply), AXON_OK);
		CHECK_EQUAL(reply.payload_length, length);
		CHECK(is_filled(reply.payload, length, i));
		CHECK_EQUAL(axon_release(channel, &reply), AXON_OK);
	}
	CHECK_EQUAL(axon_send(channel, "end", bytes, sizeof bytes, LONG), AXON_OK);
	return NULL;
}

static void *receive_all(void *role)
{
	axon_channel *channel = ends[(uintptr_t)role];
	axon_message message;
	uint32_t next = 0;
	for (bool more = true; more;) {
		CHECK_EQUAL(axon_receive(channel, &message, LONG), AXON_OK);
		if (message.correlation_id != 0) {
			CHECK_EQUAL(axon_reply(channel, &message, message.payload, message.payload_length, LONG), AXON_OK);
		} else if (message.tag_length == 1) {
			CHECK_EQUAL(message.payload_length, length_of(next));
			CHECK(is_filled(message.payload, message.payload_length, next));
			CHECK_EQUAL(message.metadata_length, next % 3 == 0 ? 8 : 0);
			next++;
		} else {
			more = false;
		}
		CHECK_EQUAL(axon_release(channel, &message), AXON_OK);
	}
	CHECK_EQUAL(next, repetitions(MESSAGES));
	return NULL;
}

static void all_that_is_sent_is_ordered(void)
{
	pthread_t threads[4];
	for (int spins = 0; spins < 2; spins++) {
		axon_options options = options_for(AXON_SERVER, 4096);
		options.spin = spins == 0 ? 0 : options.spin;
		CHECK_EQUAL(axon_open(&ends[0], channel_name(), &options), AXON_OK);
		options.role = AXON_CLIENT;
		CHECK_EQUAL(axon_open(&ends[1], channel_name(), &options), AXON_OK);
#if defined(__SANITIZE_THREAD__)
		CHECK(map_segment(NULL) == map_segment(NULL)); /* or it would see nothing */
#endif
		for (uintptr_t i = 0; i < 4; i++)
			CHECK_EQUAL(pthread_create(&threads[i], NULL, i < 2 ? send_all : receive_all, (void *)(i % 2)), 0);
		for (int i = 0; i < 4; i++)
			CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
		axon_close(ends[0]);
		axon_close(ends[1]);
	}
}

TESTS(together, { "all-that-is-sent-is-ordered", all_that_is_sent_is_ordered });
