/* A peer that is killed is noticed soon; one that is stopped is waited for. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define MINUTE (60000 * MILLISECONDS)
#define WAIT (300 * MILLISECONDS) /* three bounded waits */
#define MESSAGES 20000
#define LENGTH 100

static const axon_header ask = { .tag = "ask" };
static axon_channel *own;

static int from_environment(const char *variable, int otherwise)
{
	const char *value = getenv(variable);
	return value == NULL ? otherwise : atoi(value);
}

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
	return a < b ? -1 : a > b;
}

/* Takes the first message and keeps it. */
static void hold(void)
{
	axon_message message;
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK);
	line_tell((char)message.deliveries);
	for (;;)
		pause();
}

static void only_attach(void)
{
	open_as(AXON_CLIENT, 4096);
	line_tell('o');
	for (;;)
		pause();
}

/* Answers so many requests. */
static void *answer(void *count)
{
	axon_message message;
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	for (int i = 0; i < *(int *)count; i++) {
		CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK);
		CHECK_EQUAL(axon_reply(client, &message, message.payload, message.payload_length, LONG), AXON_OK);
	}
	axon_close(client);
	return NULL;
}

static int64_t failed_at;

static void *ask_the_one_that_dies(void *unused)
{
	axon_message reply;
	CHECK_EQUAL(axon_request(own, &ask, "x", 1, MINUTE, &reply), AXON_PEER_DIED);
	failed_at = now();
	return unused;
}

static void *wait_for_a_message(void *unused)
{
	axon_message message;
	CHECK_EQUAL(axon_receive(own, &message, AXON_FOREVER), AXON_CLOSED);
	return unused;
}

/* The request fails, the next peer gets it again, and at last one answers all; a receiver sleeps meanwhile. */
static void a_death_is_noticed_soon(void)
{
	int kills = from_environment("AXON_KILLS", 10), requests = kills + 1;
	int64_t *delays = malloc((size_t)kills * sizeof *delays);
	pthread_t asking, waiting, answering;
	axon_message reply;
	line_open();
	own = open_as(AXON_SERVER, 65536);
	CHECK_EQUAL(pthread_create(&waiting, NULL, wait_for_a_message, NULL), 0);
	for (int i = 0; i < kills; i++) {
		const pid_t child = start(i == 0 ? only_attach : hold);
		line_expect(i == 0 ? 'o' : (char)(i < 63 ? i : 63));
		CHECK_EQUAL(axon_peer_alive(own), 1);
		const uint64_t sent = (uint64_t)i;
		axon_counters counters;
		CHECK_EQUAL(pthread_create(&asking, NULL, ask_the_one_that_dies, NULL), 0);
		do {
			sched_yield();
			axon_get_counters(own, &counters);
		} while (counters.messages_sent == sent);
		const int64_t killed_at = now();
		kill_and_wait(child);
		CHECK_EQUAL(pthread_join(asking, NULL), 0);
		delays[i] = failed_at - killed_at;
		CHECK_EQUAL(axon_peer_alive(own), 0);
	}
	qsort(delays, (size_t)kills, sizeof *delays, compare);
	printf("     %d kills: a waiting request failed after %.0f ms (median), %.0f ms at most\n", kills,
			(double)delays[kills / 2] / 1e6, (double)delays[kills - 1] / 1e6);
	CHECK(delays[kills - 1] < LONG);
	CHECK_EQUAL(pthread_create(&answering, NULL, answer, &requests), 0);
	CHECK_EQUAL(axon_request(own, &ask, "last", 4, MINUTE, &reply), AXON_OK);
	CHECK_EQUAL(reply.payload_length, 4);
	CHECK_EQUAL(axon_release(own, &reply), AXON_OK);
	CHECK_EQUAL(pthread_join(answering, NULL), 0);
	axon_counters counters;
	axon_get_counters(own, &counters);
	CHECK_EQUAL(counters.replies_dropped, kills);
	axon_close(own);
	CHECK_EQUAL(pthread_join(waiting, NULL), 0);
	free(delays);
}

static void die_attached(void)
{
	const pid_t child = start(only_attach);
	line_expect('o');
	kill_and_wait(child);
}

/* Once the death is known, a request waits for the next peer as if none had been there. */
static void a_request_after_a_death_that_is_known_waits(void)
{
	axon_message message;
	line_open();
	own = open_as(AXON_SERVER, 4096);
	die_attached();
	CHECK_EQUAL(axon_request(own, &ask, "x", 1, MINUTE, &message), AXON_PEER_DIED); /* nobody knew */
	CHECK_EQUAL(axon_request(own, &ask, "x", 1, WAIT, &message), AXON_TIMEOUT);
	CHECK_ERROR("is not attached");
	die_attached();
	CHECK_EQUAL(axon_receive(own, &message, WAIT), AXON_EMPTY); /* learns of it while it waits */
	CHECK_EQUAL(axon_request(own, &ask, "x", 1, WAIT, &message), AXON_TIMEOUT);
	die_attached();
	CHECK_EQUAL(axon_peer_alive(own), 0);
	CHECK_EQUAL(axon_request(own, &ask, "x", 1, WAIT, &message), AXON_TIMEOUT);
	axon_close(own);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

static void the_peer_that_came_dies(bool seen)
{
	pthread_t asking;
	axon_counters counters;
	line_open();
	own = open_as(AXON_SERVER, 4096);
	CHECK_EQUAL(pthread_create(&asking, NULL, ask_the_one_that_dies, NULL), 0);
	do {
		sched_yield();
		axon_get_counters(own, &counters);
	} while (counters.messages_sent == 0);
	const pid_t child = start(hold);
	line_expect(1);
	axon_message message;
	if (seen)
		CHECK_EQUAL(axon_receive(own, &message, WAIT), AXON_EMPTY); /* the request has seen who came */
	kill_and_wait(child);
	CHECK_EQUAL(pthread_join(asking, NULL), 0);
	axon_close(own);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

static void a_request_fails_when_the_peer_that_came_dies(void)
{
	the_peer_that_came_dies(true);
	for (int i = 0; i < 5; i++)
		the_peer_that_came_dies(false); /* mostly between two looks */
}

static void the_number_of_deliveries_ends_at_63(void)
{
	line_open();
	own = open_as(AXON_SERVER, 4096);
	send_text(own, "t", "deadly");
	for (int i = 1; i <= 65; i++) {
		const pid_t child = start(hold);
		line_expect((char)(i < 63 ? i : 63));
		kill_and_wait(child);
	}
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(receive_text(client, "t", "deadly").deliveries, 63);
	axon_close(client);
	axon_close(own);
}

/* Both ends send numbered messages and check what comes, and the client answers requests. */

static void *send_all(void *channel)
{
	uint8_t payload[LENGTH];
	for (uint32_t i = 0; i < MESSAGES; i++) {
		fill(payload, sizeof payload, i);
		CHECK_EQUAL(axon_send(channel, "n", payload, sizeof payload, 10 * MINUTE), AXON_OK);
	}
	return NULL;
}

static void receive_until(axon_channel *channel, uint32_t *next, uint32_t end)
{
	axon_message message;
	while (*next < end) {
		CHECK_EQUAL(axon_receive(channel, &message, LONG), AXON_OK);
		if (message.correlation_id != 0) {
			CHECK_EQUAL(axon_reply(channel, &message, "y", 1, LONG), AXON_OK);
			continue;
		}
		CHECK_EQUAL(message.payload_length, LENGTH);
		CHECK(is_filled(message.payload, LENGTH, (*next)++));
		CHECK_EQUAL(message.deliveries, 1);
	}
	axon_release(channel, &message);
}

static void exchange(void)
{
	pthread_t sending;
	uint32_t next = 0;
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(pthread_create(&sending, NULL, send_all, client), 0);
	line_tell('o');
	receive_until(client, &next, MESSAGES);
	CHECK_EQUAL(pthread_join(sending, NULL), 0);
	axon_close(client);
}

static void *ask_the_one_that_is_stopped(void *unused)
{
	axon_message reply;
	CHECK_EQUAL(axon_request(own, &ask, "x", 1, 10 * MINUTE, &reply), AXON_OK);
	CHECK_EQUAL(axon_release(own, &reply), AXON_OK);
	return unused;
}

static void a_stopped_peer_is_not_dead(void)
{
	const int waits = from_environment("AXON_STOPPED_WAITS", 10);
	pthread_t sending, asking;
	uint32_t next = 0;
	int status;
	axon_message message;
	line_open();
	own = open_as(AXON_SERVER, 4096);
	const pid_t child = start(exchange);
	line_expect('o');
	receive_until(own, &next, MESSAGES / 4); /* it is in the middle of sending, */
	CHECK_EQUAL(kill(child, SIGSTOP), 0);
	CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	CHECK_EQUAL(axon_request(own, &ask, "x", 1, WAIT, &message), AXON_TIMEOUT);
	CHECK_ERROR("is attached and has not answered");
	CHECK_EQUAL(pthread_create(&asking, NULL, ask_the_one_that_is_stopped, NULL), 0);
	while (axon_receive(own, &message, WAIT) == AXON_OK)
		CHECK(is_filled(message.payload, message.payload_length, next++));
	CHECK(next < MESSAGES);
	CHECK_EQUAL(pthread_create(&sending, NULL, send_all, own), 0); /* and gets more than the ring holds */
	for (int i = 0; i < waits; i++) {
		CHECK_EQUAL(axon_receive(own, &message, WAIT), AXON_EMPTY);
		CHECK_EQUAL(axon_peer_alive(own), 1);
	}
	axon_counters counters;
	axon_get_counters(own, &counters);
	CHECK(counters.sends_blocked == 1 && counters.messages_sent < 100);
	CHECK_EQUAL(kill(child, SIGCONT), 0);
	receive_until(own, &next, MESSAGES);
	CHECK_EQUAL(pthread_join(asking, NULL), 0);
	CHECK_EQUAL(pthread_join(sending, NULL), 0);
	join(child);
	axon_get_counters(own, &counters);
	CHECK_EQUAL(counters.replies_dropped, 1); /* of the request that timed out */
	axon_close(own);
}

TESTS(peers, { "a-death-is-noticed-soon", a_death_is_noticed_soon },
		{ "a-request-after-a-death-that-is-known-waits", a_request_after_a_death_that_is_known_waits },
		{ "a-request-fails-when-the-peer-that-came-dies", a_request_fails_when_the_peer_that_came_dies },
		{ "the-number-of-deliveries-ends-at-63", the_number_of_deliveries_ends_at_63 },
		{ "a-stopped-peer-is-not-dead", a_stopped_peer_is_not_dead });
