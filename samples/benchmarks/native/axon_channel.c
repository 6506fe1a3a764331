/* axon_channel.c: Axon, by the functions of axon.h. The second side is the server. */
#define _GNU_SOURCE
#include <axon.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "latencies.h"
#include "payload.h"
#include "bench.h"

#define TAG "t"

static const struct setup *setup;
static const struct scenario *scenario;
static axon_channel *channel;
static uint64_t *source;
static struct latencies latencies;

static void check(int status, const char *what)
{
	if (status < 0)
		fail("%s: %s: %s", what, axon_strerror(status), axon_last_error());
}

/* What a side that failed, or its peer, left unread goes with the names; the last one to leave removes them. */
static void close_channel(void)
{
	axon_close(channel);
	axon_discard(setup->name);
}

static int64_t spin_of(enum waiting waiting, int64_t otherwise)
{
	return waiting == SPIN ? AXON_FOREVER : waiting == PARK ? 0 : otherwise;
}

static void open_channel(const struct setup *given)
{
	axon_options options;
	axon_options_init(&options);
	setup = given;
	scenario = setup->scenario;
	options.role = setup->first ? AXON_CLIENT : AXON_SERVER;
	options.open_timeout = PEER_TIMEOUT;
	options.spin = spin_of(scenario->waiting, options.spin);
	source = payload_source(scenario->size);
	check(axon_open(&channel, setup->name, &options), "open");
	atexit(close_channel);
	const int64_t deadline = now() + PEER_TIMEOUT;
	while (axon_peer_alive(channel) != 1) {
		if (now() >= deadline)
			fail("the other side did not come within %lld s", (long long)(PEER_TIMEOUT / 1000000000));
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

/* The one place that takes a message and reads it in full: it is released with the next one, or by end_of_round(). */
static inline void take(axon_message *message, struct receipt *receipt)
{
	const int status = axon_receive(channel, message, PEER_TIMEOUT);
	if (status == AXON_EMPTY)
		fail("no message within %lld s: the other side is gone or stuck", (long long)(PEER_TIMEOUT / 1000000000));
	check(status, "receive");
	receipt_add(receipt, message->payload, message->payload_length);
}

static void end_of_round(const axon_message *last, const struct receipt *receipt, uint64_t messages)
{
	check(axon_release(channel, last), "release");
	receipt_verify(receipt, messages, scenario->flow == STREAM ? scenario->senders : 1);
}

static void ask(uint64_t messages)
{
	struct receipt receipt = { .size = scenario->size };
	axon_message message;
	const int64_t begin = now();
	for (uint64_t i = 0; i < messages; i++) {
		if (scenario->sparse)
			sleep_until_next_millisecond(begin);
		const int64_t start = now();
		source[0] = i;
		check(axon_send(channel, TAG, source, scenario->size, PEER_TIMEOUT), "send");
		take(&message, &receipt);
		latencies_add(&latencies, now() - start);
	}
	end_of_round(&message, &receipt, messages);
	latencies_done(&latencies);
}

static void echo(uint64_t messages)
{
	struct receipt receipt = { .size = scenario->size };
	axon_message message;
	for (uint64_t i = 0; i < messages; i++) {
		take(&message, &receipt);
		check(axon_send(channel, TAG, message.payload, message.payload_length, PEER_TIMEOUT), "send");
	}
	end_of_round(&message, &receipt, messages);
	done("%s", "");
}

/* Semaphore calls of this side: posts for the peer and waits of its own. */
static uint64_t system_calls(const axon_counters *counters)
{
	return counters->wakeups + counters->parks;
}

static void send_in_place(uint64_t messages)
{
	const axon_header header = { .tag = TAG, .tag_length = sizeof(TAG) - 1 };
	for (uint64_t i = 0; i < messages; i++) {
		void *room;
		check(axon_claim(channel, &header, scenario->size, PEER_TIMEOUT, &room), "claim");
		payload_fill(room, scenario->size);
		*(uint64_t *)room = i;
		check(axon_commit(channel), "commit");
	}
}

/* As long as the Java workers': the receiver finds the ring empty again and again. */
static void let_catch_up(uint64_t sent)
{
	if (sent % 32 == 0) {
		for (int i = 0; i < 2; i++)
			cpu_pause();
	}
}

static void send_copies(uint64_t *words, uint64_t word, uint64_t messages)
{
	for (uint64_t i = 0; i < messages; i++) {
		words[0] = word + i;
		check(axon_send(channel, TAG, words, scenario->size, PEER_TIMEOUT), "send");
		if (scenario->pauses)
			let_catch_up(i);
	}
}

struct sender {
	pthread_t thread;
	uint64_t number, messages;
};

static void *run_sender(void *argument)
{
	const struct sender *sender = argument;
	uint64_t *words = payload_source(scenario->size);
	send_copies(words, sender->number << 56, sender->messages);
	free(words);
	return NULL;
}

static void send_from_threads(uint64_t messages)
{
	struct sender senders[PAYLOAD_SENDERS];
	for (int i = 0; i < scenario->senders; i++) {
		senders[i] = (struct sender){ .number = (uint64_t)i, .messages = payload_share(messages, scenario->senders, i) };
		if (pthread_create(&senders[i].thread, NULL, run_sender, &senders[i]) != 0)
			fail("cannot start thread %d", i);
	}
	for (int i = 0; i < scenario->senders; i++)
		pthread_join(senders[i].thread, NULL);
}

static void send_all(uint64_t messages)
{
	axon_counters before, after;
	axon_get_counters(channel, &before);
	if (scenario->claim)
		send_in_place(messages);
	else if (scenario->senders > 1)
		send_from_threads(messages);
	else
		send_copies(source, 0, messages);
	axon_get_counters(channel, &after);
	done("blocked=%llu syscalls=%.6f", (unsigned long long)(after.sends_blocked - before.sends_blocked),
			(double)(system_calls(&after) - system_calls(&before)) / (double)messages);
}

/* The clock starts when the first message has been read: the rate is that of the others. */
static void receive_all(uint64_t messages)
{
	struct receipt receipt = { .size = scenario->size };
	axon_counters before, after;
	axon_message message;
	axon_get_counters(channel, &before);
	take(&message, &receipt);
	const int64_t start = now();
	for (uint64_t i = 1; i < messages; i++)
		take(&message, &receipt);
	const int64_t end = now();
	end_of_round(&message, &receipt, messages);
	axon_get_counters(channel, &after);
	done("seconds=%.9f messages=%llu bytes=%llu syscalls=%.6f", (double)(end - start) / 1e9,
			(unsigned long long)(messages - 1), (unsigned long long)((messages - 1) * scenario->size),
			(double)(system_calls(&after) - system_calls(&before)) / (double)messages);
}

static void idle(double seconds)
{
	axon_message message;
	const int status = axon_receive(channel, &message, (int64_t)(seconds * 1e9));
	if (status != AXON_EMPTY)
		fail("a wait for nothing ended with %s", status == AXON_OK ? "a message" : axon_last_error());
	done("%s", "");
}

const struct system axon_c = { .name = "axon-c", .open = open_channel, .ask = ask, .echo = echo, .send = send_all,
	.receive = receive_all, .idle = idle };
