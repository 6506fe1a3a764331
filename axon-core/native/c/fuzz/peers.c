/*
 * Both endpoints of a channel, which do what the input says, and a hostile
 * process, which writes what the input says where it says: the endpoints must
 * return an axon_status, point into what is mapped, and come to an end.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "mapping.h"

#define LARGEST_SEND 300000 /* more than MAX_MESSAGE */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct endpoint_state {
	axon_channel *channel;
	axon_message held, reply;
	bool holds, holds_reply;
} endpoints[2];
static uint8_t *segment;
static size_t segment_size;
static bool hostile; /* something was written that no endpoint wrote, */
static bool reconfigured; /* even the header, which says how much memory there may be */

/* Without a hostile process nothing is corrupt. */
static int result(int status)
{
	REQUIRE(hostile || (status != AXON_CORRUPT && status != AXON_SYSTEM && status != AXON_ACCESS));
	return checked(status);
}

static void open_again(axon_role role)
{
	struct endpoint_state *endpoint = &endpoints[role];
	axon_close(endpoint->channel);
	*endpoint = (struct endpoint_state){ .channel = open_endpoint(role) };
	REQUIRE(hostile || endpoint->channel != NULL);
}

/* The hostile process keeps the first segment; after its removal it looks at the next. */
static void look_at_segment(void)
{
	if (segment != NULL)
		munmap(segment, segment_size);
	segment = map_object(0, &segment_size);
}

static void put(size_t offset, const void *bytes, size_t length)
{
	hostile = true;
	if (segment != NULL && offset + length <= segment_size)
		memcpy(segment + offset, bytes, length);
}

static uint64_t get(size_t offset)
{
	uint64_t value = 0;
	if (segment != NULL && offset + 8 <= segment_size)
		memcpy(&value, segment + offset, 8);
	return value;
}

/* A value near the old one, a position, or anything. */
static uint64_t changed(struct input *input, uint64_t old)
{
	const uint8_t how = (uint8_t)take(input, 1);
	switch (how & 3) {
	case 0: return old + (uint64_t)(int64_t)(int8_t)take(input, 1) * (how & 4 ? 1 : RECORD_ALIGN);
	case 1: return take(input, 1) * (how & 4 ? 1 : RECORD_ALIGN);
	case 2: return old ^ UINT64_C(1) << (how >> 2);
	default: return take(input, 8);
	}
}

static axon_header header_of(struct input *input)
{
	static const char tag[AXON_TAG_MAX] = "tag", metadata[1000] = "metadata";
	const uint8_t kind = (uint8_t)take(input, 1);
	return (axon_header){ .tag = tag, .tag_length = kind & 1 ? 1 + take(input, 1) % 255 : 3, .metadata = metadata,
		.metadata_length = kind & 2 ? take(input, 2) % sizeof metadata : 0,
		.correlation_id = kind & 4 ? take(input, 1) : 0 };
}

static void send(struct input *input, axon_channel *channel, size_t length, int64_t timeout)
{
	static uint8_t bytes[LARGEST_SEND];
	const axon_header header = header_of(input);
	result(axon_send_with(channel, &header, bytes, length, timeout));
}

static void claim(struct input *input, axon_channel *channel, int64_t timeout)
{
	const axon_header header = header_of(input);
	const size_t length = take(input, 2) * (take(input, 1) & 1 ? 4 : 1);
	void *room;
	if (result(axon_claim(channel, &header, length, timeout, &room)) != AXON_OK)
		return;
	REQUIRE(mapping_holds(room, length));
	memset(room, 0x40, length);
	if (length % 2 == 0)
		result(axon_commit(channel));
	else
		result(axon_abort(channel));
}

static void receive(struct endpoint_state *endpoint, int64_t timeout)
{
	endpoint->holds = result(axon_receive(endpoint->channel, &endpoint->held, timeout)) == AXON_OK;
	if (endpoint->holds)
		check_message(&endpoint->held);
}

static void release(struct endpoint_state *endpoint)
{
	if (endpoint->holds)
		result(axon_release(endpoint->channel, &endpoint->held));
	else if (endpoint->holds_reply)
		result(axon_release(endpoint->channel, &endpoint->reply));
	if (!endpoint->holds)
		endpoint->holds_reply = false;
	endpoint->holds = false;
}

static void request(struct input *input, struct endpoint_state *endpoint, int64_t timeout)
{
	axon_header header = header_of(input);
	axon_message reply;
	const size_t length = take(input, 1);
	if (result(axon_request(endpoint->channel, &header, header.metadata, length, timeout, &reply)) != AXON_OK)
		return;
	REQUIRE(reply.reply);
	check_message(&reply);
	endpoint->reply = reply;
	endpoint->holds_reply = true;
}

/* A record near the oldest one that is not done with. */
static size_t record_at(struct input *input, unsigned ring)
{
	const uint64_t base = RING_OFFSET((uint64_t)ring, CAPACITY);
	const uint64_t position = (get(base + offsetof(struct ring_control, handled)) & ~HANDLED_COUNT)
			+ (uint64_t)(int64_t)(int8_t)take(input, 1) * RECORD_ALIGN;
	return base + PAGE + (position & (CAPACITY - 1));
}

static void put_record(struct input *input, unsigned ring)
{
	const size_t at = record_at(input, ring);
	const uint8_t kind = (uint8_t)take(input, 1);
	const uint64_t tag_length = take(input, 1), flags = take(input, 1);
	const uint64_t metadata = kind & 1 ? take(input, 2) : 0, length = take(input, kind & 2 ? 4 : 2);
	const uint64_t word = record_word(length, tag_length, flags, metadata), nothing = 0;
	if (kind & 4) /* a reply to the request that the reader sends next, or sent lately */
		put(at + 8, &(uint64_t){ get(128 + 128 * (1 - ring)) << 40 | take(input, 1) }, 8);
	if (kind & 8) {
		const size_t payload = round_up(8 + (flags & CORRELATED ? 8 : 0) + tag_length + metadata, 8);
		const struct slot_reference reference = { .length = take(input, 4),
			.generation = get(128 + 128 * ring) << 32 | take(input, 1), .slot = (uint32_t)take(input, 1) };
		put(at + payload, &reference, sizeof reference);
	}
	if (kind & 16)
		put(at + round_up(length, RECORD_ALIGN), &nothing, 8);
	put(at, &word, 8);
}

static void put_bytes(struct input *input, unsigned ring)
{
	const size_t at = record_at(input, ring);
	size_t length = take(input, 2);
	if (length > (size_t)(input->end - input->next))
		length = (size_t)(input->end - input->next);
	put(at, input->next, length);
	input->next += length;
}

static void put_word(struct input *input, size_t offset)
{
	const uint64_t value = changed(input, get(offset));
	put(offset, &value, 8);
}

/* A word of a slot's header, or of a semaphore. */
static void put_object(struct input *input, unsigned index)
{
	size_t size;
	const size_t offset = take(input, 1) % 6 * 8;
	uint8_t *object = map_object(index, &size);
	if (object == NULL)
		return;
	if (offset + 8 <= size) {
		uint64_t value;
		hostile = true;
		memcpy(&value, object + offset, 8);
		value = changed(input, value);
		memcpy(object + offset, &value, 8);
	}
	munmap(object, size);
}

static void post(struct input *input, unsigned index)
{
	sem_t *semaphore = sem_open(object_name(1 + index) + 4, 0); /* without its "/sem" */
	if (semaphore == SEM_FAILED)
		return;
	for (uint64_t i = take(input, 1); i > 0; i--)
		sem_post(semaphore);
	sem_close(semaphore);
}

static void run(struct input *input)
{
	const uint8_t first = (uint8_t)take(input, 1);
	const unsigned side = first & CLIENT ? 1 : 0;
	const bool waits = (first & WAITS) == WAITS;
	const int64_t timeout = waits ? SHORT : 0;
	struct endpoint_state *endpoint = &endpoints[side];
	const enum operation operation = first & 15;
	if (endpoint->channel == NULL && operation < REOPEN)
		return;
	switch (operation) {
	case SEND: send(input, endpoint->channel, take(input, 2) % 1100, timeout); break;
	case SEND_LARGE: send(input, endpoint->channel, take(input, 3) % LARGEST_SEND, timeout); break;
	case RECEIVE: receive(endpoint, timeout); break;
	case RELEASE: release(endpoint); break;
	case REPLY_HELD:
		if (endpoint->holds && endpoint->held.correlation_id != 0 && !endpoint->held.reply)
			result(axon_reply(endpoint->channel, &endpoint->held, endpoint->held.payload, endpoint->held.payload_length,
					timeout));
		break;
	case REQUEST: request(input, endpoint, timeout); break;
	case CLAIM: claim(input, endpoint->channel, timeout); break;
	case REOPEN:
		open_again(side);
		look_at_segment();
		break;
	case PUT_HEADER:
		put_word(input, take(input, 1) % 48 * 8);
		reconfigured = true;
		break;
	case PUT_CONTROL: put_word(input, RING_OFFSET((uint64_t)side, CAPACITY) + take(input, 1) % 4 * 128); break;
	case PUT_RECORD: put_record(input, side); break;
	case PUT_BYTES: put_bytes(input, side); break;
	case PUT_SLOT: put_object(input, 1 + SEMAPHORES + side * SLOTS + take(input, 1) % SLOTS); break;
	case SEMAPHORE:
		if (waits)
			post(input, take(input, 1) % SEMAPHORES);
		else
			put_object(input, 1 + take(input, 1) % SEMAPHORES);
		break;
	case UNLINK: {
		const char *name = object_name((unsigned)take(input, 1) % (1 + SEMAPHORES + 2 * SLOTS));
		hostile |= shm_unlink(name) == 0;
		break;
	}
	case DISCARD: result(axon_discard(channel_name())); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, data + size };
	hostile = reconfigured = false;
	open_again(AXON_SERVER);
	open_again(AXON_CLIENT);
	look_at_segment();
	while (input.next < input.end) {
		run(&input);
		/* Each direction's slots, and as many that their reader has not let go of yet. */
		REQUIRE(reconfigured || mapping_total() <= segment_size + 4 * (LARGE_MEMORY + SLOTS * PAGE));
	}
	for (int role = 0; role < 2; role++) {
		axon_close(endpoints[role].channel);
		endpoints[role] = (struct endpoint_state){ 0 };
	}
	result(axon_discard(channel_name()));
	if (segment != NULL)
		munmap(segment, segment_size);
	segment = NULL;
	clean_up();
	return 0;
}
