/* Whatever lies in shared memory is checked: forged bytes give AXON_CORRUPT, never a fault. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define CAPACITY 4096
#define CONTROL 4096
#define RING 8192
#define FREE 0
#define HANDLED 256

static axon_channel *server, *client;
static uint8_t *segment;
static size_t segment_size;

static void open_both(void)
{
	server = open_as(AXON_SERVER, CAPACITY);
	client = open_as(AXON_CLIENT, CAPACITY);
	segment = map_segment(&segment_size);
}

static void close_both(void)
{
	axon_close(server);
	axon_close(client);
	munmap(segment, segment_size);
	axon_discard(channel_name());
}

static void put(size_t offset, uint64_t value)
{
	memcpy(segment + offset, &value, sizeof value);
}

static uint64_t word(uint64_t length, uint64_t tag_length, uint64_t flags, uint64_t metadata)
{
	return length | tag_length << 32 | flags << 40 | metadata << 48;
}

static void a_forged_header_word_closes_the_channel(void)
{
	const uint64_t forged[] = {
		word(7, 1, 0, 0), /* shorter than the header */
		word(15, 1, 0, 0), /* payload starts behind the end */
		word(64, 0, 0, 0), /* no tag */
		word(64, 1, 0x10, 0), word(64, 1, 0x20, 0), /* unknown flags */
		word(64, 1, 0x02, 0), /* REPLY without CORRELATED */
		word(64, 1, 0x05, 0), /* ERROR without REPLY */
		word(1025, 1, 0, 0), /* above a quarter of the ring */
		word(0xffffffff, 1, 0, 0), word(0xfffffffe, 255, 0xff, 0xffff), word(0, 1, 0, 0),
		word(64, 1, 0, 65535), /* metadata behind the end */
		word(64, 1, 0x08, 0), word(39, 1, 0x08, 0), word(41, 1, 0x08, 0), /* no reference of 24 bytes */
		word(40, 1, 0x08, 0), /* a reference to nothing: length 0, generation 0 */
		word(64, 0, 0x80, 0), /* padding that does not reach the end */
		word(4096, 1, 0x80, 0), word(4096, 0, 0xc0, 0), word(4096, 0, 0x80, 1),
	};
	axon_message message;
	for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
		open_both();
		put(RING, forged[i]);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_CORRUPT);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_CORRUPT);
		CHECK_EQUAL(axon_send(client, "t", "", 0, 0), AXON_CORRUPT);
		CHECK_ERROR("corrupt");
		CHECK_EQUAL(axon_send(server, "t", "", 0, 0), AXON_OK); /* the other end has seen nothing */
		close_both();
	}
}

static void a_record_beyond_the_end_closes_the_channel(void)
{
	const uint8_t bytes[1008] = { 0 };
	axon_message message;
	open_both();
	for (int i = 0; i < 4; i++) {
		CHECK_EQUAL(axon_send(server, "t", bytes, i < 3 ? 1008 : 944, 0), AXON_OK);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
		CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	}
	put(RING + CAPACITY - 64, word(65, 1, 0, 0));
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_CORRUPT);
	close_both();
}

static void the_same_words_are_met_by_requests_and_recovery(void)
{
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	open_both();
	put(RING, word(7, 1, 0, 0));
	CHECK_EQUAL(axon_request(client, &header, "", 0, LONG, &reply), AXON_CORRUPT);
	close_both();
	open_both();
	put(RING, word(7, 1, 0, 0));
	axon_close(server);
	const axon_options options = options_for(AXON_SERVER, CAPACITY);
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_CORRUPT);
	close_both();
}

static void a_forged_free_closes_the_channel(void)
{
	const uint64_t forged[] = { 100, 1, UINT64_MAX, UINT64_MAX - 63, UINT64_C(1) << 63, UINT64_C(1) << 40, 1 << 20 };
	const uint8_t bytes[900] = { 0 };
	for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
		open_both();
		int sent = 0, status;
		while ((status = axon_send(server, "t", bytes, sizeof bytes, 0)) == AXON_OK && sent < 100)
			sent++;
		CHECK_EQUAL(status, AXON_FULL);
		put(CONTROL + FREE, forged[i]);
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_CORRUPT);
		CHECK_ERROR("forged");
		close_both();
	}
	/* Backwards. */
	axon_message message;
	open_both();
	for (int i = 0; i < 4; i++) {
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	}
	CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	for (int i = 0; i < 4; i++) {
		if (axon_send(server, "t", bytes, sizeof bytes, 0) != AXON_OK)
			break;
	}
	put(CONTROL + FREE, 0);
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_CORRUPT);
	close_both();
}

static void forged_positions_are_refused_at_the_attach(void)
{
	const uint64_t handled[] = { UINT64_MAX, UINT64_C(1) << 63, CAPACITY + 64, UINT64_C(1) << 40 };
	axon_options options = options_for(AXON_CLIENT, CAPACITY);
	axon_channel *again;
	for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
		open_both();
		send_text(server, "unread", "");
		axon_close(client);
		client = NULL;
		put(CONTROL + HANDLED, handled[i]);
		CHECK_EQUAL(axon_open(&again, channel_name(), &options), AXON_CORRUPT);
		put(CONTROL + HANDLED, 0);
		put(CONTROL + FREE, 64);
		CHECK_EQUAL(axon_open(&again, channel_name(), &options), AXON_CORRUPT);
		close_both();
	}
	options.role = AXON_SERVER;
	open_both();
	axon_close(server);
	server = NULL;
	put(CONTROL + FREE, 65);
	CHECK_EQUAL(axon_open(&again, channel_name(), &options), AXON_CORRUPT);
	close_both();
}

static void a_ring_full_of_records_does_not_spin_for_ever(void)
{
	const axon_header header = { .tag = "ask" };
	axon_message message;
	for (int flags = 0; flags <= 0x40; flags += 0x40) { /* messages, and records that are DONE */
		open_both();
		for (size_t at = 0; at < CAPACITY; at += 64)
			put(RING + at, word(64, 1, (uint64_t)flags, 0));
		CHECK_EQUAL(axon_request(client, &header, "", 0, LONG, &message), AXON_CORRUPT);
		close_both();
	}
	open_both();
	for (size_t at = 0; at < CAPACITY; at += 64)
		put(RING + at, word(64, 1, 0x40, 0));
	CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_CORRUPT);
	axon_close(server);
	const axon_options options = options_for(AXON_SERVER, CAPACITY);
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_CORRUPT);
	close_both();
}

static void a_ring_full_of_replies_does_not_spin_for_ever(void)
{
	const axon_header header = { .tag = "ask" };
	axon_message message;
	open_both();
	for (size_t at = 0; at < CAPACITY; at += 64) {
		put(RING + at, word(64, 1, 0x03, 0));
		put(RING + at + 8, 77);
	}
	CHECK_EQUAL(axon_request(client, &header, "", 0, LONG, &message), AXON_CORRUPT);
	close_both();
}

static void a_forged_slot_closes_the_channel(void)
{
	static uint8_t bytes[100000];
	axon_message message;
	const size_t reference = RING + 16; /* header word, tag of 1 byte, padding */
	const struct {
		size_t offset;
		uint64_t value;
	} forged[] = { { 0, 131073 }, { 0, UINT64_MAX }, { 8, 0 }, { 8, 77 }, { 16, 1 }, { 16, 16 }, { 16, UINT32_MAX },
		{ 16, UINT64_C(1) << 32 } };
	for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
		open_both();
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
		put(reference + forged[i].offset, forged[i].value);
		axon_close(server);
		server = open_as(AXON_SERVER, CAPACITY); /* recovery meets it first */
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_CORRUPT);
		CHECK_ERROR("slot");
		close_both();
	}
}

static void a_slot_larger_than_all_may_be_closes_the_channel(void)
{
	const uint8_t bytes[5000] = { 0 };
	char path[128];
	axon_message message;
	open_both();
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
	axon_options defaults;
	axon_options_init(&defaults);
	const uint64_t size = 4096 + defaults.large_memory + 4096;
	snprintf(path, sizeof path, "/dev/shm/axon.%s~0.00", channel_name());
	const int slot = open(path, O_RDWR);
	CHECK(slot >= 0);
	CHECK_EQUAL(ftruncate(slot, (off_t)size), 0);
	CHECK_EQUAL(pwrite(slot, &size, sizeof size, 8), sizeof size);
	close(slot);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_CORRUPT);
	close_both();
}

static void random_bytes_never_fault(void)
{
	axon_message message;
	for (uint32_t round = 0; round < repetitions(300); round++) {
		open_both();
		for (int i = 0; i < 3; i++)
			send_text(server, "tag", "payload");
		for (uint32_t i = 0; i < 8; i++) {
			const uint32_t random = random_of(round * 8 + i);
			segment[CONTROL + random % (4096 + CAPACITY)] ^= (uint8_t)(1 << (random >> 24) % 8);
			if (random >> 28 == 0)
				put(RING + random / 64 % 64 * 64, (uint64_t)random_of(random) << 32 | random % 1100);
		}
		uint64_t sum = 0;
		for (int i = 0; i < 20; i++) {
			if (axon_receive(client, &message, 0) == AXON_OK) {
				for (size_t at = 0; at < message.payload_length; at++)
					sum += ((const uint8_t *)message.payload)[at];
			}
			axon_send(server, "tag", &sum, sizeof sum, 0);
		}
		close_both();
	}
}

TESTS(corruption, { "a-forged-header-word", a_forged_header_word_closes_the_channel },
		{ "a-record-beyond-the-end", a_record_beyond_the_end_closes_the_channel },
		{ "forged-for-requests-and-recovery", the_same_words_are_met_by_requests_and_recovery },
		{ "a-forged-free", a_forged_free_closes_the_channel },
		{ "forged-positions-at-the-attach", forged_positions_are_refused_at_the_attach },
		{ "a-ring-full-of-records", a_ring_full_of_records_does_not_spin_for_ever },
		{ "a-ring-full-of-replies", a_ring_full_of_replies_does_not_spin_for_ever },
		{ "a-forged-slot", a_forged_slot_closes_the_channel },
		{ "a-slot-larger-than-all-may-be", a_slot_larger_than_all_may_be_closes_the_channel },
		{ "random-bytes-never-fault", random_bytes_never_fault });
