#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapping.h"

uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;
	for (size_t i = 0; i < bytes && input->next < input->end; i++)
		value |= (uint64_t)*input->next++ << 8 * i;
	return value;
}

void broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s; last error: %s\n", file, line, what, axon_last_error());
	abort();
}

const char *channel_name(void)
{
	static char name[AXON_NAME_MAX + 1];
	if (name[0] == 0)
		snprintf(name, sizeof name, "c-fuzz-%d", (int)getpid());
	return name;
}

const char *object_name(unsigned index)
{
	static char name[120];
	static const char *const semaphores[SEMAPHORES] = { "0.data", "0.space", "1.data", "1.space" };
	if (index == 0)
		snprintf(name, sizeof name, "/axon.%s", channel_name());
	else if (index <= SEMAPHORES)
		snprintf(name, sizeof name, "/sem.axon.%s~%s", channel_name(), semaphores[index - 1]);
	else if (index <= SEMAPHORES + 2 * SLOTS)
		snprintf(name, sizeof name, "/axon.%s~%u.%02u", channel_name(), (index - 1 - SEMAPHORES) / SLOTS,
				(index - 1 - SEMAPHORES) % SLOTS);
	else
		return NULL;
	return name;
}

axon_channel *open_endpoint(axon_role role)
{
	axon_options options;
	axon_channel *channel;
	axon_options_init(&options);
	options.role = role;
	options.capacity = CAPACITY;
	options.max_message = MAX_MESSAGE;
	options.large_memory = LARGE_MEMORY;
	options.spin = 0;
	options.open_timeout = 0;
	options.send_timeout = options.request_timeout = options.bounded_wait = SHORT;
	const int status = checked(axon_open(&channel, channel_name(), &options));
	REQUIRE((status == AXON_OK) == (channel != NULL));
	return channel;
}

int checked(int status)
{
	REQUIRE(status <= 1 && status >= AXON_SYSTEM);
	REQUIRE(axon_strerror(status)[0] != 0 && axon_last_error()[0] != 0);
	return status;
}

static void read_all(const void *bytes, size_t length)
{
	REQUIRE(mapping_holds(bytes, length));
	for (size_t i = 0; i < length; i++)
		(void)((const volatile uint8_t *)bytes)[i];
}

void check_message(const axon_message *message)
{
	REQUIRE(message->tag_length >= 1 && message->tag_length <= AXON_TAG_MAX);
	REQUIRE(message->metadata_length <= AXON_METADATA_MAX);
	REQUIRE(message->payload_length <= AXON_PAYLOAD_MAX && (uintptr_t)message->payload % 8 == 0);
	REQUIRE(message->deliveries >= 1 && message->deliveries <= 63);
	REQUIRE((!message->error || message->reply) && (message->metadata == NULL) == (message->metadata_length == 0));
	read_all(message->tag, message->tag_length);
	if (message->metadata != NULL)
		read_all(message->metadata, message->metadata_length);
	read_all(message->payload, message->payload_length);
}

uint8_t *map_object(unsigned index, size_t *size)
{
	struct stat found;
	const int descriptor = shm_open(object_name(index), O_RDWR, 0);
	if (descriptor < 0)
		return NULL;
	void *base = MAP_FAILED;
	if (fstat(descriptor, &found) == 0 && found.st_size > 0)
		base = mmap(NULL, (size_t)found.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	close(descriptor);
	*size = (size_t)found.st_size;
	return base == MAP_FAILED ? NULL : base;
}

void clean_up(void)
{
	REQUIRE(mapping_total() == 0);
	for (unsigned i = 0; object_name(i) != NULL; i++)
		shm_unlink(object_name(i));
}
