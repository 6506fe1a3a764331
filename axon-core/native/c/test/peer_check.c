/*
 * peer_check.c: the asking side of the all-pairs suite, a fixed script of
 * exchanges with a peer that echoes. The same in each language; PeerCheck.java
 * names what the numbers stand for.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define IMPATIENCE INT64_C(100000000)
#define RING_SIZE 1000
#define SLOT_SIZE 300001
#define TOO_LARGE ((128 << 20) + 1)
#define LONG_TEXT 3000

static const size_t small_sizes[] = { 0, 1, 7, 8, 31, 32, 33, 255, 4096, 65000 };
static const size_t large_sizes[] = { 262128, 262136, 262144, 300001, 1 << 20, 5000001 };
static const size_t request_sizes[] = { 0, 1, 32, 4096, 300001 };

static axon_channel *channel;
static struct tally sent, received;
static const char *exchange_name;
static jmp_buf end_of_exchange;

/* Says why the exchange failed, and leaves it. */
__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	printf("failed %s: ", exchange_name);
	vprintf(format, arguments);
	say("\n");
	va_end(arguments);
	longjmp(end_of_exchange, 1);
}

static void expect(int status, int expected, const char *what)
{
	if (status != expected)
		fail("%s: %s instead of %s: %s", what, axon_strerror(status), axon_strerror(expected), axon_last_error());
}

static void compare(const char *what, const void *bytes, size_t length, const void *expected, size_t expected_length)
{
	const uint8_t *found = bytes, *wanted = expected;
	if (length != expected_length)
		fail("message %llu: %s of %zu bytes instead of %zu", received.messages, what, length, expected_length);
	for (size_t i = 0; i < length; i++) {
		if (found[i] != wanted[i])
			fail("message %llu: %s of %zu bytes: byte %zu is %d instead of %d", received.messages, what, length, i,
					found[i], wanted[i]);
	}
}

static axon_header header_of(const char *tag, const void *metadata, size_t metadata_length)
{
	return (axon_header){ .tag = tag, .tag_length = strlen(tag), .metadata = metadata,
		.metadata_length = metadata_length };
}

static void add_sent(const axon_header *header, const void *payload, size_t size)
{
	tally_add(&sent, header->tag, header->tag_length, header->metadata, header->metadata_length, payload, size);
}

/* Returns false when there was no room. */
static bool try_to_send(const axon_header *header, const void *payload, size_t size, int64_t timeout)
{
	const int status = axon_send_with(channel, header, payload, size, timeout);
	if (status == AXON_FULL)
		return false;
	expect(status, AXON_OK, "send");
	add_sent(header, payload, size);
	return true;
}

static void send_message(const axon_header *header, const void *payload, size_t size)
{
	if (!try_to_send(header, payload, size, PATIENCE))
		fail("message %llu was not sent: %s", received.messages, axon_last_error());
}

static void accept_message(const axon_message *message, const axon_header *header, const void *payload, size_t size)
{
	compare("tag", message->tag, message->tag_length, header->tag, header->tag_length);
	if (!message->reply)
		compare("metadata", message->metadata, message->metadata_length, header->metadata, header->metadata_length);
	compare("payload", message->payload, message->payload_length, payload, size);
	tally_add(&received, message->tag, message->tag_length, message->metadata, message->metadata_length,
			message->payload, message->payload_length);
	expect(axon_release(channel, message), AXON_OK, "release");
}

static void receive_message(const axon_header *header, const void *payload, size_t size)
{
	axon_message message;
	expect(axon_receive(channel, &message, PATIENCE), AXON_OK, "receive");
	accept_message(&message, header, payload, size);
}

static void echo_of(const axon_header *header, unsigned long long number, size_t size)
{
	send_message(header, pattern_of(number, size), size);
	receive_message(header, pattern_of(number, size), size);
}

static void echoes(const size_t *sizes, size_t count)
{
	const axon_header header = header_of("data", NULL, 0);
	for (size_t n = 0; n < count; n++)
		echo_of(&header, n, sizes[n]);
}

static void exchange_small(void)
{
	echoes(small_sizes, COUNT(small_sizes));
}

static void exchange_large(void)
{
	echoes(large_sizes, COUNT(large_sizes));
}

static void exchange_metadata(void)
{
	char longest[AXON_TAG_MAX + 1] = "";
	memset(longest, 'x', AXON_TAG_MAX);
	const axon_header headers[] = { header_of("\303\274n\303\257c\303\266de \346\227\245\346\234\254", pattern_of(7, 3), 3),
		header_of(longest, pattern_of(7, AXON_METADATA_MAX), AXON_METADATA_MAX), header_of("data", pattern_of(7, 55), 55) };
	static const size_t sizes[] = { 100, 0, 300000 };
	for (size_t n = 0; n < COUNT(sizes); n++)
		echo_of(&headers[n], n, sizes[n]);
}

static int request(const axon_header *header, const void *payload, size_t size, int64_t timeout, axon_message *reply)
{
	add_sent(header, payload, size);
	return axon_request(channel, header, payload, size, timeout, reply);
}

static void request_pattern(unsigned long long number, size_t size)
{
	const axon_header header = header_of("ask", pattern_of(7, 20), 20);
	axon_message reply;
	expect(request(&header, pattern_of(number, size), size, PATIENCE, &reply), AXON_OK, "request");
	if (!reply.reply || reply.error)
		fail("message %llu: the reply is none", received.messages);
	accept_message(&reply, &header, pattern_of(number, size), size);
}

/* Before each reply comes a message that was not asked for. */
static void exchange_requests(void)
{
	const axon_header plain = header_of("data", NULL, 0);
	for (size_t n = 0; n < COUNT(request_sizes); n++) {
		send_message(&plain, pattern_of(n, 10), 10);
		request_pattern(n, request_sizes[n]);
		receive_message(&plain, pattern_of(n, 10), 10);
	}
}

static void exchange_errors(void)
{
	char text[LONG_TEXT + 1] = "";
	memset(text, 'x', LONG_TEXT);
	const char *const texts[] = { "", "gr\303\266\303\237er als erlaubt: \346\227\245\346\234\254", text };
	const axon_header error = header_of("ask", "error", 5), silence = header_of("ask", "silence", 7),
			plain = header_of("data", NULL, 0);
	axon_message reply;
	for (size_t n = 0; n < COUNT(texts); n++) {
		expect(request(&error, texts[n], strlen(texts[n]), PATIENCE, &reply), AXON_OK, "request");
		if (!reply.error)
			fail("message %llu is no error", received.messages);
		compare("text", reply.payload, reply.payload_length, texts[n], strlen(texts[n]));
		tally_add(&received, NULL, 0, NULL, 0, reply.payload, reply.payload_length);
		expect(axon_release(channel, &reply), AXON_OK, "release");
	}
	expect(request(&silence, NULL, 0, IMPATIENCE, &reply), AXON_TIMEOUT, "request without an answer");
	void *payload;
	expect(axon_claim(channel, &plain, TOO_LARGE, PATIENCE, &payload), AXON_TOO_LARGE, "claim of 128 MiB and a byte");
	request_pattern(0, 10);
}

/* The peer stops to receive when it has no room to send. */
static void fill(size_t size)
{
	const axon_header header = header_of("data", NULL, 0);
	unsigned long long count = 0;
	while (try_to_send(&header, pattern_of(count, size), size, IMPATIENCE))
		count++;
	for (unsigned long long n = 0; n < count; n++)
		receive_message(&header, pattern_of(n, size), size);
}

static void exchange_full_ring(void)
{
	fill(RING_SIZE);
}

static void exchange_full_slots(void)
{
	fill(SLOT_SIZE);
}

static void exchange_death(void)
{
	const axon_header header = header_of("ask", "hold", 4);
	axon_message reply;
	expect(request(&header, pattern_of(0, SLOT_SIZE), SLOT_SIZE, PATIENCE, &reply), AXON_PEER_DIED, "request");
}

static void exchange_restart(void)
{
	axon_counters counters;
	request_pattern(1, RING_SIZE);
	axon_get_counters(channel, &counters);
	if (counters.replies_dropped != 1)
		fail("%llu replies were dropped, instead of that to the request that failed",
				(unsigned long long)counters.replies_dropped);
	exchange_small();
}

static bool exchange(const char *name, void (*run)(void))
{
	exchange_name = name;
	sent = received = TALLY_EMPTY;
	if (setjmp(end_of_exchange) != 0)
		return false;
	run();
	checked(axon_send(channel, "mark", NULL, 0, PATIENCE), "send");
	say("exchange %s sent=%llu/%08x received=%llu/%08x\n", name, sent.messages, sent.crc, received.messages,
			received.crc);
	return true;
}

int check(axon_channel *opened)
{
	channel = opened;
	if (!(exchange("small", exchange_small) && exchange("large", exchange_large)
			&& exchange("metadata", exchange_metadata) && exchange("requests", exchange_requests)
			&& exchange("errors", exchange_errors) && exchange("full-ring", exchange_full_ring)
			&& exchange("full-slots", exchange_full_slots)))
		return 1;
	checked(axon_send(channel, "quit", NULL, 0, PATIENCE), "send");
	return 0;
}

int survive(axon_channel *opened)
{
	const axon_header header = header_of("data", NULL, 0);
	void *payload;
	channel = opened;
	if (!(exchange("small", exchange_small) && exchange("death", exchange_death)
			&& exchange("restart", exchange_restart)))
		return 1;
	checked(axon_claim(channel, &header, RING_SIZE, PATIENCE, &payload), "claim");
	memcpy(payload, pattern_of(0, RING_SIZE / 2), RING_SIZE / 2);
	say("claimed\n");
	for (;;)
		pause();
}
