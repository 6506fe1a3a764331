/*
 * Writes the seed corpus: seeds FOLDER GOLDEN makes FOLDER/peers/... and
 * FOLDER/attach/... of the golden vectors, and of some ordinary traffic.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define BOTH(operation) (operation), (operation) | CLIENT

static const char *folder, *golden;
static int written;

static void write_seed(const char *target, const void *bytes, size_t length)
{
	char path[600];
	snprintf(path, sizeof path, "%s/%s/%d", folder, target, written++);
	FILE *file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static FILE *open_golden(const char *name)
{
	char path[600];
	snprintf(path, sizeof path, "%s/%s", golden, name);
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		perror(path);
		exit(1);
	}
	return file;
}

static size_t from_hex(const char *text, uint8_t *bytes, size_t room)
{
	size_t length = 0;
	unsigned byte;
	while (length < room && sscanf(text + 2 * length, "%2x", &byte) == 1)
		bytes[length++] = (uint8_t)byte;
	return length;
}

/* Each record is written by the hostile process, and received. */
static void write_records(void)
{
	static char line[8192];
	uint8_t seed[2048];
	FILE *file = open_golden("records.txt");
	while (fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, "bytes ", 6) != 0)
			continue;
		size_t length = from_hex(line + 6, seed + 4, sizeof seed - 100);
		seed[0] = PUT_BYTES;
		seed[1] = 0;
		seed[2] = (uint8_t)length;
		seed[3] = (uint8_t)(length >> 8);
		const uint8_t then[] = { RECEIVE | CLIENT, REPLY_HELD | CLIENT, RELEASE | CLIENT, RECEIVE, RELEASE, BOTH(REOPEN) };
		memcpy(seed + 4 + length, then, sizeof then);
		write_seed("peers", seed, 4 + length + sizeof then);
	}
	fclose(file);
}

static void write_segment(void)
{
	char line[256], hex[64];
	unsigned offset;
	uint8_t seed[4096] = { 0, 0, 0x44 };
	size_t length = 3;
	FILE *file = open_golden("segment.txt");
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "%u: %63s", &offset, hex) != 2)
			continue;
		const uint8_t piece[] = { IN_SEGMENT, (uint8_t)(offset / 8), (uint8_t)(offset / 8 >> 8), 16 };
		memcpy(seed + length, piece, sizeof piece);
		length += sizeof piece + from_hex(hex, seed + length + sizeof piece, 16);
	}
	fclose(file);
	/* A slot of the server, and a record that refers to it, behind the two others. */
	const struct slot_header header = { .ready = SLOT_READY, .size = PAGE + (64 << 10), .channel_id = UINT64_C(0x1122334455667788),
		.generation = UINT64_C(1) << 32 | 1 };
	const uint64_t record[] = { record_word(40, 1, LARGE, 0), 't', 60000, header.generation, 0 };
	const uint8_t slot[] = { IN_SLOT_OF_SERVER, 0, 0, sizeof header }, large[] = { IN_SEGMENT, 8320 / 8 & 0xff, 8320 / 8 >> 8, 40 };
	for (int kind = 0; kind < 4; kind++) {
		seed[0] = (uint8_t)kind;
		write_seed("attach", seed, length);
	}
	memcpy(seed + length, slot, sizeof slot);
	memcpy(seed + length + sizeof slot, &header, sizeof header);
	length += sizeof slot + sizeof header;
	memcpy(seed + length, large, sizeof large);
	memcpy(seed + length + sizeof large, record, sizeof record);
	length += sizeof large + sizeof record;
	for (int kind = 0; kind < 4; kind++) {
		seed[0] = (uint8_t)kind;
		write_seed("attach", seed, length);
	}
}

static void write_traffic(void)
{
	const uint8_t messages[] = { SEND, 5, 0, 0, SEND | CLIENT, 44, 1, 7, 2, 9, 0, 1, RECEIVE | CLIENT, RECEIVE, BOTH(RELEASE) };
	const uint8_t full[] = { SEND, 0xe8, 3, 0, SEND, 0xe8, 3, 0, SEND, 0xe8, 3, 0, SEND | WAITS, 0xe8, 3, 0, RECEIVE | CLIENT,
		RECEIVE | CLIENT, SEND, 0xe8, 3, 0, RECEIVE | CLIENT | WAITS, RECEIVE | CLIENT, RECEIVE | CLIENT | WAITS };
	const uint8_t large[] = { SEND_LARGE, 0, 0, 2, 0, SEND_LARGE, 0, 0, 1, 0, SEND_LARGE | WAITS, 0, 0, 2, 0, RECEIVE | CLIENT,
		PUT_SLOT, 0, 3, 0, 1, REOPEN, RECEIVE | CLIENT, RELEASE | CLIENT, SEND_LARGE, 0, 0, 3, 0, REOPEN | CLIENT };
	const uint8_t requests[] = { REQUEST | WAITS | CLIENT, 0, 8, RECEIVE, REPLY_HELD, RELEASE, RECEIVE | CLIENT, PUT_RECORD, 0, 20, 3,
		3, 32, 0, 2, REQUEST | CLIENT, 0, 8, RELEASE | CLIENT };
	const uint8_t claims[] = { CLAIM, 0, 100, 0, 0, CLAIM | CLIENT, 3, 7, 5, 0, 255, 255, 1, RECEIVE | CLIENT, RECEIVE };
	const uint8_t positions[] = { SEND, 5, 0, 0, PUT_CONTROL, 0, 0, 1, PUT_CONTROL | CLIENT, 2, 1, 5, SEND | WAITS, 100, 0, 0,
		RECEIVE | CLIENT, BOTH(REOPEN) };
	const uint8_t header[] = { SEND, 5, 0, 0, PUT_HEADER, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, REOPEN, RECEIVE | CLIENT, REOPEN | CLIENT, DISCARD };
	const uint8_t permits[] = { SEMAPHORE | WAITS, 0, 20, RECEIVE | WAITS | CLIENT, SEMAPHORE, 0, 0, 7, 255, 255, 255, 127, 0, 0, 0, 0,
		RECEIVE | WAITS | CLIENT, SEMAPHORE, 2, 1, 7, 128, 0, 0, 0, 0, 0, 0, 0, RECEIVE | WAITS };
	const uint8_t names[] = { SEND_LARGE, 0, 0, 1, 0, UNLINK, 5, RECEIVE | CLIENT, UNLINK, 0, RECEIVE | WAITS, DISCARD, BOTH(REOPEN) };
	const uint8_t slots[] = { SEND_LARGE, 0, 0, 1, 0, PUT_RECORD, 0, 8, 3, LARGE, 40, 0, 0, 240, 0, 0, 1, 0, RECEIVE | CLIENT, PUT_SLOT, 0, 3, 0, 1,
		REOPEN, RELEASE | CLIENT };
	write_seed("peers", messages, sizeof messages);
	write_seed("peers", full, sizeof full);
	write_seed("peers", large, sizeof large);
	write_seed("peers", requests, sizeof requests);
	write_seed("peers", claims, sizeof claims);
	write_seed("peers", positions, sizeof positions);
	write_seed("peers", header, sizeof header);
	write_seed("peers", permits, sizeof permits);
	write_seed("peers", names, sizeof names);
	write_seed("peers", slots, sizeof slots);
}

int main(int argc, char **argv)
{
	char path[600];
	if (argc != 3)
		return 2;
	folder = argv[1];
	golden = argv[2];
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%s", folder, (const char *[]){ "", "/peers", "/attach" }[i]);
		mkdir(path, 0777);
	}
	write_records();
	write_segment();
	write_traffic();
	return 0;
}
