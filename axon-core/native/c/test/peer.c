/*
 * peer.c: the other end for tests in other languages.
 *
 *   peer server|client NAME echo              answers every message until the tag "quit"
 *   peer server|client NAME send COUNT SIZE   sends a pattern, then the tag "quit"
 *   peer server|client NAME receive           checks the pattern until "quit", prints received=N
 *   peer server|client NAME hold              takes one message and keeps it until it is killed
 *   peer server|client NAME reopen COUNT      closes the channel and opens it again so many times
 *
 * Prints "ready" once the channel is open. Exits 1 on a mismatch, 2 on an error.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "axon.h"

#define OPEN_TIMEOUT INT64_C(30000000000)

static int checked(int status, const char *what)
{
	if (status < 0) {
		fprintf(stderr, "peer: %s: %s\n", what, axon_last_error());
		exit(2);
	}
	return status;
}

static void say(const char *text, unsigned long long number)
{
	printf(text, number);
	fflush(stdout);
}

static unsigned char pattern(unsigned long long message, size_t index)
{
	return (unsigned char)(message * 31 + index * 7);
}

static int is_quit(const axon_message *message)
{
	return message->tag_length == 4 && memcmp(message->tag, "quit", 4) == 0;
}

static int echo(axon_channel *channel)
{
	axon_message message;
	for (;;) {
		checked(axon_receive(channel, &message, AXON_FOREVER), "receive");
		if (is_quit(&message))
			return 0;
		const axon_header header = { .tag = message.tag, .tag_length = message.tag_length, .metadata = message.metadata,
			.metadata_length = message.metadata_length };
		checked(message.correlation_id != 0
				? axon_reply(channel, &message, message.payload, message.payload_length, OPEN_TIMEOUT)
				: axon_send_with(channel, &header, message.payload, message.payload_length, OPEN_TIMEOUT), "send");
	}
}

static int send_pattern(axon_channel *channel, unsigned long long count, size_t size)
{
	const axon_header header = { .tag = "data" };
	for (unsigned long long n = 0; n < count; n++) {
		void *payload;
		checked(axon_claim(channel, &header, size, OPEN_TIMEOUT, &payload), "claim");
		for (size_t i = 0; i < size; i++)
			((unsigned char *)payload)[i] = pattern(n, i);
		checked(axon_commit(channel), "commit");
	}
	checked(axon_send(channel, "quit", NULL, 0, OPEN_TIMEOUT), "send");
	return 0;
}

static int receive_pattern(axon_channel *channel)
{
	axon_message message;
	for (unsigned long long n = 0;; n++) {
		checked(axon_receive(channel, &message, AXON_FOREVER), "receive");
		if (is_quit(&message)) {
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
	say("held deliveries=%llu\n", message.deliveries);
	for (;;)
		pause();
}

static int reopen(axon_channel **channel, const char *name, const axon_options *options, unsigned long long count)
{
	for (unsigned long long n = 0; n < count; n++) {
		axon_close(*channel);
		checked(axon_open(channel, name, options), "open");
	}
	return 0;
}

int main(int argc, char **argv)
{
	axon_options options;
	axon_channel *channel;
	axon_options_init(&options);
	options.open_timeout = OPEN_TIMEOUT;
	if (argc < 4) {
		fprintf(stderr, "usage: peer server|client NAME echo|send COUNT SIZE|receive|hold|reopen COUNT\n");
		return 2;
	}
	options.role = strcmp(argv[1], "server") == 0 ? AXON_SERVER : AXON_CLIENT;
	checked(axon_open(&channel, argv[2], &options), "open");
	puts("ready");
	fflush(stdout);
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
	axon_close(channel);
	return result;
}
