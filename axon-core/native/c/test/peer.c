/*
 * peer.c: the other end for tests in other languages.
 *
 *   peer ROLE NAME echo              answers every message until the tag "quit"
 *   peer ROLE NAME send COUNT SIZE   sends a pattern, then the tag "quit"
 *   peer ROLE NAME receive           checks the pattern until "quit", prints received=N
 *   peer ROLE NAME hold              takes one message and keeps it until it is killed
 *   peer ROLE NAME reopen COUNT      closes the channel and opens it again so many times
 *   peer ROLE NAME check             does all exchanges of the all-pairs suite with an echo
 *   peer ROLE NAME survive           asks a peer that is killed, and its successor, then waits with an open claim
 *   peer ROLE NAME measure           measures with a peer that is "measured"
 *
 * ROLE is server, client, or early: a client that finds no channel yet, prints
 * "absent", and waits for it. Prints "ready" once the channel is open. Exits 1
 * on a mismatch, 2 on an error.
 *
 * An echo answers a request whose metadata is "error" with an error, its
 * payload the text, and one whose metadata is "silence" not at all; with one
 * whose metadata is "hold" it prints "held" and stays there, unless the request
 * was delivered before. At "mark" it prints received=N/CHECKSUM redelivered=N,
 * of the messages since the last mark.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

int checked(int status, const char *what)
{
	if (status < 0) {
		fprintf(stderr, "peer: %s: %s\n", what, axon_last_error());
		exit(2);
	}
	return status;
}

void say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vprintf(format, arguments);
	fflush(stdout);
	va_end(arguments);
}

uint32_t crc32_of(uint32_t crc, const void *bytes, size_t length)
{
	static uint32_t table[256];
	if (table[1] == 0) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t value = i;
			for (int bit = 0; bit < 8; bit++)
				value = value & 1 ? value >> 1 ^ UINT32_C(0xedb88320) : value >> 1;
			table[i] = value;
		}
	}
	crc = ~crc;
	for (size_t i = 0; i < length; i++)
		crc = crc >> 8 ^ table[(crc ^ ((const uint8_t *)bytes)[i]) & 0xff];
	return ~crc;
}

void tally_add(struct tally *tally, const char *tag, size_t tag_length, const void *metadata, size_t metadata_length,
		const void *payload, size_t payload_length)
{
	tally->messages++;
	tally->crc = crc32_of(tally->crc, tag, tag_length);
	tally->crc = crc32_of(tally->crc, metadata, metadata_length);
	tally->crc = crc32_of(tally->crc, payload, payload_length);
}

static unsigned char pattern(unsigned long long message, size_t index)
{
	return (unsigned char)(message * 31 + index * 7);
}

const uint8_t *pattern_of(unsigned long long number, size_t size)
{
	static uint8_t sequence[6000000 + 256];
	if (sequence[1] == 0) {
		for (size_t i = 0; i < sizeof(sequence); i++)
			sequence[i] = pattern(0, i);
	}
	if (size > sizeof(sequence) - 256) {
		fprintf(stderr, "peer: no pattern of %zu bytes\n", size);
		exit(2);
	}
	return sequence + (number * 31 * 183 & 0xff); /* 7 * 183 = 1 modulo 256 */
}

static bool has_tag(const axon_message *message, const char *tag)
{
	return message->tag_length == strlen(tag) && memcmp(message->tag, tag, message->tag_length) == 0;
}

static bool has_metadata(const axon_message *message, const char *metadata)
{
	return message->metadata_length == strlen(metadata)
			&& memcmp(message->metadata, metadata, message->metadata_length) == 0;
}

static _Noreturn void stay(void)
{
	for (;;)
		pause();
}

static int answer(axon_channel *channel, const axon_message *request)
{
	if (has_metadata(request, "silence"))
		return AXON_OK;
	if (has_metadata(request, "hold") && request->deliveries == 1) {
		say("held\n");
		stay();
	}
	if (!has_metadata(request, "error"))
		return axon_reply(channel, request, request->payload, request->payload_length, PATIENCE);
	char *text = strndup(request->payload, request->payload_length);
	const int status = axon_reply_error(channel, request, text, PATIENCE);
	free(text);
	return status;
}

static int echo(axon_channel *channel)
{
	struct tally received = TALLY_EMPTY;
	unsigned long long redelivered = 0;
	axon_message message;
	for (;;) {
		checked(axon_receive(channel, &message, AXON_FOREVER), "receive");
		if (has_tag(&message, "quit"))
			return 0;
		if (has_tag(&message, "mark")) {
			say("received=%llu/%08x redelivered=%llu\n", received.messages, received.crc, redelivered);
			received = TALLY_EMPTY;
			redelivered = 0;
			continue;
		}
		tally_add(&received, message.tag, message.tag_length, message.metadata, message.metadata_length,
				message.payload, message.payload_length);
		redelivered += message.deliveries > 1;
		const axon_header header = { .tag = message.tag, .tag_length = message.tag_length, .metadata = message.metadata,
			.metadata_length = message.metadata_length };
		checked(message.correlation_id != 0
				? answer(channel, &message)
				: axon_send_with(channel, &header, message.payload, message.payload_length, PATIENCE), "send");
	}
}

static int send_pattern(axon_channel *channel, unsigned long long count, size_t size)
{
	const axon_header header = { .tag = "data" };
	for (unsigned long long n = 0; n < count; n++) {
		void *payload;
		checked(axon_claim(channel, &header, size, PATIENCE, &payload), "claim");
		for (size_t i = 0; i < size; i++)
			((unsigned char *)payload)[i] = pattern(n, i);
		checked(axon_commit(channel), "commit");
	}
	checked(axon_send(channel, "quit", NULL, 0, PATIENCE), "send");
	return 0;
}

static int receive_pattern(axon_channel *channel)
{
	axon_message message;
	for (unsigned long long n = 0;; n++) {
		checked(axon_receive(channel, &message, AXON_FOREVER), "receive");
		if (has_tag(&message, "quit")) {
			say("received=%llu\n", n);
			return 0;
		}
		for (size_t i = 0; i < message.payload_length; i++) {
			if (((const unsigned char *)message.payload)[i] != pattern(n, i)) {
				fprintf(stderr, "peer: message %llu differs at byte %zu\n", n, i);
				return 1;
			}
		}
	}
}

static _Noreturn void hold(axon_channel *channel)
{
	axon_message message;
	checked(axon_receive(channel, &message, AXON_FOREVER), "receive");
	say("held deliveries=%u\n", message.deliveries);
	stay();
}

static int reopen(axon_channel **channel, const char *name, const axon_options *options, unsigned long long count)
{
	for (unsigned long long n = 0; n < count; n++) {
		axon_close(*channel);
		checked(axon_open(channel, name, options), "open");
	}
	return 0;
}

static void find_nothing(const char *name, const axon_options *options)
{
	axon_options now = *options;
	axon_channel *channel;
	now.open_timeout = 0;
	if (axon_open(&channel, name, &now) != AXON_TIMEOUT) {
		fprintf(stderr, "peer: there is a channel already\n");
		exit(2);
	}
	say("absent\n");
}

int main(int argc, char **argv)
{
	axon_options options;
	axon_channel *channel;
	axon_options_init(&options);
	options.open_timeout = PATIENCE;
	if (argc < 4) {
		fprintf(stderr, "usage: peer server|client|early NAME BEHAVIOUR, see peer.c\n");
		return 2;
	}
	options.role = strcmp(argv[1], "server") == 0 ? AXON_SERVER : AXON_CLIENT;
	if (strncmp(argv[3], "measure", 7) == 0)
		options.spin = AXON_FOREVER;
	if (strcmp(argv[1], "early") == 0)
		find_nothing(argv[2], &options);
	checked(axon_open(&channel, argv[2], &options), "open");
	say("ready\n");
	int result = 2;
	if (strcmp(argv[3], "echo") == 0)
		result = echo(channel);
	else if (strcmp(argv[3], "send") == 0 && argc == 6)
		result = send_pattern(channel, strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
	else if (strcmp(argv[3], "receive") == 0)
		result = receive_pattern(channel);
	else if (strcmp(argv[3], "hold") == 0)
		hold(channel);
	else if (strcmp(argv[3], "reopen") == 0 && argc == 5)
		result = reopen(&channel, argv[2], &options, strtoull(argv[4], NULL, 10));
	else if (strcmp(argv[3], "check") == 0)
		result = check(channel);
	else if (strcmp(argv[3], "survive") == 0)
		result = survive(channel);
	else if (strcmp(argv[3], "measure") == 0)
		result = measure(channel);
	else if (strcmp(argv[3], "measured") == 0)
		result = measured(channel);
	axon_close(channel);
	return result;
}
