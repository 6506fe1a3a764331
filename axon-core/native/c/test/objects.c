/* Semaphores and slots that somebody else changes, and names that vanish. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define CAPACITY 4096
#define LARGE_MEMORY (UINT64_C(1) << 20)

static axon_channel *server, *client;

static void open_both(void)
{
	axon_options options = options_for(AXON_SERVER, CAPACITY);
	options.large_memory = LARGE_MEMORY;
	options.spin = 0;
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
	options.role = AXON_CLIENT;
	CHECK_EQUAL(axon_open(&client, channel_name(), &options), AXON_OK);
}

/* Also of a channel that is corrupt, or whose segment has lost its name. */
static void close_both(void)
{
	axon_close(server);
	axon_close(client);
	axon_discard(channel_name());
}

static uint64_t parks(const axon_channel *channel)
{
	axon_counters counters;
	axon_get_counters(channel, &counters);
	return counters.parks;
}

static void wait_until_parked(const axon_channel *channel, uint64_t count)
{
	while (parks(channel) < count)
		sched_yield();
}

static void in_thread(pthread_t *thread, void *run(void *))
{
	CHECK_EQUAL(pthread_create(thread, NULL, run, NULL), 0);
}

static void end(pthread_t thread)
{
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
}

static const char *object(const char *prefix, const char *suffix)
{
	static char name[120];
	snprintf(name, sizeof name, "/dev/shm/%saxon.%s%s", prefix, channel_name(), suffix);
	return name;
}

static void a_slot_that_was_truncated_or_removed(void)
{
	static const off_t sizes[] = { 0, 100, 4096, 4097, 8192, 4096 + 65536 - 1, 4096 + 2 * 65536, (off_t)1 << 40 };
	static uint8_t bytes[60000];
	axon_message message;
	for (size_t i = 0; i <= sizeof sizes / sizeof sizes[0]; i++) {
		open_both();
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
		axon_close(server); /* whose mapping would not outlive this; its slot does */
		if (i < sizeof sizes / sizeof sizes[0])
			CHECK_EQUAL(truncate(object("", "~0.00"), sizes[i]), 0);
		else
			CHECK_EQUAL(unlink(object("", "~0.00")), 0);
		CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_CORRUPT);
		CHECK_ERROR("not there");
		server = open_as(AXON_SERVER, CAPACITY);
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK); /* in a slot of its own */
		close_both();
	}
	open_both();
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
	CHECK_EQUAL(chmod(object("", "~0.00"), 0666), 0);
	CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_ACCESS);
	CHECK_ERROR("mode 0666");
	axon_close(client);
	client = open_as(AXON_CLIENT, CAPACITY);
	CHECK_EQUAL(chmod(object("", "~0.00"), 0600), 0); /* and the message is neither lost nor counted as delivered */
	CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK);
	CHECK_EQUAL(message.deliveries, 1);
	CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	close_both();
	open_both(); /* once it is mapped, its name is not needed */
	for (int i = 0; i < 3; i++) {
		CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
		CHECK_EQUAL(axon_release(client, &message), AXON_OK);
		if (i == 0)
			CHECK_EQUAL(unlink(object("", "~0.00")), 0);
	}
	close_both();
}

static int sending, asking;

static void *send_until_it_fails(void *unused)
{
	const uint8_t bytes[900] = { 0 };
	while ((sending = axon_send(server, "t", bytes, sizeof bytes, LONG)) == AXON_OK)
		continue;
	CHECK_ERROR("somebody");
	return unused;
}

static void *ask(void *unused)
{
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	asking = axon_request(client, &header, "", 0, LONG, &reply);
	CHECK_ERROR("somebody");
	return unused;
}

static void names_that_vanish_end_every_wait(void)
{
	static const char *const semaphores[] = { "~0.data", "~0.space", "~1.data", "~1.space" };
	axon_message message;
	pthread_t sender, requester;
	open_both();
	for (int i = 0; i < 4; i++)
		CHECK_EQUAL(unlink(object("sem.", semaphores[i])), 0);
	in_thread(&sender, send_until_it_fails);
	wait_until_parked(server, 1);
	CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK); /* both have the semaphores, and go on */
	CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	wait_until_parked(server, 2);
	in_thread(&requester, ask);
	wait_until_parked(client, 1);
	CHECK_EQUAL(unlink(object("", "")), 0);
	end(sender);
	end(requester);
	CHECK_EQUAL(sending, AXON_CORRUPT);
	CHECK_EQUAL(asking, AXON_CORRUPT);
	close_both();
}

static void a_semaphore_that_is_missing_is_named_at_the_attach(void)
{
	const axon_options options = options_for(AXON_SERVER, CAPACITY);
	open_both();
	axon_close(server);
	CHECK_EQUAL(unlink(object("sem.", "~1.space")), 0);
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_CORRUPT);
	CHECK_ERROR("~1.space is missing");
	axon_close(client);
	server = open_as(AXON_SERVER, CAPACITY); /* makes them anew */
	axon_close(server);
}

static sem_t *semaphore(const char *suffix)
{
	sem_t *opened = sem_open(object("", suffix) + strlen("/dev/shm"), 0);
	CHECK(opened != SEM_FAILED);
	return opened;
}

/* Two thousand million posts would take half a minute. */
static void fill_up(sem_t *flooded)
{
	int value = 0;
#if defined(__GLIBC__)
	*(volatile uint32_t *)(void *)flooded = SEM_VALUE_MAX;
#else
	while (sem_post(flooded) == 0)
		continue;
#endif
	CHECK_EQUAL(sem_getvalue(flooded, &value), 0);
	CHECK_EQUAL(value, SEM_VALUE_MAX);
	CHECK_EQUAL(sem_post(flooded), -1);
}

static void *receive_one(void *unused)
{
	receive_text(client, "t", "");
	return unused;
}

/* A wait ends in time, takes a small part of a processor, and sees what comes. */
static void a_semaphore_with_all_permits_is_no_alarm_clock(void)
{
	axon_message message;
	pthread_t thread;
	open_both();
	fill_up(semaphore("~0.data"));
	fill_up(semaphore("~0.space"));
	const int64_t begin = clock_of(CLOCK_MONOTONIC), used = clock_of(CLOCK_PROCESS_CPUTIME_ID);
	CHECK_EQUAL(axon_receive(client, &message, 1000 * MILLISECONDS), AXON_EMPTY);
	CHECK(clock_of(CLOCK_MONOTONIC) - begin >= 1000 * MILLISECONDS);
	CHECK(clock_of(CLOCK_PROCESS_CPUTIME_ID) - used < 200 * MILLISECONDS * slowness());
	CHECK(parks(client) <= 11); /* one for each bounded wait */
	in_thread(&thread, receive_one);
	wait_until_parked(client, 1 + parks(client));
	send_text(server, "t", ""); /* its post overflows */
	end(thread);
	int status = AXON_OK;
	const uint8_t bytes[900] = { 0 };
	while (status == AXON_OK)
		status = axon_send(server, "t", bytes, sizeof bytes, 300 * MILLISECONDS);
	CHECK_EQUAL(status, AXON_FULL);
	CHECK(parks(server) <= 4);
	close_both();
}

static void a_million_permits_are_used_up(void)
{
	axon_message message;
	open_both();
	sem_t *flooded = semaphore("~0.data");
	for (int i = 0; i < 1000000; i++)
		CHECK_EQUAL(sem_post(flooded), 0);
	int value = 1000000;
	for (int i = 0; i < 100 && value != 0; i++) {
		CHECK_EQUAL(axon_receive(client, &message, MILLISECONDS), AXON_EMPTY);
		send_text(server, "t", "");
		receive_text(client, "t", "");
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
		CHECK_EQUAL(sem_getvalue(flooded, &value), 0);
	}
	CHECK_EQUAL(value, 0);
	close_both();
}

/* glibc ends the process that waits on, or posts, what was written over by somebody. */
static void a_semaphore_that_was_written_over(void)
{
	axon_message message;
	open_both();
	memset((uint8_t *)semaphore("~0.data") + 4, 0xff, 12);
	CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_CORRUPT);
	send_text(server, "t", "");
	axon_wake(client);
	close_both();
	open_both();
	memset((uint8_t *)semaphore("~0.space") + 4, 0xff, 12);
	send_until_it_fails(NULL);
	CHECK_EQUAL(sending, AXON_CORRUPT);
	close_both();
}

TESTS(objects, { "a-slot-that-was-truncated-or-removed", a_slot_that_was_truncated_or_removed },
		{ "names-that-vanish-end-every-wait", names_that_vanish_end_every_wait },
		{ "a-missing-semaphore-is-named", a_semaphore_that_is_missing_is_named_at_the_attach },
		{ "a-semaphore-with-all-permits", a_semaphore_with_all_permits_is_no_alarm_clock },
		{ "a-million-permits-are-used-up", a_million_permits_are_used_up },
		{ "a-semaphore-that-was-written-over", a_semaphore_that_was_written_over });
