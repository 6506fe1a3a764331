/*
 * worker.c: one side of a link in C. Arguments, journal and messages: see README.md.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "axon.h"

enum { OPENED = 1, CLOSING, INTENT, DONE, DELIVERED, CORRUPT, HANDLED, ACTIVE, GONE };

#define STAMP 16
#define PERIOD 65521
#define LARGEST (3 << 20)
#define WAIT_NANOS INT64_C(100000000)

struct record {
	uint64_t number;
	uint32_t kind, value;
};

static int journal;
static atomic_bool stopping;
static axon_channel *channel;
static uint64_t last_active;
static bool peer_was_alive = true;
static uint64_t random_state;
static unsigned char block[LARGEST + PERIOD];
static uint32_t crc_table[256];

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "worker: %s: %s\n", what, axon_last_error());
	exit(1);
}

static int checked(int status, const char *what)
{
	if (status < 0)
		fail(what);
	return status;
}

static uint64_t millis(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t below(uint64_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % bound;
}

static void nap(uint64_t up_to_millis)
{
	const uint64_t micros = below(up_to_millis * 1000 + 1);
	const struct timespec time = { (time_t)(micros / 1000000), (long)(micros % 1000000 * 1000) };
	nanosleep(&time, NULL);
}

static void init_crc(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ UINT32_C(0xEDB88320) : crc >> 1;
		crc_table[i] = crc;
	}
}

static uint32_t crc_more(uint32_t crc, const void *bytes, size_t length)
{
	const unsigned char *p = bytes;
	crc = ~crc;
	for (size_t i = 0; i < length; i++)
		crc = crc >> 8 ^ crc_table[(crc ^ p[i]) & 0xFF];
	return ~crc;
}

/* One write(2) of an aligned record: it is there whole or not at all, and outlives this process. */
static void note(uint32_t kind, uint64_t number, uint32_t value)
{
	const struct record record = { number, kind, value };
	if (write(journal, &record, sizeof record) != sizeof record) {
		perror("worker: journal");
		exit(1);
	}
}

static uint64_t last_intent(void)
{
	struct record record;
	for (off_t at = lseek(journal, 0, SEEK_END) - (off_t)sizeof record; at >= 0; at -= (off_t)sizeof record) {
		if (pread(journal, &record, sizeof record, at) == sizeof record && record.kind == INTENT)
			return record.number;
	}
	return 0;
}

static void active(void)
{
	last_active = millis();
}

static void look_for_peer(void)
{
	const uint64_t before = millis();
	const bool alive = checked(axon_peer_alive(channel), "peer_alive");
	if (peer_was_alive && !alive) {
		note(ACTIVE, last_active, 0);
		note(GONE, before, (uint32_t)(millis() - before));
	}
	peer_was_alive = alive;
}

/* The end of standard input asks for a clean end, and comes by itself when the one who started this is gone. */
static void *await_end_of_input(void *unused)
{
	char buffer[64];
	while (read(STDIN_FILENO, buffer, sizeof buffer) > 0)
		continue;
	atomic_store(&stopping, true);
	return unused;
}

static size_t pick_size(uint64_t capacity)
{
	const uint64_t kind = below(1000);
	if (kind < 600)
		return below(257);
	if (kind < 850)
		return below(4097);
	return kind < 995 ? below(capacity / 4 + 1) : below(LARGEST + 1);
}

static const unsigned char *body(uint64_t number)
{
	return block + number * 7919 % PERIOD;
}

static void stamp(unsigned char *out, uint64_t number, size_t size)
{
	const uint32_t length = (uint32_t)size;
	const uint32_t crc = crc_more(crc_more(0, &number, sizeof number), body(number), size);
	memcpy(out, &number, 8);
	memcpy(out + 8, &length, 4);
	memcpy(out + 12, &crc, 4);
}

static int send_in_place(uint64_t number, size_t size)
{
	const axon_header header = { .tag = "body" };
	unsigned char *payload;
	if (below(50) == 0 && axon_claim(channel, &header, size + STAMP, 0, (void **)&payload) == AXON_OK) {
		memset(payload, 0xA5, size + STAMP);
		checked(axon_abort(channel), "abort");
	}
	const int status = axon_claim(channel, &header, size + STAMP, WAIT_NANOS, (void **)&payload);
	if (status != AXON_OK)
		return status;
	stamp(payload, number, size);
	if (below(200) == 0)
		nap(5);
	memcpy(payload + STAMP, body(number), size);
	return axon_commit(channel);
}

static int send_copy(uint64_t number, size_t size)
{
	unsigned char metadata[STAMP];
	const axon_header header = { .tag = "meta", .metadata = metadata, .metadata_length = STAMP };
	stamp(metadata, number, size);
	return axon_send_with(channel, &header, body(number), size, WAIT_NANOS);
}

static void send_all(uint64_t capacity, uint64_t burst)
{
	for (uint64_t number = last_intent() + 1; !atomic_load(&stopping); number++) {
		const size_t size = pick_size(capacity);
		const bool in_place = below(2) == 0;
		note(INTENT, number, (uint32_t)size);
		int status;
		while ((status = in_place ? send_in_place(number, size) : send_copy(number, size)) == AXON_FULL) {
			if (atomic_load(&stopping))
				return;
			look_for_peer();
		}
		checked(status, "send");
		note(DONE, number, 0);
		if (below(burst) == 0)
			nap(below(20) == 0 ? 400 : 40);
		active();
	}
}

static void handle(const axon_message *message, bool hold)
{
	const unsigned char *payload = message->payload;
	size_t size = message->payload_length;
	const bool in_body = message->tag_length == 4 && memcmp(message->tag, "body", 4) == 0;
	const unsigned char *stamp = in_body ? payload : message->metadata;
	uint64_t number = 0;
	uint32_t length = 0, crc = 0;
	if (in_body ? size >= STAMP : message->metadata_length == STAMP) {
		memcpy(&number, stamp, 8);
		memcpy(&length, stamp + 8, 4);
		memcpy(&crc, stamp + 12, 4);
	}
	if (in_body && size >= STAMP) {
		payload += STAMP;
		size -= STAMP;
	}
	if (below(300) == 0)
		nap(10);
	const bool good = number != 0 && length == size
			&& crc == crc_more(crc_more(0, &number, sizeof number), payload, size);
	note(good ? DELIVERED : CORRUPT, number, message->deliveries);
	if (hold) {
		puts("holding");
		while (!atomic_load(&stopping))
			nap(20);
	}
	if (below(300) == 0)
		nap(10);
	note(HANDLED, number, 0);
}

static void receive_all(uint64_t hold)
{
	axon_message message;
	for (uint64_t count = 1; !atomic_load(&stopping);) {
		const int status = axon_receive(channel, &message, WAIT_NANOS);
		if (status == AXON_EMPTY) {
			look_for_peer();
			continue;
		}
		checked(status, "receive");
		handle(&message, count++ == hold);
		active();
		checked(axon_release(channel, &message), "release");
	}
}

int main(int argc, char **argv)
{
	axon_options options;
	pthread_t thread;
	if (argc != 8) {
		fprintf(stderr, "usage: worker send|receive server|client NAME JOURNAL SEED CAPACITY BURST|HOLD\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	random_state = strtoull(argv[5], NULL, 10) * UINT64_C(0x9E3779B97F4A7C15) | 1;
	init_crc();
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = i < PERIOD ? (unsigned char)below(256) : block[i - PERIOD];
	journal = open(argv[4], O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (journal < 0 || pthread_create(&thread, NULL, await_end_of_input, NULL) != 0) {
		perror("worker");
		return 1;
	}
	axon_options_init(&options);
	options.role = strcmp(argv[2], "server") == 0 ? AXON_SERVER : AXON_CLIENT;
	options.capacity = strtoull(argv[6], NULL, 10);
	options.large_memory = 16 << 20;
	options.open_timeout = INT64_C(60000000000);
	checked(axon_open(&channel, argv[3], &options), "open");
	note(OPENED, millis(), 0);
	active();
	puts("ready");
	if (strcmp(argv[1], "send") == 0)
		send_all(options.capacity, strtoull(argv[7], NULL, 10));
	else
		receive_all(strtoull(argv[7], NULL, 10));
	note(CLOSING, millis(), 0);
	checked(axon_close(channel), "close");
	return 0;
}
