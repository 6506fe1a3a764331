/* Plain messages: what is accepted, order and bytes, wrapping, full and empty rings, claims. */
#define _GNU_SOURCE
#include <unistd.h>

#include "check.h"

#define SMALL 4096
#define MANY 20000

static axon_channel *server, *client;

static void open_both(uint64_t capacity)
{
	server = open_as(AXON_SERVER, capacity);
	client = open_as(AXON_CLIENT, capacity);
}

static void close_both(void)
{
	CHECK_EQUAL(axon_close(client), AXON_OK);
	CHECK_EQUAL(axon_close(server), AXON_OK);
	CHECK_EQUAL(objects_left(), 0);
}

static void messages_travel_both_ways(void)
{
	open_both(SMALL);
	send_text(server, "greeting", "hello");
	send_text(server, "empty", "");
	send_text(client, "g\xc3\xbc\xc3\x9f", "back");
	const axon_message first = receive_text(client, "greeting", "hello");
	CHECK_EQUAL(first.deliveries, 1);
	CHECK_EQUAL(first.correlation_id, 0);
	CHECK(first.metadata == NULL && !first.reply && !first.error);
	CHECK_EQUAL((uintptr_t)first.payload % 8, 0);
	CHECK_EQUAL(axon_release(client, &first), AXON_OK);
	CHECK_EQUAL(axon_release(client, &first), AXON_INVALID);
	const axon_message second = receive_text(client, "empty", "");
	CHECK(second.payload != NULL);
	receive_text(server, "g\xc3\xbc\xc3\x9f", "back");
	close_both();
}

static void bad_tags_and_sizes_are_refused(void)
{
	char tag[AXON_TAG_MAX + 2];
	static char metadata[AXON_METADATA_MAX + 1];
	axon_options options = options_for(AXON_SERVER, SMALL);
	options.max_message = 10000;
	options.large_memory = 8192;
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
	client = open_as(AXON_CLIENT, SMALL);
	memset(tag, 'x', sizeof tag);
	tag[sizeof tag - 1] = 0;
	CHECK_EQUAL(axon_send(server, NULL, "", 0, 0), AXON_INVALID);
	CHECK_EQUAL(axon_send(server, "", "", 0, 0), AXON_INVALID);
	CHECK_EQUAL(axon_send(server, tag, "", 0, 0), AXON_INVALID);
	CHECK_ERROR("255");
	CHECK_EQUAL(axon_send(server, "t", NULL, 1, 0), AXON_INVALID);
	CHECK_EQUAL(axon_send(server, "t", "", 0, -2), AXON_INVALID);
	axon_header header = { .tag = tag, .tag_length = AXON_TAG_MAX };
	CHECK_EQUAL(axon_send_with(server, &header, "", 0, 0), AXON_OK);
	header.tag_length = AXON_TAG_MAX + 1;
	CHECK_EQUAL(axon_send_with(server, &header, "", 0, 0), AXON_INVALID);
	header = (axon_header){ .tag = "t", .metadata = metadata, .metadata_length = sizeof metadata };
	CHECK_EQUAL(axon_send_with(server, &header, "", 0, 0), AXON_INVALID);
	header.metadata_length = AXON_METADATA_MAX;
	CHECK_EQUAL(axon_send_with(server, &header, "", 0, 0), AXON_TOO_LARGE);
	header = (axon_header){ .tag = "t", .reply = true };
	CHECK_EQUAL(axon_send_with(server, &header, "", 0, 0), AXON_INVALID);
	header = (axon_header){ .tag = "t", .correlation_id = 1, .error = true };
	CHECK_EQUAL(axon_send_with(server, &header, "", 0, 0), AXON_INVALID);
	CHECK_EQUAL(axon_send(server, "t", metadata, 10001, 0), AXON_TOO_LARGE);
	CHECK_ERROR("10000");
	CHECK_EQUAL(axon_send(server, "t", metadata, 8193, 0), AXON_TOO_LARGE);
	CHECK_ERROR("8192");
	CHECK_EQUAL(axon_send(server, "t", metadata, 8192, 0), AXON_OK);

	axon_message message;
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(message.tag_length, AXON_TAG_MAX);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(message.payload_length, 8192);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	close_both();
}

static size_t length_of(uint32_t number)
{
	const uint32_t random = random_of(number);
	return random % 16 == 0 ? random / 16 % 900 : random / 16 % 200;
}

static void send_many(void)
{
	client = open_as(AXON_CLIENT, SMALL);
	uint8_t bytes[1024];
	for (uint32_t i = 0; i < MANY; i++) {
		fill(bytes, length_of(i), i);
		CHECK_EQUAL(axon_send(client, i % 3 == 0 ? "a" : "longer-tag", bytes, length_of(i), LONG), AXON_OK);
	}
	axon_close(client);
}

static void random_sizes_wrap_between_processes(void)
{
	axon_message message;
	const pid_t child = start(send_many);
	server = open_as(AXON_SERVER, SMALL);
	for (uint32_t i = 0; i < MANY; i++) {
		CHECK_EQUAL(axon_receive(server, &message, LONG), AXON_OK);
		CHECK_EQUAL(message.payload_length, length_of(i));
		CHECK(is_filled(message.payload, message.payload_length, i));
		CHECK_EQUAL(message.tag_length, i % 3 == 0 ? 1 : 10);
	}
	CHECK_EQUAL(axon_receive(server, &message, 0), AXON_EMPTY);
	join(child);
	axon_close(server);
}

static void a_record_that_does_not_fit_before_the_end_is_padded(void)
{
	uint8_t bytes[976] = { 0 };
	axon_message message;
	open_both(SMALL);
	/* Records of 1024, 960, 1024: the fourth finds 1088 - 64 bytes before the end and needs 1024. */
	const size_t sizes[] = { 1008, 900, 1008, 1000, 100 };
	for (size_t i = 0; i < 5; i++) {
		fill(bytes, sizes[i] < sizeof bytes ? sizes[i] : sizeof bytes, (uint32_t)i);
		const size_t length = sizes[i] < sizeof bytes ? sizes[i] : sizeof bytes;
		CHECK_EQUAL(axon_send(server, "t", bytes, length, 0), AXON_OK);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
		CHECK(is_filled(message.payload, length, (uint32_t)i));
		CHECK_EQUAL(message.payload_length, length);
	}
	const uint8_t *ring = (uint8_t *)map_segment(NULL) + 8192;
	bool padded = false;
	for (size_t at = 0; at < SMALL; at += 64)
		padded = padded || ring[at + 5] == 0x80;
	CHECK(padded);
	close_both();
}

static void a_full_ring_holds_senders_up(void)
{
	const uint8_t bytes[500] = { 0 };
	axon_message message;
	axon_counters counters;
	open_both(SMALL);
	int sent = 0;
	while (axon_send(server, "t", bytes, sizeof bytes, 0) == AXON_OK)
		sent++;
	CHECK_EQUAL(sent, 7); /* of 576 bytes: 7 * 576 + 64 <= 4096 */
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_FULL);
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 30 * MILLISECONDS), AXON_FULL);
	CHECK_ERROR("no room");
	axon_get_counters(server, &counters);
	CHECK_EQUAL(counters.sends_blocked, 3);
	CHECK_EQUAL(counters.messages_sent, 7);
	CHECK_EQUAL(counters.bytes_sent, 3500);
	for (int i = 0; i < 7; i++)
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	axon_get_counters(client, &counters);
	CHECK_EQUAL(counters.messages_received, 7);
	close_both();
}

#define BLOCKED 20
#define FIT 15 /* records of 512 bytes in a ring of 8192: less than a stride, so only `wanted` frees one */

static void receive_when_the_sender_waits(void)
{
	client = open_as(AXON_CLIENT, SMALL);
	receive_while_the_sender_waits(client, BLOCKED, BLOCKED + FIT);
	axon_close(client);
}

static void a_waiting_sender_goes_on_when_there_is_room(void)
{
	uint8_t bytes[496];
	axon_counters counters;
	const pid_t child = start(receive_when_the_sender_waits);
	axon_options options = options_for(AXON_SERVER, 8192);
	options.spin = 0;
	options.bounded_wait = LONG; /* only a post ends the wait */
	options.send_timeout = LONG / 2;
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
	for (uint32_t i = 0; i < BLOCKED + FIT; i++) {
		fill(bytes, sizeof bytes, i);
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, AXON_DEFAULT_TIMEOUT), AXON_OK);
	}
	axon_get_counters(server, &counters);
	CHECK_EQUAL(counters.sends_blocked, BLOCKED);
	join(child);
	axon_close(server);
}

static void an_empty_ring_times_out(void)
{
	axon_message message;
	open_both(SMALL);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	CHECK_EQUAL(axon_receive(client, &message, 20 * MILLISECONDS), AXON_EMPTY);
	axon_counters counters;
	axon_get_counters(client, &counters);
	CHECK_EQUAL(counters.parks, 1);
	close_both();
}

static void an_aborted_claim_leaves_nothing(void)
{
	axon_message message;
	void *payload;
	const axon_header header = { .tag = "claimed", .metadata = "meta", .metadata_length = 4 };
	open_both(SMALL);
	CHECK_EQUAL(axon_claim(server, &header, 100, 0, &payload), AXON_OK);
	CHECK_EQUAL((uintptr_t)payload % 8, 0);
	memset(payload, 0xff, 100);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	CHECK_EQUAL(axon_abort(server), AXON_OK);
	CHECK_EQUAL(axon_abort(server), AXON_INVALID);
	CHECK_EQUAL(axon_commit(server), AXON_INVALID);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	CHECK_EQUAL(axon_claim(server, &header, 3, 0, &payload), AXON_OK);
	memcpy(payload, "abc", 3);
	CHECK_EQUAL(axon_commit(server), AXON_OK);
	message = receive_text(client, "claimed", "abc");
	CHECK_EQUAL(message.metadata_length, 4);
	CHECK(memcmp(message.metadata, "meta", 4) == 0);
	CHECK_EQUAL(axon_claim(server, &header, 100, 0, &payload), AXON_OK);
	axon_close(server); /* aborts it */
	axon_close(client);
	CHECK_EQUAL(objects_left(), 0);
}

static void a_thread_has_one_claim(void)
{
	void *payload;
	const axon_header header = { .tag = "t" };
	open_both(SMALL);
	CHECK_EQUAL(axon_claim(server, &header, 8, 0, &payload), AXON_OK);
	CHECK_EQUAL(axon_claim(server, &header, 8, LONG, &payload), AXON_INVALID);
	CHECK_ERROR("claim");
	CHECK_EQUAL(axon_send(server, "t", "", 0, LONG), AXON_INVALID);
	CHECK_EQUAL(axon_send(client, "t", "", 0, LONG), AXON_OK);
	CHECK_EQUAL(axon_commit(server), AXON_OK);
	axon_message message;
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(axon_receive(server, &message, 0), AXON_OK);
	close_both();
}

TESTS(messages, { "messages-travel-both-ways", messages_travel_both_ways },
		{ "bad-tags-and-sizes-are-refused", bad_tags_and_sizes_are_refused },
		{ "random-sizes-wrap-between-processes", random_sizes_wrap_between_processes },
		{ "a-record-that-does-not-fit-is-padded", a_record_that_does_not_fit_before_the_end_is_padded },
		{ "a-full-ring-holds-senders-up", a_full_ring_holds_senders_up },
		{ "a-waiting-sender-goes-on", a_waiting_sender_goes_on_when_there_is_room },
		{ "an-empty-ring-times-out", an_empty_ring_times_out },
		{ "an-aborted-claim-leaves-nothing", an_aborted_claim_leaves_nothing },
		{ "a-thread-has-one-claim", a_thread_has_one_claim });
