/*
 * Races between parking and waking, across processes. A thread says what it
 * waits for and waits; the other process, which looks for that without parking
 * as long as it comes soon, answers after a pause that ends somewhere around
 * the moment of parking. The bounded wait is long; what was there for half of
 * it before it was noticed has lost its wake-up. Each payload is the time
 * when it was sent, and that of the last one is longer.
 *
 * RACES=10000000 in the environment: so many, however long it takes.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define BOUNDED_WAIT (10000 * MILLISECONDS) /* a busy machine lets a process wait for seconds */
#define SPIN 1000              /* ns */
#define PAUSE 8000             /* ns, at most: spin, grace period, and some more; */
#define LONG_PAUSE 2500000     /* the first wait, and some more, */
#define LONG_EACH 64           /* for one in so many, or the first wait would make good each loss */
#define PATIENCE 50000         /* ns without parking */
#define ROOM 3                 /* messages of SIZE in the ring */
#define SIZE 1000
#define WAITERS 3              /* one for messages, the others for replies */
#define SHORT_RACES 40000      /* or as many as fit into */
#define SHORT_TIME (2000 * MILLISECONDS)
#define STALL (200 * MILLISECONDS)
#define ENOUGH 2               /* lost wake-ups after which it ends */

static struct {
	uint64_t races, lost;
	uint64_t sending;      /* number of the message that is being sent, counted from 1 */
	int64_t released;      /* when the last room was made */
	uint32_t stop;
} *shared;

static axon_channel *channel;
static int waiters;
static uint64_t races;         /* 0: short */

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void pause_at_random(void)
{
	static uint32_t seed;
	const uint32_t random = random_of(seed++);
	for (const int64_t end = now() + random % (seed % LONG_EACH == 0 ? LONG_PAUSE : PAUSE); now() < end;)
		continue;
}

static bool ends(int64_t began)
{
	const uint64_t done = shared->races;
	if (__atomic_load_n(&shared->lost, __ATOMIC_RELAXED) >= ENOUGH)
		return true;
	return races != 0 ? done >= races : done >= SHORT_RACES || (done % 64 == 0 && now() - began > SHORT_TIME);
}

static int64_t ticked, stalled;

/* Notices when the whole machine, or all of this process, was halted. */
static void *tick(void *unused)
{
	const struct timespec time = { .tv_nsec = 10 * MILLISECONDS };
	for (int64_t last = now();; last = ticked) {
		nanosleep(&time, NULL);
		const int64_t tick = now();
		if (tick - last > STALL)
			__atomic_store_n(&stalled, tick, __ATOMIC_RELAXED);
		__atomic_store_n(&ticked, tick, __ATOMIC_RELEASE);
	}
	return unused;
}

/* Judges a wait that has just ended: began is since when there was what it waited for. */
static void judge(int64_t began)
{
	const int64_t ended = now();
	if (ended - began < BOUNDED_WAIT / 2) /* a wait that ends by time began before, or after, what it waits for was sent */
		return;
	while (__atomic_load_n(&ticked, __ATOMIC_ACQUIRE) < ended)
		sched_yield();
	const bool halted = __atomic_load_n(&stalled, __ATOMIC_RELAXED) >= began;
	fprintf(stderr, "not noticed for %.3f s%s\n", (double)(ended - began) / 1e9, halted ? ", in which the machine stood still" : "");
	if (!halted)
		__atomic_add_fetch(&shared->lost, 1, __ATOMIC_RELAXED);
}

/* Whether it was the last one. */
static bool judge_message(const axon_message *message)
{
	int64_t sent;
	memcpy(&sent, message->payload, sizeof sent);
	judge(sent);
	return message->payload_length > sizeof sent;
}

static void *wait_for_messages(void *unused)
{
	axon_message message;
	for (bool last = false; !last;) {
		const int64_t sent = now();
		CHECK_EQUAL(axon_send(channel, "a", &sent, sizeof sent, LONG), AXON_OK);
		CHECK_EQUAL(axon_receive(channel, &message, AXON_FOREVER), AXON_OK);
		last = judge_message(&message);
		CHECK_EQUAL(axon_release(channel, &message), AXON_OK);
	}
	return unused;
}

static void *wait_for_replies(void *unused)
{
	axon_message reply;
	for (bool last = false; !last;) {
		const axon_header header = { .tag = "a" };
		const int64_t sent = now();
		CHECK_EQUAL(axon_request(channel, &header, &sent, sizeof sent, LONG, &reply), AXON_OK);
		last = judge_message(&reply);
		CHECK_EQUAL(axon_release(channel, &reply), AXON_OK);
	}
	return unused;
}

static void start_ticker(void)
{
	pthread_t ticker;
	CHECK_EQUAL(pthread_create(&ticker, NULL, tick, NULL), 0);
}

static void open_with_long_waits(axon_role role)
{
	axon_options options = options_for(role, 4096);
	options.spin = SPIN;
	options.bounded_wait = BOUNDED_WAIT;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_OK);
}

/* The process that answers ends with the one that waits. */
static void open_as_the_one_that_answers(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (races != 0)
		alarm(0);
	start_ticker();
	open_with_long_waits(AXON_CLIENT);
}

static void receive_soon(axon_message *message)
{
	int status;
	const int64_t end = now() + PATIENCE;
	do
		status = axon_receive(channel, message, 0);
	while (status == AXON_EMPTY && now() < end);
	if (status == AXON_EMPTY)
		status = axon_receive(channel, message, AXON_FOREVER);
	CHECK_EQUAL(status, AXON_OK);
}

/* Answers one that waits, or some in a row; these wait again before the next are answered, or those could make good a loss. */
static void answer_at_random(void)
{
	axon_message message;
	struct { int64_t sent; char last; } payload = { 0 };
	uint64_t asked[WAITERS]; /* correlation ids, 0 for a message */
	int waiting = 0;
	open_as_the_one_that_answers();
	const int64_t began = now();
	bool last = false;
	for (uint32_t seed = 0; !last; seed++) {
		last = ends(began);
		for (; waiting < waiters; waiting++) {
			receive_soon(&message);
			judge_message(&message);
			asked[waiting] = message.correlation_id;
			CHECK_EQUAL(axon_release(channel, &message), AXON_OK);
		}
		for (int answers = last ? waiting : 1 + (int)(random_of(seed) % (uint32_t)waiters); answers > 0; answers--) {
			const int which = (int)(random_of(seed + (uint32_t)answers) % (uint32_t)waiting);
			const axon_header header = { .tag = "a", .correlation_id = asked[which], .reply = asked[which] != 0 };
			pause_at_random();
			payload.sent = now();
			CHECK_EQUAL(axon_send_with(channel, &header, &payload, sizeof payload.sent + last, LONG), AXON_OK);
			asked[which] = asked[--waiting];
			shared->races++;
		}
	}
	axon_close(channel);
}

static void tell(const char *what)
{
	axon_counters counters;
	axon_get_counters(channel, &counters);
	if (races != 0)
		printf("%s: races=%llu parks=%llu lost=%llu\n", what, (unsigned long long)shared->races,
				(unsigned long long)counters.parks, (unsigned long long)shared->lost);
	CHECK(shared->races > 0);
	CHECK_EQUAL(shared->lost, 0);
}

/* Before it opens the channel, which a forked child would inherit. */
static pid_t start_the_one_that_answers(void run(void))
{
	const char *wanted = getenv("RACES");
	races = wanted == NULL ? 0 : strtoull(wanted, NULL, 10) / 4;
	if (races != 0)
		alarm(0);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	const pid_t child = start(run);
	start_ticker();
	open_with_long_waits(AXON_SERVER);
	return child;
}

static void race_for_data(int count)
{
	pthread_t threads[WAITERS];
	waiters = count;
	const pid_t child = start_the_one_that_answers(answer_at_random);
	for (int i = 0; i < count; i++)
		CHECK_EQUAL(pthread_create(&threads[i], NULL, i == 0 ? wait_for_messages : wait_for_replies, NULL), 0);
	for (int i = 0; i < count; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	join(child);
	tell("data");
	axon_close(channel);
}

static void no_wake_up_of_a_receiver_is_lost(void)
{
	race_for_data(1);
}

static void no_wake_up_of_two_threads_is_lost(void)
{
	race_for_data(2);
}

static void no_wake_up_of_three_threads_is_lost(void)
{
	race_for_data(3);
}

/* Makes room for one when the sender is about to find none. */
static void make_room_at_random(void)
{
	axon_message message;
	open_as_the_one_that_answers();
	const int64_t began = now();
	while (!ends(began)) {
		for (const int64_t end = now() + PATIENCE; __atomic_load_n(&shared->sending, __ATOMIC_ACQUIRE) <= shared->races + ROOM;) {
			if (now() > end)
				sched_yield();
		}
		pause_at_random();
		receive_soon(&message);
		__atomic_store_n(&shared->released, now(), __ATOMIC_RELAXED);
		CHECK_EQUAL(axon_release(channel, &message), AXON_OK);
		shared->races++;
	}
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
	for (bool last = false; !last;) {
		receive_soon(&message);
		last = message.payload_length == 0;
		CHECK_EQUAL(axon_release(channel, &message), AXON_OK);
	}
	axon_close(channel);
}

static void no_wake_up_of_a_sender_is_lost(void)
{
	static const uint8_t payload[SIZE];
	const pid_t child = start_the_one_that_answers(make_room_at_random);
	while (__atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE) == 0) {
		__atomic_store_n(&shared->sending, shared->sending + 1, __ATOMIC_RELEASE);
		const int64_t began = now();
		CHECK_EQUAL(axon_send(channel, "a", payload, SIZE, LONG), AXON_OK);
		const int64_t released = __atomic_load_n(&shared->released, __ATOMIC_RELAXED);
		judge(released > began ? released : began);
	}
	CHECK_EQUAL(axon_send(channel, "a", NULL, 0, LONG), AXON_OK);
	join(child);
	tell("room");
	axon_close(channel);
}

TESTS(races, { "races-of-a-receiver", no_wake_up_of_a_receiver_is_lost },
		{ "races-of-two-threads", no_wake_up_of_two_threads_is_lost },
		{ "races-of-three-threads", no_wake_up_of_three_threads_is_lost },
		{ "races-of-a-sender", no_wake_up_of_a_sender_is_lost });
