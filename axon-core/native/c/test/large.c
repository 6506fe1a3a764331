/* Large messages: sizes, reuse of slots, the bound, recovery. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define MEGABYTE (UINT64_C(1) << 20)
#define NAMES 5 /* segment and semaphores */

static const size_t sizes[] = { 0, 1, 1023, 262144, 262145, 1000000, 16777216, 67108864, 4096, 67108863, 300000 };
#define SIZES (sizeof sizes / sizeof sizes[0])

static size_t size_of(uint32_t number)
{
	return sizes[number] > MEGABYTE ? sizes[number] / slowness() : sizes[number];
}

static void check_sizes(void)
{
	axon_message message;
	axon_channel *client = open_as(AXON_CLIENT, MEGABYTE);
	for (uint32_t i = 0; i < SIZES; i++) {
		CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK);
		CHECK_EQUAL(message.payload_length, size_of(i));
		CHECK(is_filled(message.payload, message.payload_length, i));
		CHECK_EQUAL(axon_send(client, "back", message.payload, message.payload_length, LONG), AXON_OK);
	}
	axon_close(client);
}

static void payloads_of_0_bytes_to_64_mib_travel(void)
{
	const axon_header header = { .tag = "big" };
	axon_message message;
	const pid_t child = start(check_sizes);
	axon_channel *server = open_as(AXON_SERVER, MEGABYTE);
	for (uint32_t i = 0; i < SIZES; i++) {
		void *payload;
		CHECK_EQUAL(axon_claim(server, &header, size_of(i), LONG, &payload), AXON_OK);
		fill(payload, size_of(i), i);
		CHECK_EQUAL(axon_commit(server), AXON_OK);
	}
	for (uint32_t i = 0; i < SIZES; i++) {
		CHECK_EQUAL(axon_receive(server, &message, LONG), AXON_OK);
		CHECK_EQUAL(message.payload_length, size_of(i));
		CHECK(is_filled(message.payload, message.payload_length, i));
	}
	join(child);
	axon_close(server);
}

static void open_small(axon_channel **server, axon_channel **client, uint64_t large_memory)
{
	axon_options options = options_for(AXON_SERVER, 4096);
	options.large_memory = large_memory;
	CHECK_EQUAL(axon_open(server, channel_name(), &options), AXON_OK);
	*client = open_as(AXON_CLIENT, 4096);
}

static void close_small(axon_channel *server, axon_channel *client)
{
	axon_close(server);
	axon_close(client);
	CHECK_EQUAL(objects_left(), 0);
}

static void a_slot_is_reused(void)
{
	axon_channel *server, *client;
	axon_message message;
	static uint8_t bytes[100000];
	open_small(&server, &client, MEGABYTE);
	for (uint32_t i = 0; i < 50; i++) {
		fill(bytes, sizeof bytes - i, i);
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes - i, 0), AXON_OK);
		CHECK_EQUAL(objects_left(), NAMES + 1);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
		CHECK(is_filled(message.payload, sizeof bytes - i, i));
		CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	}
	close_small(server, client);
}

static void large_memory_is_bounded(void)
{
	axon_channel *server, *client;
	axon_message message;
	static uint8_t bytes[2 * 65536];
	open_small(&server, &client, 4 * 65536);
	for (int i = 0; i < 4; i++)
		CHECK_EQUAL(axon_send(server, "t", bytes, 65536, 0), AXON_OK);
	CHECK_EQUAL(axon_send(server, "t", bytes, 65536, 0), AXON_FULL);
	CHECK_EQUAL(objects_left(), NAMES + 4);
	CHECK_EQUAL(axon_send(server, "small", bytes, 8, 0), AXON_OK); /* the ring itself has room */
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(axon_send(server, "t", bytes, 65536, 0), AXON_FULL);
	CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	CHECK_EQUAL(axon_send(server, "t", bytes, 2 * 65536, 0), AXON_FULL); /* removes the small slot to make room */
	for (int i = 0; i < 4; i++)
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(axon_send(server, "t", bytes, 2 * 65536, 0), AXON_OK);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(message.payload_length, 2 * 65536);
	CHECK_EQUAL(axon_send(server, "t", bytes, 4 * 65536 + 1, 0), AXON_TOO_LARGE);
	close_small(server, client);
}

static void receive_when_the_sender_waits(void)
{
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	receive_while_the_sender_waits(client, 10, 11);
	axon_close(client);
}

static void a_sender_waits_for_a_slot(void)
{
	static uint8_t bytes[100000];
	axon_channel *server;
	const pid_t child = start(receive_when_the_sender_waits);
	axon_options options = options_for(AXON_SERVER, 4096);
	options.large_memory = 131072;
	options.spin = 0;
	options.bounded_wait = LONG;
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
	for (uint32_t i = 0; i < 11; i++) {
		fill(bytes, sizeof bytes, i);
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, LONG / 2), AXON_OK);
	}
	join(child);
	axon_close(server);
}

static void send_three_and_die(void)
{
	static uint8_t bytes[70000];
	axon_channel *server;
	axon_options options = options_for(AXON_SERVER, 4096);
	options.large_memory = 4 * 131072;
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
	for (uint32_t i = 0; i < 3; i++) {
		fill(bytes, sizeof bytes, i);
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
	}
	line_tell('s');
	for (;;)
		pause();
}

static void a_restarted_sender_finds_its_slots(void)
{
	static uint8_t bytes[70000];
	axon_message message;
	line_open();
	const pid_t child = start(send_three_and_die);
	line_expect('s');
	kill_and_wait(child);
	axon_channel *server = open_as(AXON_SERVER, 4096);
	fill(bytes, sizeof bytes, 3);
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK); /* the fourth and last slot */
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_FULL);
	CHECK_EQUAL(objects_left(), NAMES + 4);
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
		CHECK(is_filled(message.payload, sizeof bytes, i));
	}
	close_small(server, client);
}

/* Mappings of this process whose names are gone. */
static int removed_mappings(void)
{
	char line[300];
	int count = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	CHECK(maps != NULL);
	while (fgets(line, sizeof line, maps) != NULL)
		count += strstr(line, channel_name()) != NULL && strstr(line, "(deleted)") != NULL;
	fclose(maps);
	return count;
}

static void removed_slots_are_let_go_of(void)
{
	axon_channel *server, *client;
	axon_message message;
	static uint8_t bytes[8 * 65536];
	open_small(&server, &client, sizeof bytes);
	for (int slots = 2; slots <= 4; slots += 2) {
		for (int i = 0; i < slots; i++)
			CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes / 4, 0), AXON_OK);
		for (int i = 0; i < slots; i++)
			CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
		CHECK_EQUAL(axon_release(client, &message), AXON_OK);
		if (slots == 2) { /* those of a sender that closes */
			axon_close(server);
			server = open_as(AXON_SERVER, 4096);
		}
		/* Once more a small one; one for which all four have to go. */
		CHECK_EQUAL(axon_send(server, "t", bytes, slots == 2 ? sizeof bytes / 4 : sizeof bytes, 0), AXON_OK);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
		CHECK_EQUAL(axon_release(client, &message), AXON_OK);
		CHECK_EQUAL(removed_mappings(), 0);
	}
	close_small(server, client);
}

TESTS(large, { "payloads-of-0-bytes-to-64-mib-travel", payloads_of_0_bytes_to_64_mib_travel },
		{ "a-slot-is-reused", a_slot_is_reused }, { "large-memory-is-bounded", large_memory_is_bounded },
		{ "a-sender-waits-for-a-slot", a_sender_waits_for_a_slot },
		{ "removed-slots-are-let-go-of", removed_slots_are_let_go_of },
		{ "a-restarted-sender-finds-its-slots", a_restarted_sender_finds_its_slots });
