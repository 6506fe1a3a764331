/* Several threads on one channel: senders, closing, interrupting. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define SENDERS 4
#define EACH 3000

static axon_channel *channel, *peer;

static void *send_numbers(void *number)
{
	for (uint32_t i = 0; i < EACH; i++) {
		const uint32_t payload[2] = { (uint32_t)(uintptr_t)number, i };
		CHECK_EQUAL(axon_send(channel, "n", payload, sizeof payload, LONG), AXON_OK);
	}
	return NULL;
}

static void receive_numbers(void)
{
	uint32_t next[SENDERS] = { 0 };
	axon_message message;
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	for (int i = 0; i < SENDERS * EACH; i++) {
		CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK);
		const uint32_t *payload = message.payload;
		CHECK_EQUAL(message.payload_length, 8);
		CHECK(payload[0] < SENDERS);
		CHECK_EQUAL(payload[1], next[payload[0]]);
		next[payload[0]]++;
	}
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	axon_close(client);
}

static void senders_take_turns(void)
{
	pthread_t threads[SENDERS];
	const pid_t child = start(receive_numbers);
	channel = open_as(AXON_SERVER, 4096);
	for (uintptr_t i = 0; i < SENDERS; i++)
		CHECK_EQUAL(pthread_create(&threads[i], NULL, send_numbers, (void *)i), 0);
	for (int i = 0; i < SENDERS; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	join(child);
	axon_close(channel);
}

static void open_both(int64_t bounded_wait)
{
	axon_options options = options_for(AXON_SERVER, 4096);
	options.bounded_wait = bounded_wait;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
	peer = open_as(AXON_CLIENT, 4096);
}

static void wait_until_parked(uint64_t parks)
{
	axon_counters counters;
	do {
		axon_get_counters(channel, &counters);
		sched_yield();
	} while (counters.parks < parks);
}

static void *receive_until_closed(void *unused)
{
	axon_message message;
	CHECK_EQUAL(axon_receive(channel, &message, AXON_FOREVER), AXON_CLOSED);
	return unused;
}

static void *send_until_closed(void *unused)
{
	const uint8_t bytes[500] = { 0 };
	int status;
	while ((status = axon_send(channel, "t", bytes, sizeof bytes, AXON_FOREVER)) == AXON_OK)
		continue;
	CHECK_EQUAL(status, AXON_CLOSED);
	return unused;
}

static void *request_until_closed(void *unused)
{
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	CHECK_EQUAL(axon_request(channel, &header, "", 0, AXON_FOREVER, &reply), AXON_CLOSED);
	return unused;
}

static void close_wakes_all_that_wait(void)
{
	pthread_t threads[3];
	axon_counters counters;
	open_both(LONG); /* no bounded wait ends by itself */
	CHECK_EQUAL(pthread_create(&threads[0], NULL, receive_until_closed, NULL), 0);
	wait_until_parked(1);
	CHECK_EQUAL(pthread_create(&threads[1], NULL, request_until_closed, NULL), 0);
	do
		axon_get_counters(channel, &counters);
	while (counters.messages_sent == 0); /* it is in its call, and will wait for its turn */
	CHECK_EQUAL(pthread_create(&threads[2], NULL, send_until_closed, NULL), 0);
	wait_until_parked(2);
	axon_close(channel);
	for (int i = 0; i < 3; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	axon_close(peer);
	CHECK_EQUAL(axon_discard(channel_name()), 1); /* the sender's messages are unread */
}

#define RELEASERS 4
static int keeping, entered, left;

static int keep_the_channel(void *context)
{
	(void)context;
	__atomic_store_n(&keeping, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&left, __ATOMIC_ACQUIRE) < RELEASERS)
		sched_yield();
	return 0;
}

/* Waits behind a claim, and is in its hook, and so in its call, until the others have left theirs. */
static void *send_behind_a_claim(void *unused)
{
	CHECK_EQUAL(axon_send(channel, "t", "", 0, LONG), AXON_CLOSED);
	return unused;
}

static void *release_until_closed(void *unused)
{
	const axon_message message = { .token = 0 };
	__atomic_add_fetch(&entered, 1, __ATOMIC_RELEASE);
	while (axon_release(channel, &message) == AXON_INVALID)
		continue;
	__atomic_add_fetch(&left, 1, __ATOMIC_RELEASE);
	return unused;
}

/* Threads that wait for the short lock while another closes leave, and nothing is freed before. */
static void close_waits_for_calls_that_have_begun(void)
{
	const axon_header header = { .tag = "t" };
	void *payload;
	axon_options options = options_for(AXON_SERVER, 4096);
	options.interrupted = keep_the_channel;
	for (uint32_t round = 0; round < repetitions(100); round++) {
		pthread_t threads[RELEASERS + 1];
		keeping = entered = left = 0;
		CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
		CHECK_EQUAL(axon_claim(channel, &header, 8, 0, &payload), AXON_OK);
		CHECK_EQUAL(pthread_create(&threads[RELEASERS], NULL, send_behind_a_claim, NULL), 0);
		while (__atomic_load_n(&keeping, __ATOMIC_ACQUIRE) == 0)
			sched_yield();
		for (int i = 0; i < RELEASERS; i++)
			CHECK_EQUAL(pthread_create(&threads[i], NULL, release_until_closed, NULL), 0);
		while (__atomic_load_n(&entered, __ATOMIC_ACQUIRE) < RELEASERS)
			sched_yield();
		axon_close(channel);
		for (int i = 0; i <= RELEASERS; i++)
			CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	}
}

static int sleep_in_the_hook(void *context)
{
	(void)context;
	usleep(300000);
	return 0;
}

static void close_leaves_few_permits(void)
{
	pthread_t thread;
	char semaphore_name[100];
	axon_options options = options_for(AXON_SERVER, 4096);
	options.interrupted = sleep_in_the_hook;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
	peer = open_as(AXON_CLIENT, 4096);
	snprintf(semaphore_name, sizeof semaphore_name, "/axon.%s~1.data", channel_name());
	sem_t *semaphore = sem_open(semaphore_name, 0);
	CHECK(semaphore != SEM_FAILED);
	CHECK_EQUAL(pthread_create(&thread, NULL, receive_until_closed, NULL), 0);
	wait_until_parked(1);
	axon_close(channel);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	int permits = 0;
	CHECK_EQUAL(sem_getvalue(semaphore, &permits), 0);
	CHECK(permits < 100);
	sem_close(semaphore);
	axon_close(peer);
}

static void use_what_the_parent_waits_on(void)
{
	axon_message message;
	const axon_header header = { .tag = "ask" };
	CHECK_EQUAL(axon_release(channel, NULL), AXON_CLOSED);
	CHECK_EQUAL(axon_receive(channel, &message, 0), AXON_CLOSED);
	CHECK_EQUAL(axon_request(channel, &header, "", 0, 0, &message), AXON_CLOSED);
	axon_close(channel);
	_exit(0); /* at its exit AddressSanitizer takes locks that the parent's other thread may have held at the fork */
}

static bool done;

static void *hold_and_fill(void *unused)
{
	axon_message held;
	for (int i = 0; i < 2; i++)
		CHECK_EQUAL(axon_receive(channel, &held, 0), AXON_OK);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 64; i++) /* one more than there is room for */
		CHECK_EQUAL(axon_send(channel, "n", "12345678", 8, LONG), AXON_OK);
	CHECK_EQUAL(axon_release(channel, &held), AXON_OK);
	return unused;
}

/* Both rings are full, and both processes wait; but one has handled a message, which makes room. */
static void a_sender_that_waits_gives_room(void)
{
	pthread_t thread;
	axon_message message;
	open_both(MILLISECONDS);
	for (int i = 0; i < 63; i++)
		CHECK_EQUAL(axon_send(peer, "n", "12345678", 8, 0), AXON_OK);
	CHECK_EQUAL(pthread_create(&thread, NULL, hold_and_fill, NULL), 0);
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		sched_yield();
	CHECK_EQUAL(axon_send(peer, "n", "12345678", 8, LONG / 4), AXON_OK);
	for (int i = 0; i < 64; i++)
		CHECK_EQUAL(axon_receive(peer, &message, LONG), AXON_OK);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	axon_close(channel);
	axon_close(peer);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

static void *send_one(void *unused)
{
	CHECK_EQUAL(axon_send(peer, "n", "12345678", 8, LONG / 4), AXON_OK);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	return unused;
}

/* It asks for room, and need not wait for an eighth of the ring. */
static void a_sender_that_never_parks_asks_for_room(void)
{
	pthread_t thread;
	axon_message message;
	channel = open_as(AXON_SERVER, 4096);
	axon_options options = options_for(AXON_CLIENT, 4096);
	options.spin = AXON_FOREVER;
	CHECK_EQUAL(axon_open(&peer, channel_name(), &options), AXON_OK);
	for (int i = 0; i < 63; i++)
		CHECK_EQUAL(axon_send(peer, "n", "12345678", 8, 0), AXON_OK);
	CHECK_EQUAL(pthread_create(&thread, NULL, send_one, NULL), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQUAL(axon_receive(channel, &message, 0), AXON_OK);
	for (int64_t i = 0; i < LONG / 10 / MILLISECONDS && !__atomic_load_n(&done, __ATOMIC_ACQUIRE); i++) {
		usleep(1000);
		if (i == 100) /* certainly asked by now; it may have asked too late for the first three */
			CHECK_EQUAL(axon_receive(channel, &message, 0), AXON_OK);
	}
	CHECK(__atomic_load_n(&done, __ATOMIC_ACQUIRE));
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	axon_close(channel);
	axon_close(peer);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

static void *receive_in_time(void *unused)
{
	axon_message message;
	const time_t begin = time(NULL);
	CHECK_EQUAL(axon_receive(channel, &message, LONG / 4), AXON_OK); /* it looks once more when its time is over */
	CHECK(time(NULL) - begin < 4);
	return unused;
}

/* A requester has its turn, the receiver waits behind it, and a third thread sees the message, of which nobody was told. */
static void a_receiver_behind_another_turn_is_woken(void)
{
	pthread_t threads[2];
	axon_message reply;
	const axon_header header = { .tag = "ask" };
	const uint64_t word = 64 | UINT64_C(1) << 32;
	open_both(LONG);
	CHECK_EQUAL(pthread_create(&threads[0], NULL, request_until_closed, NULL), 0);
	wait_until_parked(1);
	CHECK_EQUAL(pthread_create(&threads[1], NULL, receive_in_time, NULL), 0);
	usleep(50000); /* it waits for its turn now */
	__atomic_store_n((uint64_t *)(void *)((uint8_t *)map_segment(NULL) + 3 * 4096 + 4096), word, __ATOMIC_RELEASE);
	CHECK_EQUAL(axon_request(channel, &header, "", 0, 0, &reply), AXON_TIMEOUT);
	CHECK_EQUAL(pthread_join(threads[1], NULL), 0);
	axon_close(channel);
	CHECK_EQUAL(pthread_join(threads[0], NULL), 0);
	axon_close(peer);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

static bool polling;

static void *poll_in_thread(void *unused)
{
	axon_message message;
	while (__atomic_load_n(&polling, __ATOMIC_RELAXED))
		CHECK_EQUAL(axon_receive(channel, &message, 0), AXON_EMPTY);
	return unused;
}

/* Whatever the parent's threads held or waited on at the fork. */
static void a_child_of_busy_threads_does_not_hang(void)
{
	pthread_t threads[2];
	open_both(LONG);
	polling = true;
	CHECK_EQUAL(pthread_create(&threads[0], NULL, poll_in_thread, NULL), 0);
	for (uint32_t i = 0; i < repetitions(50); i++)
		join(start(use_what_the_parent_waits_on));
	__atomic_store_n(&polling, false, __ATOMIC_RELAXED);
	CHECK_EQUAL(pthread_join(threads[0], NULL), 0);
	CHECK_EQUAL(pthread_create(&threads[0], NULL, receive_until_closed, NULL), 0);
	wait_until_parked(1);
	CHECK_EQUAL(pthread_create(&threads[1], NULL, request_until_closed, NULL), 0);
	usleep(50000); /* it waits for its turn now */
	join(start(use_what_the_parent_waits_on));
	axon_close(channel);
	for (int i = 0; i < 2; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	axon_close(peer);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

TESTS(threads, { "senders-take-turns", senders_take_turns }, { "close-wakes-all-that-wait", close_wakes_all_that_wait },
		{ "close-waits-for-calls-that-have-begun", close_waits_for_calls_that_have_begun },
		{ "a-sender-that-waits-gives-room", a_sender_that_waits_gives_room },
		{ "a-sender-that-never-parks-asks-for-room", a_sender_that_never_parks_asks_for_room },
		{ "a-receiver-behind-another-turn-is-woken", a_receiver_behind_another_turn_is_woken },
		{ "close-leaves-few-permits", close_leaves_few_permits },
		{ "a-child-of-busy-threads-does-not-hang", a_child_of_busy_threads_does_not_hang });
