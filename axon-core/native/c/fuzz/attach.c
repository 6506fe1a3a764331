/*
 * Attaching to whatever lies under a channel's names: the input is what the
 * segment and one slot of each ring hold, and how large they are. Opening,
 * using, closing and discarding such a channel must end with an axon_status.
 *
 *   u8  1: the client opens first, 2: there is no server, 4, 8: no slot of the server, client
 *   u8  size of the segment, u8 sizes of the slots (4 bits each): see sizes[]
 *   and pieces of them: u8 region, u16 offset / 8, u8 length, bytes
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const size_t sizes[] = { SEGMENT_SIZE(CAPACITY), SEGMENT_SIZE(2 * CAPACITY), 2 * PAGE, 64 << 10, PAGE + (64 << 10), PAGE,
	PAGE + 1, 0, 7, 8, 63, 64, 300, SEGMENT_SIZE(CAPACITY) - 1, SEGMENT_SIZE(CAPACITY) + 1, PAGE + 2 * LARGE_MEMORY };

static void make(enum region region, size_t size, struct input pieces)
{
	static uint8_t bytes[PAGE + 2 * LARGE_MEMORY];
	const unsigned index = region == IN_SEGMENT ? 0 : 1 + SEMAPHORES + (region == IN_SLOT_OF_CLIENT ? SLOTS : 0);
	memset(bytes, 0, size);
	while (pieces.next < pieces.end) {
		const bool here = take(&pieces, 1) % REGIONS == region;
		const size_t offset = take(&pieces, 2) * 8;
		size_t length = take(&pieces, 1);
		if (length > (size_t)(pieces.end - pieces.next))
			length = (size_t)(pieces.end - pieces.next);
		if (here && offset + length <= size)
			memcpy(bytes + offset, pieces.next, length);
		pieces.next += length;
	}
	const int descriptor = shm_open(object_name(index), O_RDWR | O_CREAT | O_EXCL, 0600);
	REQUIRE(descriptor >= 0);
	REQUIRE(write(descriptor, bytes, size) == (ssize_t)size);
	close(descriptor);
}

/* No message of a corrupt channel is more than the configured maximum, and no endpoint maps more. */
static void use(axon_channel *channel)
{
	const axon_header header = { .tag = "ask" };
	static uint8_t bytes[70000];
	axon_message message;
	for (int i = 0; i < 66 && checked(axon_receive(channel, &message, 0)) == AXON_OK; i++) {
		check_message(&message);
		if (i % 2 == 0)
			REQUIRE(checked(axon_release(channel, &message)) == AXON_OK);
	}
	checked(axon_send(channel, "tag", bytes, 100, 0));
	checked(axon_send(channel, "tag", bytes, sizeof bytes, 0));
	if (checked(axon_request(channel, &header, bytes, 8, 0, &message)) == AXON_OK)
		check_message(&message);
	checked(axon_peer_alive(channel));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, data + size };
	axon_channel *channel[2] = { NULL };
	const uint8_t kind = (uint8_t)take(&input, 1), segment = (uint8_t)take(&input, 1), slots = (uint8_t)take(&input, 1);
	make(IN_SEGMENT, sizes[segment & 15], input);
	if ((kind & 4) == 0)
		make(IN_SLOT_OF_SERVER, sizes[slots & 15], input);
	if ((kind & 8) == 0)
		make(IN_SLOT_OF_CLIENT, sizes[slots >> 4], input);
	for (int i = 0; i < 2; i++) {
		const axon_role role = (axon_role)((kind & 1) ^ i);
		if (role == AXON_CLIENT || (kind & 2) == 0)
			channel[role] = open_endpoint(role);
	}
	for (int i = 0; i < 4; i++) {
		if (channel[i % 2] != NULL)
			use(channel[i % 2]);
	}
	const int discarded = checked(axon_discard(channel_name()));
	REQUIRE(discarded == (channel[0] != NULL || channel[1] != NULL ? AXON_ROLE_TAKEN : 1) || discarded == 0);
	for (int i = 0; i < 2; i++)
		axon_close(channel[i]);
	REQUIRE(checked(axon_discard(channel_name())) >= 0);
	for (unsigned i = 0; object_name(i) != NULL; i++)
		REQUIRE(shm_unlink(object_name(i)) != 0);
	clean_up();
	return 0;
}
