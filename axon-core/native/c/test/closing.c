/* Closing while others use the channel, and opening while others close it. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "check.h"

#define REOPENS 400
#define ROUNDS 20

static bool over;

static void reopen(axon_role role)
{
	axon_close(open_as(role, 4096));
}

static void *reopen_until_over(void *unused)
{
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		reopen(AXON_SERVER);
	return unused;
}

/* A client that waits needs a server that comes, so that one ends last. */
static void both_roles_open_and_close_in_one_process(void)
{
	pthread_t server;
	CHECK_EQUAL(pthread_create(&server, NULL, reopen_until_over, NULL), 0);
	for (int i = 0; i < REOPENS; i++)
		reopen(AXON_CLIENT);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	CHECK_EQUAL(pthread_join(server, NULL), 0);
}

static void reopen_as_client(void)
{
	for (int i = 0; i < REOPENS; i++)
		reopen(AXON_CLIENT);
	line_tell('e');
}

static void *expect_the_end(void *unused)
{
	line_expect('e');
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	return unused;
}

static void both_roles_open_and_close_in_two_processes(void)
{
	pthread_t watcher;
	line_open();
	const pid_t client = start(reopen_as_client);
	CHECK_EQUAL(pthread_create(&watcher, NULL, expect_the_end, NULL), 0);
	reopen_until_over(NULL);
	CHECK_EQUAL(pthread_join(watcher, NULL), 0);
	join(client);
}

/*
 * A close must be its channel's last call, so each thread makes one call that
 * only the close can end, and tells by the hook that it is inside.
 */
static int inside;
static _Thread_local bool told;

static int tell_that_i_am_inside(void *context)
{
	(void)context;
	if (!told) {
		told = true;
		__atomic_add_fetch(&inside, 1, __ATOMIC_RELEASE);
	}
	return 0;
}

static void *request_until_closed(void *channel)
{
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	const int status = axon_request(channel, &header, "", 0, AXON_FOREVER, &reply);
	CHECK(status == AXON_CLOSED || status == AXON_PEER_DIED); /* the other end may be closed first */
	return NULL;
}

static void send_until_closed(axon_channel *channel, size_t length)
{
	static const uint8_t bytes[100000];
	int status;
	while ((status = axon_send(channel, "fill", bytes, length, AXON_FOREVER)) == AXON_OK)
		continue;
	CHECK_EQUAL(status, AXON_CLOSED);
}

static void *fill_the_ring(void *channel)
{
	send_until_closed(channel, 500);
	return NULL;
}

static void *fill_the_slots(void *channel)
{
	send_until_closed(channel, 100000);
	return NULL;
}

static void *close_channel(void *channel)
{
	axon_close(channel);
	return NULL;
}

static void nap(uint32_t nanoseconds)
{
	const struct timespec time = { .tv_nsec = nanoseconds };
	nanosleep(&time, NULL);
}

static void close_both_while_threads_wait(uint32_t seed)
{
	static void *(*const works[])(void *) = { request_until_closed, fill_the_ring, fill_the_slots };
	static const int64_t spins[] = { 0, 20000, AXON_FOREVER };
	axon_channel *ends[2];
	pthread_t threads[4], closers[2];
	inside = 0;
	for (int role = 0; role < 2; role++) {
		axon_options options = options_for((axon_role)role, 4096);
		options.interrupted = tell_that_i_am_inside;
		options.bounded_wait = MILLISECONDS / 2;
		options.spin = spins[random_of(seed + (uint32_t)role) % 3];
		CHECK_EQUAL(axon_open(&ends[role], channel_name(), &options), AXON_OK);
	}
	/* Nobody receives: whoever has found no room stays in that call. */
	for (int i = 0; i < 4; i++) {
		void *(*work)(void *) = works[random_of(seed + 2 + (uint32_t)i) % 3];
		CHECK_EQUAL(pthread_create(&threads[i], NULL, work, ends[i % 2]), 0);
	}
	while (__atomic_load_n(&inside, __ATOMIC_ACQUIRE) < 4)
		sched_yield();
	nap(random_of(seed + 6) % 1000000);
	for (int i = 0; i < 2; i++) {
		CHECK_EQUAL(pthread_create(&closers[i], NULL, close_channel, ends[i]), 0);
		nap(random_of(seed + 7) % 200000);
	}
	for (int i = 0; i < 4; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_EQUAL(pthread_join(closers[i], NULL), 0);
	CHECK(axon_discard(channel_name()) >= 0);
	CHECK_EQUAL(objects_left(), 0);
}

static void a_storm_of_closes(void)
{
	const char *given = getenv("AXON_SEED");
	const uint32_t seed = given != NULL ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL) * 1000;
	printf("AXON_SEED=%u\n", seed);
	fflush(stdout);
	for (uint32_t round = 0; round < ROUNDS; round++)
		close_both_while_threads_wait(seed + round * 16);
}

TESTS(closing, { "both-roles-open-and-close-in-one-process", both_roles_open_and_close_in_one_process },
		{ "both-roles-open-and-close-in-two-processes", both_roles_open_and_close_in_two_processes },
		{ "a-storm-of-closes", a_storm_of_closes });
