/* How a thread waits: what it tells the producer, and what ends its wait. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static axon_channel *channel, *peer;

static uint64_t posts_of(axon_channel *of)
{
	axon_counters counters;
	axon_get_counters(of, &counters);
	return counters.wakeups;
}

static void wait_until_parked(uint64_t parks)
{
	axon_counters counters;
	do {
		axon_get_counters(channel, &counters);
		sched_yield();
	} while (counters.parks < parks);
}

/* The word of the ring that the client writes and the server reads, at this test's capacity. */
static const uint64_t *parked_word(void)
{
	return (const uint64_t *)(const void *)((uint8_t *)map_segment(NULL) + 2 * 4096 + 4096 + 128);
}

static uint64_t parked(void)
{
	static const uint64_t *word;
	if (word == NULL)
		word = parked_word();
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void wait_until_told(uint64_t bits)
{
	while ((parked() & 3) != bits)
		sched_yield();
}

static void *receive_anything(void *unused)
{
	axon_message message;
	CHECK_EQUAL(axon_receive(channel, &message, LONG), AXON_OK);
	CHECK_EQUAL(axon_release(channel, &message), AXON_OK);
	return unused;
}

static void *receive_a_text(void *unused)
{
	const axon_message message = receive_text(channel, "text", "hello");
	CHECK_EQUAL(axon_release(channel, &message), AXON_OK);
	return unused;
}

static void *request_something(void *unused)
{
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	CHECK_EQUAL(axon_request(channel, &header, "", 0, LONG, &reply), AXON_OK);
	CHECK_EQUAL(axon_release(channel, &reply), AXON_OK);
	return unused;
}

/* Bit 0 for messages, bit 1 for replies, and each change counts; only what is waited for is posted. */
static void the_producer_is_told_what_is_waited_for(void)
{
	pthread_t receiver, requester;
	axon_message request;
	axon_options options = options_for(AXON_SERVER, 4096);
	options.bounded_wait = LONG; /* nobody looks by himself */
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
	peer = open_as(AXON_CLIENT, 4096);
	const uint64_t attached = parked();
	CHECK_EQUAL(attached & 3, 0);

	CHECK_EQUAL(pthread_create(&requester, NULL, request_something, NULL), 0);
	wait_until_parked(1);
	CHECK_EQUAL(parked(), attached + (1 << 2) + 2);
	CHECK_EQUAL(axon_receive(peer, &request, LONG), AXON_OK);
	const uint64_t posts = posts_of(peer);
	send_text(peer, "text", "hello"); /* nobody waits for a message */
	CHECK_EQUAL(posts_of(peer), posts);
	CHECK_EQUAL(axon_reply(peer, &request, "", 0, LONG), AXON_OK);
	CHECK_EQUAL(posts_of(peer), posts + 1);
	CHECK_EQUAL(pthread_join(requester, NULL), 0);
	CHECK_EQUAL(parked(), attached + (2 << 2));
	receive_a_text(NULL);

	CHECK_EQUAL(pthread_create(&receiver, NULL, receive_a_text, NULL), 0);
	wait_until_parked(2);
	CHECK_EQUAL(parked(), attached + (3 << 2) + 1);
	const axon_header reply = { .tag = "ask", .correlation_id = request.correlation_id + 100, .reply = true };
	CHECK_EQUAL(axon_send_with(peer, &reply, "", 0, LONG), AXON_OK); /* nobody waits for a reply */
	CHECK_EQUAL(posts_of(peer), posts + 1);

	CHECK_EQUAL(pthread_create(&requester, NULL, request_something, NULL), 0); /* behind the receiver */
	wait_until_told(3);
	CHECK_EQUAL(axon_receive(peer, &request, LONG), AXON_OK);
	CHECK_EQUAL(axon_reply(peer, &request, "", 0, LONG), AXON_OK); /* wakes the receiver, which passes it on */
	CHECK_EQUAL(pthread_join(requester, NULL), 0);
	wait_until_told(1);
	send_text(peer, "text", "hello");
	CHECK_EQUAL(pthread_join(receiver, NULL), 0);
	CHECK_EQUAL(parked() & 3, 0);
	axon_close(channel);
	axon_close(peer);
}

static void wait_and_be_killed(void)
{
	axon_message message;
	channel = open_as(AXON_SERVER, 4096);
	line_tell('o');
	CHECK_EQUAL(axon_receive(channel, &message, LONG), AXON_OK);
}

/* A successor does not inherit the wait of one that was killed, and the producer is not posted for nobody. */
static void a_killed_waiter_waits_no_more(void)
{
	line_open();
	const pid_t child = start(wait_and_be_killed);
	line_expect('o');
	wait_until_told(1);
	kill_and_wait(child);
	const uint64_t left = parked();
	CHECK_EQUAL(left & 3, 1);
	channel = open_as(AXON_SERVER, 4096);
	CHECK_EQUAL(parked(), (left | 3) + 1);
	peer = open_as(AXON_CLIENT, 4096);
	send_text(peer, "text", "hello");
	CHECK_EQUAL(posts_of(peer), 0);
	receive_a_text(NULL);
	axon_close(channel);
	axon_close(peer);
}

#define ROUNDS 2000

static void stay_on_one_processor(void)
{
	cpu_set_t all, one;
	CHECK_EQUAL(sched_getaffinity(0, sizeof all, &all), 0);
	int processor = 0;
	while (!CPU_ISSET(processor, &all))
		processor++;
	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	CHECK_EQUAL(sched_setaffinity(0, sizeof one, &one), 0);
}

static void echo(void)
{
	axon_message message;
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK);
		CHECK_EQUAL(axon_send(client, "text", "hello", 5, LONG), AXON_OK);
	}
	axon_close(client);
}

/* Spinning would keep the peer from answering: it yields, is answered, and need not sleep. */
static void peers_on_one_processor_give_way(void)
{
	stay_on_one_processor();
	const pid_t child = start(echo);
	channel = open_as(AXON_SERVER, 4096);
	for (int i = 0; i < ROUNDS; i++) {
		send_text(channel, "text", "hello");
		receive_a_text(NULL);
	}
	axon_counters counters;
	axon_get_counters(channel, &counters);
	CHECK(counters.parks < ROUNDS / 2);
	join(child);
	axon_close(channel);
}

static void *send_into_a_full_ring(void *unused)
{
	send_text(channel, "text", "hello");
	return unused;
}

static void fill_ring(axon_channel *of)
{
	int status;
	do
		status = axon_send(of, "text", "hello", 5, 0);
	while (status == AXON_OK);
	CHECK_EQUAL(status, AXON_FULL);
}

/* Else both could wait for room although what the peer lacks has been handled. */
static void a_sender_that_waits_publishes_what_others_release(void)
{
	pthread_t sender;
	axon_options options = options_for(AXON_SERVER, 4096);
	options.bounded_wait = 10 * MILLISECONDS;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
	peer = open_as(AXON_CLIENT, 4096);
	fill_ring(channel);
	fill_ring(peer);
	const axon_message message = receive_text(channel, "text", "hello");
	CHECK_EQUAL(pthread_create(&sender, NULL, send_into_a_full_ring, NULL), 0);
	wait_until_parked(1);
	CHECK_EQUAL(axon_release(channel, &message), AXON_OK); /* and looks no further */
	send_text(peer, "text", "hello");
	axon_message any;
	while (pthread_tryjoin_np(sender, NULL) == EBUSY) /* a receiver that does not look does not hear who wants room */
		axon_receive(peer, &any, 0);
	axon_close(channel);
	axon_close(peer);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

static int hook_result, hook_calls;

static int hook(void *context)
{
	CHECK(context == &hook_result);
	__atomic_add_fetch(&hook_calls, 1, __ATOMIC_RELEASE);
	return __atomic_load_n(&hook_result, __ATOMIC_ACQUIRE);
}

static void *interrupt(void *unused)
{
	wait_until_parked(1);
	__atomic_store_n(&hook_result, 1, __ATOMIC_RELEASE);
	axon_wake(channel);
	return unused;
}

/*
 * As a store does that stays in its buffer for longer than the grace period.
 * On a busy machine it comes even later, so one of some tries has to be
 * noticed in time.
 */
static void a_commit_that_shows_after_the_grace_period_is_noticed_soon(void)
{
	axon_options options = options_for(AXON_SERVER, 4096);
	options.bounded_wait = LONG / 10;
	bool noticed = false;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
	uint8_t *data = (uint8_t *)map_segment(NULL) + 3 * 4096 + 4096;
	for (uint64_t i = 0; i < 5 && !noticed; i++) {
		pthread_t receiver;
		struct timespec begin, end;
		CHECK_EQUAL(pthread_create(&receiver, NULL, receive_anything, NULL), 0);
		wait_until_parked(i + 1);
		clock_gettime(CLOCK_MONOTONIC, &begin);
		__atomic_store_n((uint64_t *)(void *)(data + i * 64), 16 | UINT64_C(1) << 32, __ATOMIC_RELEASE);
		CHECK_EQUAL(pthread_join(receiver, NULL), 0);
		clock_gettime(CLOCK_MONOTONIC, &end);
		noticed = (end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec < LONG / 20;
	}
	CHECK(noticed);
	axon_close(channel);
}

static void the_hook_interrupts_a_wait(void)
{
	axon_message message;
	pthread_t thread;
	axon_options options = options_for(AXON_SERVER, 4096);
	options.interrupted = hook;
	options.interrupt_context = &hook_result;
	options.bounded_wait = LONG;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
	CHECK_EQUAL(pthread_create(&thread, NULL, interrupt, NULL), 0);
	CHECK_EQUAL(axon_receive(channel, &message, AXON_FOREVER), AXON_INTERRUPTED);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	CHECK(hook_calls > 0);
	axon_close(channel);
}

static void nothing(int signal)
{
	(void)signal;
}

static void *await_something(void *unused)
{
	CHECK_EQUAL(axon_await(channel, LONG), AXON_OK);
	return unused;
}

static void *await_the_end(void *unused)
{
	CHECK_EQUAL(axon_await(channel, LONG), AXON_CLOSED);
	return unused;
}

/* Two threads wait, and a third takes. */
static void to_await_takes_nothing(void)
{
	pthread_t waiters[2];
	channel = open_as(AXON_SERVER, 4096);
	peer = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(axon_await(channel, 0), AXON_EMPTY);
	CHECK_EQUAL(axon_await(channel, MILLISECONDS), AXON_EMPTY);
	CHECK_EQUAL(axon_await(channel, -2), AXON_INVALID);
	for (int i = 0; i < 2; i++)
		CHECK_EQUAL(pthread_create(&waiters[i], NULL, await_something, NULL), 0);
	wait_until_told(1);
	send_text(peer, "text", "hello");
	for (int i = 0; i < 2; i++)
		CHECK_EQUAL(pthread_join(waiters[i], NULL), 0);
	CHECK_EQUAL(axon_await(channel, 0), AXON_OK);
	axon_counters counters;
	axon_get_counters(channel, &counters);
	CHECK_EQUAL(counters.messages_received, 0);
	receive_text(channel, "text", "hello");
	CHECK_EQUAL(axon_await(channel, 0), AXON_OK); /* it is held */
	axon_message message;
	CHECK_EQUAL(axon_receive(channel, &message, 0), AXON_EMPTY);
	CHECK_EQUAL(axon_await(channel, 0), AXON_EMPTY);
	CHECK_EQUAL(pthread_create(&waiters[0], NULL, await_the_end, NULL), 0);
	wait_until_told(1);
	axon_close(channel);
	CHECK_EQUAL(pthread_join(waiters[0], NULL), 0);
	axon_close(peer);
}

/* What was handled is the sender's again before the receiver sleeps: else they would wait for each other. */
static void to_await_publishes(void)
{
	pthread_t waiter;
	channel = open_as(AXON_SERVER, 4096);
	peer = open_as(AXON_CLIENT, 4096);
	int sent = 0;
	while (axon_send(peer, "text", "hello", 5, 0) == AXON_OK)
		sent++;
	for (int i = 0; i < sent; i++)
		receive_text(channel, "text", "hello");
	axon_message message;
	CHECK_EQUAL(axon_receive(channel, &message, 0), AXON_EMPTY);
	CHECK_EQUAL(pthread_create(&waiter, NULL, await_something, NULL), 0);
	wait_until_told(1);
	for (int i = 0; i < sent; i++)
		CHECK_EQUAL(axon_send(peer, "text", "hello", 5, 0), AXON_OK);
	CHECK_EQUAL(pthread_join(waiter, NULL), 0);
	for (int i = 0; i < sent; i++)
		receive_text(channel, "text", "hello");
	axon_close(channel);
	axon_close(peer);
}

static pthread_t main_thread;

static void *disturb(void *unused)
{
	wait_until_parked(1);
	const int calls = __atomic_load_n(&hook_calls, __ATOMIC_ACQUIRE);
	while (__atomic_load_n(&hook_calls, __ATOMIC_ACQUIRE) == calls) {
		pthread_kill(main_thread, SIGUSR1); /* ends the wait; the hook is asked, and says: go on */
		sched_yield();
	}
	send_text(peer, "after", "EINTR");
	return unused;
}

static void a_wait_goes_on_after_a_signal(void)
{
	pthread_t thread;
	struct sigaction action = { .sa_handler = nothing };
	sigaction(SIGUSR1, &action, NULL);
	main_thread = pthread_self();
	axon_options options = options_for(AXON_SERVER, 4096);
	options.interrupted = hook;
	options.interrupt_context = &hook_result;
	options.bounded_wait = LONG;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
	peer = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(pthread_create(&thread, NULL, disturb, NULL), 0);
	receive_text(channel, "after", "EINTR");
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	axon_close(channel);
	axon_close(peer);
}

TESTS(waiting, { "peers-on-one-processor-give-way", peers_on_one_processor_give_way },
		{ "the-producer-is-told-what-is-waited-for", the_producer_is_told_what_is_waited_for },
		{ "a-killed-waiter-waits-no-more", a_killed_waiter_waits_no_more },
		{ "a-sender-that-waits-publishes-what-others-release", a_sender_that_waits_publishes_what_others_release },
		{ "a-commit-that-shows-after-the-grace-period", a_commit_that_shows_after_the_grace_period_is_noticed_soon },
		{ "to-await-takes-nothing", to_await_takes_nothing },
		{ "to-await-publishes", to_await_publishes },
		{ "the-hook-interrupts-a-wait", the_hook_interrupts_a_wait },
		{ "a-wait-goes-on-after-a-signal", a_wait_goes_on_after_a_signal });
