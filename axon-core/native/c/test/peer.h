/* peer.h: what the parts of the program `peer` share. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "axon.h"

#define PATIENCE INT64_C(30000000000)

/* Messages, and a checksum of all their bytes: tag, metadata and payload. Begin with TALLY_EMPTY. */
struct tally {
	unsigned long long messages;
	uint32_t crc;
};

#define TALLY_EMPTY ((struct tally){ 0, 0 })

void tally_add(struct tally *tally, const char *tag, size_t tag_length, const void *metadata, size_t metadata_length,
		const void *payload, size_t payload_length);

/* Continues a CRC-32, which begins with 0. */
uint32_t crc32_of(uint32_t crc, const void *bytes, size_t length);

/* Byte i of a test message is (number * 31 + i * 7) modulo 256; size is at most 6000000 bytes. Valid for ever. */
const uint8_t *pattern_of(unsigned long long number, size_t size);

/* Ends the program when status is an error. */
int checked(int status, const char *what);

/* Prints and flushes. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* The behaviours of the all-pairs suite: matrix/README.md. Return the exit status. */
int check(axon_channel *channel);
int survive(axon_channel *channel);
int measure(axon_channel *channel);
int measured(axon_channel *channel);

#endif
