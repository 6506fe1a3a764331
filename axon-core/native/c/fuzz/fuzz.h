/*
 * fuzz.h: what the fuzz targets share. A target reads its input as a sequence
 * of small numbers; at the input's end all numbers are 0.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "axon.h"
#include "layout.h"

#define CAPACITY UINT64_C(4096)
#define MAX_MESSAGE 200000
#define LARGE_MEMORY UINT64_C(262144)
#define SHORT INT64_C(100000) /* ns of a wait */
#define SEMAPHORES 4

struct input {
	const uint8_t *next, *end;
};

uint64_t take(struct input *input, size_t bytes);

/* Ends the process if what must always hold does not. */
#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			broken(__FILE__, __LINE__, #condition); \
	} while (0)
_Noreturn void broken(const char *file, int line, const char *what);

/* The channel of this process. */
const char *channel_name(void);

/* Names of its objects for shm_open(): 0 the segment, then the semaphores, then the slots; NULL behind the last. */
const char *object_name(unsigned index);

/* Opens an endpoint with short time-outs; NULL when it is refused. */
axon_channel *open_endpoint(axon_role role);

/* One of axon_status, or 0. */
int checked(int status);

/* All that a message points to must lie in shared memory that is mapped; reads it. */
void check_message(const axon_message *message);

/* Maps an object of the channel, whole; NULL when there is none. */
uint8_t *map_object(unsigned index, size_t *size);

/* Removes what is left of the channel. Nothing must be mapped any more. */
void clean_up(void);

/*
 * The operations of peers.c. The first byte: which in the low 4 bits, a
 * time-out of SHORT if bits 4 to 6 are set (waiting is slow), the client or the server in bit 7.
 * What follows is as many bytes as the operation takes.
 */
enum operation { SEND, SEND_LARGE, RECEIVE, RELEASE, REPLY_HELD, REQUEST, CLAIM, REOPEN, PUT_HEADER, PUT_CONTROL, PUT_RECORD,
	PUT_BYTES, PUT_SLOT, SEMAPHORE, UNLINK, DISCARD };
#define WAITS 0x70
#define CLIENT 0x80

/* The regions of attach.c's input: which object the bytes are written to. */
enum region { IN_SEGMENT, IN_SLOT_OF_SERVER, IN_SLOT_OF_CLIENT, REGIONS };

#endif
