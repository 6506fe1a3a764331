/* A peer that writes what it should not, where it should not, while both sides run: they get an error or go on. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "barrier.h"
#include "check.h"

#define CAPACITY 4096
#define RING(ring) ((size_t)4096 + (ring) * (4096 + CAPACITY)) /* its control page */
#define DATA(ring) (RING(ring) + 4096)
enum control { FREE = 0, PARKED = 128, HANDLED = 256, WANTED = 384 };
#define INCARNATION(role) (128 + (role) * 128)
#define PID(role) (INCARNATION(role) + 8)
#define SERVER 0
#define CLIENT 1

static axon_channel *server, *client;
static uint8_t *segment;

static void open_both(void)
{
	axon_options options = options_for(AXON_SERVER, CAPACITY);
	options.large_memory = 1 << 20;
	options.spin = 0;
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
	options.role = AXON_CLIENT;
	CHECK_EQUAL(axon_open(&client, channel_name(), &options), AXON_OK);
	segment = map_segment(NULL);
}

/* Also of a channel that is corrupt, or whose segment has lost its name. */
static void close_both(void)
{
	axon_close(server);
	axon_close(client);
	axon_discard(channel_name());
}

static uint64_t *word_at(size_t offset)
{
	return (uint64_t *)(void *)(segment + offset);
}

static void put(size_t offset, uint64_t value)
{
	__atomic_store_n(word_at(offset), value, __ATOMIC_RELEASE);
}

static uint64_t get(size_t offset)
{
	return __atomic_load_n(word_at(offset), __ATOMIC_ACQUIRE);
}

static uint64_t wakeups(const axon_channel *channel)
{
	axon_counters counters;
	axon_get_counters(channel, &counters);
	return counters.wakeups;
}

static void wait_until_parked(const axon_channel *channel)
{
	axon_counters counters;
	do {
		sched_yield();
		axon_get_counters(channel, &counters);
	} while (counters.parks == 0);
}

static void in_thread(pthread_t *thread, void *run(void *))
{
	CHECK_EQUAL(pthread_create(thread, NULL, run, NULL), 0);
}

static void end(pthread_t thread)
{
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
}

static void a_tag_that_is_no_utf8_is_handed_on(void)
{
	const char tag[] = "\xff\xc0\x80\xed\xa0\x80\xf5";
	axon_message message;
	open_both();
	send_text(server, tag, "");
	receive_text(client, tag, "");
	put(DATA(0) + 64, 64 | UINT64_C(255) << 32 | UINT64_C(100) << 48); /* longer than its record */
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_CORRUPT);
	close_both();
}

/* What an endpoint has written itself it does not read again. */
static void an_endpoints_own_words_are_not_read_back(void)
{
	const uint64_t forged[] = { 0, 63, UINT64_MAX, UINT64_C(1) << 62 };
	open_both();
	for (uint32_t i = 0; i < 400; i++) {
		const uint64_t value = forged[i % 4];
		put(RING(0) + HANDLED, value); /* the client's */
		put(RING(0) + PARKED, value);
		put(RING(0) + WANTED, value == 63 ? 0 : value); /* the server's; the client reads it */
		put(INCARNATION(CLIENT), value);
		put(PID(CLIENT), value);
		send_text(server, "n", "12345678");
		CHECK_EQUAL(receive_text(client, "n", "12345678").deliveries, 1);
	}
	close_both();
}

static void positions_that_run_backwards_are_refused(void)
{
	axon_message message;
	open_both();
	for (int i = 0; i < 40; i++) { /* free is published for each eighth of the ring */
		send_text(server, "n", "12345678");
		receive_text(client, "n", "12345678");
	}
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	CHECK_EQUAL(get(RING(0) + FREE), 40 * 64);
	for (int i = 0; i < 30; i++) /* the server looks at `free` */
		send_text(server, "n", "12345678");
	put(RING(0) + FREE, 39 * 64);
	for (int i = 0; i < 40; i++) {
		const int status = axon_send(server, "n", "12345678", 8, 0);
		if (status == AXON_OK)
			continue;
		CHECK_EQUAL(status, AXON_CORRUPT);
		CHECK_ERROR("forged");
		close_both();
		return;
	}
	CHECK(false);
}

/* Each new value is worth one post and no more, and any may come. */
static void forged_wishes_to_be_woken_cost_a_post_each(void)
{
	open_both();
	for (uint64_t i = 0; i < 200; i++) {
		const uint64_t before = wakeups(server), value = i % 3 == 0 ? UINT64_MAX - i * 4 : random_of((uint32_t)i) | 1;
		put(RING(0) + PARKED, value);
		for (int n = 0; n < 3; n++)
			send_text(server, "n", "");
		CHECK_EQUAL(wakeups(server), before + 1);
		const uint64_t posted = wakeups(client);
		for (int n = 0; n < 3; n++) {
			put(RING(0) + WANTED, i % 2 == 0 ? 1 + i : UINT64_MAX - i); /* reached long ago, or never */
			receive_text(client, "n", "");
		}
		CHECK(wakeups(client) <= posted + 1);
	}
	close_both();
}

static int request_status;

static void *request(void *unused)
{
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	request_status = axon_request(client, &header, "", 0, LONG, &reply);
	return unused;
}

static void a_forged_incarnation_or_pid_is_no_more_than_that(void)
{
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	pthread_t thread;
	axon_options options = options_for(AXON_SERVER, CAPACITY);
	axon_channel *second;
	open_both();
	put(PID(SERVER), UINT64_MAX);
	CHECK_EQUAL(axon_open(&second, channel_name(), &options), AXON_ROLE_TAKEN);
	CHECK_ERROR("18446744073709551615");
	in_thread(&thread, request);
	wait_until_parked(client);
	put(INCARNATION(SERVER), UINT64_MAX); /* not the one that was asked */
	end(thread);
	CHECK_EQUAL(request_status, AXON_PEER_DIED);
	put(PID(SERVER), 0); /* nobody there */
	CHECK_EQUAL(axon_request(client, &header, "", 0, MILLISECONDS, &reply), AXON_TIMEOUT);
	axon_close(server);
	server = open_as(AXON_SERVER, CAPACITY);
	CHECK_EQUAL(get(INCARNATION(SERVER)), 0); /* it has wrapped */
	send_text(server, "n", "12345678");
	receive_text(client, "n", "12345678");
	close_both();
}

/* A request has looked past it; without it, the receiver would never get to what lies behind. */
static void a_message_that_vanishes_is_missed(void)
{
	const axon_header header = { .tag = "ask" };
	axon_message message;
	open_both();
	send_text(server, "n", "12345678");
	send_text(server, "n", "12345678");
	CHECK_EQUAL(axon_request(client, &header, "", 0, 0, &message), AXON_TIMEOUT);
	put(DATA(0), 0);
	CHECK_EQUAL(axon_receive(client, &message, MILLISECONDS), AXON_CORRUPT);
	close_both();
}

/* The memory of a segment that says it is half-made is not taken away from those who have it mapped. */
static void a_segment_in_use_is_not_made_again(void)
{
	axon_options options = options_for(AXON_SERVER, CAPACITY);
	open_both();
	send_text(server, "n", "12345678");
	const uint64_t ready = get(0);
	axon_channel *again;
	put(0, 0);
	CHECK_EQUAL(axon_open(&again, channel_name(), &options), AXON_ROLE_TAKEN);
	axon_close(server);
	put(0, 0);
	CHECK_EQUAL(axon_open(&again, channel_name(), &options), AXON_CORRUPT);
	CHECK_ERROR("its first word is 0 although process");
	put(0, ready);
	server = open_as(AXON_SERVER, CAPACITY);
	receive_text(client, "n", "12345678");
	close_both();
}

#define TURNS repetitions(4000)
#define ROUNDS repetitions(40)

static bool stop;

/*
 * Writes random values to random words: some of any kind, some such as could
 * be true. Not to the first line of the header's page, which nobody reads now.
 */
static void *write_at_random(void *unused)
{
	for (uint32_t i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		const uint32_t random = random_of(i), ring = random >> 31;
		const size_t record = DATA(ring) + random % 64 * 64;
		const uint64_t value = (uint64_t)random_of(random) << 32 | random_of(random + 1);
		switch (random >> 8 & 7) {
		case 0: put(RING(ring) + (random & 3) * 128, value >> (random >> 16 & 63)); break;
		case 1: put(RING(ring) + (random & 3) * 128, get(RING(ring) + (random & 3) * 128) + (value & 7) * 64 - 256); break;
		case 2: put(record, (64 + value % 200) | (1 + value % 8) << 32 | (value >> 40 & 0x4f) << 40); break;
		case 3: put(record, get(record) ^ UINT64_C(1) << (value & 63)); break;
		case 4: put(record + (value & 56), value); break;
		case 5: put(64 + (value & 504), value); break;
		case 6: put(record, 0); break;
		default: sched_yield(); break;
		}
	}
	return unused;
}

/* Changes the header word that the server looks at, back and forth, and at last is found out. */
static void *change_while_it_is_read(void *unused)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		const size_t record = DATA(1) + (get(RING(1) + HANDLED) & (CAPACITY - 64));
		for (int i = 0; i < 20; i++) {
			put(record, 64 | UINT64_C(1) << 32);
			put(record, 0xffff | UINT64_C(1) << 32);
			put(record, 64 | UINT64_C(1) << 32);
		}
	}
	return unused;
}

static void look_at(const axon_message *message)
{
	uint64_t sum = 0;
	const ptrdiff_t in_ring = (const char *)message->payload - message->tag;
	CHECK(in_ring < 0 || in_ring > CAPACITY || in_ring + (int64_t)message->payload_length <= CAPACITY / 4);
	for (size_t i = 0; i < message->payload_length; i++)
		sum += ((const uint8_t *)message->payload)[i];
	for (size_t i = 0; i < message->tag_length + (size_t)(sum == UINT64_MAX); i++)
		sum += (uint8_t)message->tag[i];
	CHECK(message->payload_length <= 1 << 20 && message->tag_length > 0 && sum != UINT64_MAX);
}

static uint32_t turns, ends, found;

/* AXON_OK, or what a broken channel may answer. */
static bool survives(int status)
{
	CHECK(status == AXON_OK || status == AXON_EMPTY || status == AXON_FULL || status == AXON_TIMEOUT || status == AXON_CORRUPT
			|| status == AXON_PEER_DIED);
	if (status == AXON_CORRUPT)
		__atomic_add_fetch(&found, 1, __ATOMIC_RELAXED);
	return status != AXON_CORRUPT;
}

static void *send_and_ask(void *unused)
{
	const axon_header ask = { .tag = "ask", .metadata = "m", .metadata_length = 1 };
	static uint8_t bytes[40000];
	axon_message reply;
	bool sound = true;
	for (uint32_t i = 0; sound; i++) {
		sound = survives(axon_send(client, "n", bytes, random_of(i) % (i % 16 == 0 ? sizeof bytes : 900), MILLISECONDS));
		if (sound && i % 8 == 0) {
			const int status = axon_request(client, &ask, bytes, 8, MILLISECONDS, &reply);
			sound = survives(status);
			if (status == AXON_OK) {
				look_at(&reply);
				CHECK_EQUAL(axon_release(client, &reply), AXON_OK);
			}
		}
		__atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED);
		sound = sound && __atomic_load_n(&ends, __ATOMIC_RELAXED) == 0 && i < 500;
	}
	__atomic_add_fetch(&ends, 1, __ATOMIC_RELAXED);
	return unused;
}

static void *receive_and_answer(void *unused)
{
	axon_message message;
	for (bool sound = true; sound && __atomic_load_n(&ends, __ATOMIC_RELAXED) == 0;) {
		const int status = axon_receive(server, &message, MILLISECONDS);
		sound = survives(status);
		if (status != AXON_OK)
			continue;
		look_at(&message);
		if (message.correlation_id != 0 && !message.reply)
			sound = survives(axon_reply(server, &message, message.payload, message.payload_length, MILLISECONDS));
	}
	__atomic_add_fetch(&ends, 1, __ATOMIC_RELAXED);
	return unused;
}

/* What is checked is a copy: the bytes change between the check and the use. */
static void random_words_while_both_run(void)
{
	pthread_t threads[2], writer;
	uint32_t rounds = 0;
#if defined(__SANITIZE_THREAD__)
	return; /* it consists of races */
#endif
	for (; (turns < TURNS || rounds < ROUNDS) && rounds < 20 * ROUNDS; rounds++) {
		stop = false;
		ends = 0;
		open_both();
		in_thread(&writer, rounds % 2 == 0 ? write_at_random : change_while_it_is_read);
		in_thread(&threads[0], send_and_ask);
		in_thread(&threads[1], receive_and_answer);
		end(threads[0]);
		end(threads[1]);
		__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
		end(writer);
		close_both();
	}
	CHECK(found > 0);
}

TESTS(hostile, { "a-tag-that-is-no-utf8", a_tag_that_is_no_utf8_is_handed_on },
		{ "own-words-are-not-read-back", an_endpoints_own_words_are_not_read_back },
		{ "positions-that-run-backwards", positions_that_run_backwards_are_refused },
		{ "forged-wishes-to-be-woken", forged_wishes_to_be_woken_cost_a_post_each },
		{ "a-forged-incarnation-or-pid", a_forged_incarnation_or_pid_is_no_more_than_that },
		{ "a-message-that-vanishes", a_message_that_vanishes_is_missed },
		{ "a-segment-in-use-is-not-made-again", a_segment_in_use_is_not_made_again },
		{ "random-words-while-both-run", random_words_while_both_run });
