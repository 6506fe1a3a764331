/* Locks that are biased to one thread: the bias is taken away, given anew, and ended by a close. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "check.h"

#define THREADS 3
#define BURSTS 20
#define BURST 1200 /* more than it takes to have the bias given anew */

static axon_channel *channel, *peer;
static int begun, ended;

static void count(int *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_ACQ_REL);
}

static void wait_for(const int *counter, int value)
{
	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < value)
		sched_yield();
}

static void open_both(void)
{
	channel = open_as(AXON_SERVER, 65536);
	peer = open_as(AXON_CLIENT, 65536);
	begun = ended = 0;
}

static void close_both(void)
{
	axon_close(channel);
	axon_close(peer);
}

/* Sends in bursts of very different lengths, some of them as claims, and yields between, so that the bias wanders. */
static void *send_in_bursts(void *number)
{
	const axon_header header = { .tag = "n" };
	uint32_t next = 0;
	for (uint32_t burst = 0; burst < BURSTS; burst++) {
		const uint32_t length = random_of((uint32_t)(uintptr_t)number * BURSTS + burst) % 4 == 0 ? BURST : 3;
		for (uint32_t i = 0; i < length; i++) {
			const uint32_t numbers[2] = { (uint32_t)(uintptr_t)number, next++ };
			void *room;
			if (i % 16 != 0) {
				CHECK_EQUAL(axon_send(channel, "n", numbers, sizeof numbers, LONG), AXON_OK);
				continue;
			}
			CHECK_EQUAL(axon_claim(channel, &header, sizeof numbers, LONG, &room), AXON_OK);
			CHECK_EQUAL(axon_send(channel, "n", numbers, sizeof numbers, LONG), AXON_INVALID); /* has the lock already */
			memcpy(room, numbers, sizeof numbers);
			CHECK_EQUAL(axon_commit(channel), AXON_OK);
		}
		sched_yield();
	}
	const uint32_t last[2] = { (uint32_t)(uintptr_t)number, UINT32_MAX };
	CHECK_EQUAL(axon_send(channel, "n", last, sizeof last, LONG), AXON_OK);
	return NULL;
}

static pthread_mutex_t receiving = PTHREAD_MUTEX_INITIALIZER;
static uint32_t expected[THREADS];
static int finished;

/* Receives in turns with others, as many messages each time as its own number says. */
static void *receive_in_turns(void *number)
{
	axon_message message;
	for (bool more = true; more; sched_yield()) {
		pthread_mutex_lock(&receiving);
		for (uintptr_t i = 0; i < (uintptr_t)number && (more = finished < THREADS); i++) {
			CHECK_EQUAL(axon_receive(peer, &message, LONG), AXON_OK);
			uint32_t numbers[2];
			CHECK_EQUAL(message.payload_length, sizeof numbers);
			memcpy(numbers, message.payload, sizeof numbers);
			CHECK(numbers[0] < THREADS);
			if (numbers[1] == UINT32_MAX)
				finished++;
			else
				CHECK_EQUAL(numbers[1], expected[numbers[0]]++);
			CHECK_EQUAL(axon_release(peer, &message), AXON_OK);
		}
		pthread_mutex_unlock(&receiving);
	}
	return NULL;
}

static void the_bias_wanders(void)
{
	pthread_t senders[THREADS], receivers[2];
	open_both();
	for (uintptr_t i = 0; i < 2; i++)
		CHECK_EQUAL(pthread_create(&receivers[i], NULL, receive_in_turns, (void *)(i == 0 ? 5 : 3 * (uintptr_t)BURST)), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK_EQUAL(pthread_create(&senders[i], NULL, send_in_bursts, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQUAL(pthread_join(senders[i], NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_EQUAL(pthread_join(receivers[i], NULL), 0);
	close_both();
}

static void *send_once(void *unused)
{
	count(&begun);
	CHECK_EQUAL(axon_send(channel, "second", "", 0, LONG), AXON_OK);
	count(&ended);
	return unused;
}

/* Who claims has the bias, and keeps the lock although another takes the bias away. */
static void a_claim_outlives_its_bias(void)
{
	const axon_header header = { .tag = "first" };
	pthread_t thread;
	void *room;
	open_both();
	for (int i = 0; i < 2; i++) {
		send_text(channel, "zeroth", ""); /* has the bias, at the latest from here on */
		receive_text(peer, "zeroth", "");
		CHECK_EQUAL(axon_claim(channel, &header, 1, LONG, &room), AXON_OK);
		CHECK_EQUAL(pthread_create(&thread, NULL, send_once, NULL), 0);
		wait_for(&begun, i + 1);
		for (int yields = 0; yields < 1000; yields++)
			sched_yield();
		CHECK_EQUAL(ended, i);
		memcpy(room, "x", 1);
		CHECK_EQUAL(i == 0 ? axon_commit(channel) : axon_abort(channel), AXON_OK);
		CHECK_EQUAL(pthread_join(thread, NULL), 0);
		if (i == 0)
			receive_text(peer, "first", "x");
		receive_text(peer, "second", "");
	}
	close_both();
}

static void *send_until_closed(void *unused)
{
	int status;
	count(&begun);
	while ((status = axon_send(channel, "n", "12345678", 8, 0)) == AXON_OK || status == AXON_FULL)
		continue;
	CHECK_EQUAL(status, AXON_CLOSED);
	count(&ended);
	return unused;
}

static void *poll_until_closed(void *unused)
{
	axon_message message;
	int status;
	count(&begun);
	while ((status = axon_receive(channel, &message, 0)) == AXON_EMPTY)
		continue;
	CHECK_EQUAL(status, AXON_CLOSED);
	count(&ended);
	return unused;
}

static int keep_the_channel(void *all)
{
	count(&begun);
	wait_for(&ended, *(int *)all); /* a close waits for this thread's call, and so for the others */
	return 0;
}

static void *wait_for_a_reply(void *unused)
{
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	CHECK_EQUAL(axon_request(channel, &header, "", 0, LONG, &reply), AXON_CLOSED);
	return unused;
}

/* One or several threads in calls that cost them no locked instruction, while another closes. */
static void close_ends_biased_calls(void)
{
	for (uint32_t round = 0; round < repetitions(60); round++) {
		pthread_t threads[5];
		int many = round % 2 == 0 ? 2 : 4;
		axon_options options = options_for(AXON_SERVER, 65536);
		options.interrupted = keep_the_channel;
		options.interrupt_context = &many;
		options.bounded_wait = MILLISECONDS;
		begun = ended = 0;
		CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
		CHECK_EQUAL(pthread_create(&threads[4], NULL, wait_for_a_reply, NULL), 0);
		wait_for(&begun, 1);
		for (int i = 0; i < many; i++)
			CHECK_EQUAL(pthread_create(&threads[i], NULL, i % 2 == 0 ? send_until_closed : poll_until_closed, NULL), 0);
		wait_for(&begun, many + 1);
		for (uint32_t yields = 0; yields < round; yields++)
			sched_yield();
		axon_close(channel);
		for (int i = 0; i < many; i++)
			CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
		CHECK_EQUAL(pthread_join(threads[4], NULL), 0);
		CHECK_EQUAL(axon_discard(channel_name()), 1);
	}
}

TESTS(bias, { "the-bias-wanders", the_bias_wanders }, { "a-claim-outlives-its-bias", a_claim_outlives_its_bias },
		{ "close-ends-biased-calls", close_ends_biased_calls });
