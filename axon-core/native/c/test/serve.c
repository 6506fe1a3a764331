/* axon_serve(): handlers by tag. */
#define _GNU_SOURCE
#include <pthread.h>

#include "check.h"

#define STOPPED 7

static int answer(axon_channel *channel, const axon_message *message, void *context)
{
	return axon_reply(channel, message, context, strlen(context), AXON_DEFAULT_TIMEOUT);
}

static int stop(axon_channel *channel, const axon_message *message, void *context)
{
	axon_counters counters;
	axon_get_counters(channel, &counters);
	*(uint64_t *)context = counters.messages_received;
	return message->correlation_id != 0 ? axon_reply(channel, message, NULL, 0, -2) : STOPPED;
}

static uint64_t handled_at_stop;
static const axon_handler handlers[] = {
	{ "*", answer, "*" },
	{ "sensor.room.*", answer, "sensor.room.*" },
	{ "sensor.*", answer, "sensor.*" },
	{ "sensor.room.1", answer, "sensor.room.1" },
	{ "stop", stop, &handled_at_stop },
};

struct serving {
	axon_channel *channel;
	size_t count;
	int status;
};

static void *serve(void *argument)
{
	struct serving *serving = argument;
	serving->status = axon_serve(serving->channel, handlers, serving->count);
	return NULL;
}

static pthread_t begin(struct serving *serving)
{
	pthread_t thread;
	CHECK_EQUAL(pthread_create(&thread, NULL, serve, serving), 0);
	return thread;
}

static void ask(axon_channel *client, const char *tag, const char *expected, bool error)
{
	const axon_header header = { .tag = tag };
	axon_message reply;
	CHECK_EQUAL(axon_request(client, &header, NULL, 0, LONG, &reply), AXON_OK);
	CHECK_EQUAL(reply.error, error);
	CHECK_EQUAL(reply.payload_length, strlen(expected));
	CHECK(memcmp(reply.payload, expected, reply.payload_length) == 0);
	CHECK_EQUAL(axon_release(client, &reply), AXON_OK);
}

static void finds_the_handler_of_a_tag(void)
{
	struct serving serving = { open_as(AXON_SERVER, 4096), sizeof handlers / sizeof *handlers, 0 };
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	const pthread_t thread = begin(&serving);
	ask(client, "sensor.room.1", "sensor.room.1", false);
	ask(client, "sensor.room.10", "sensor.room.*", false);
	ask(client, "sensor.room.", "sensor.room.*", false);
	ask(client, "sensor.roo", "sensor.*", false);
	ask(client, "sensor", "*", false);
	ask(client, "stops", "*", false);
	send_text(client, "stop", "");
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	CHECK_EQUAL(serving.status, STOPPED);
	CHECK_EQUAL(handled_at_stop, 6);
	axon_counters counters;
	axon_get_counters(serving.channel, &counters);
	CHECK_EQUAL(counters.messages_received, 7); /* what ended it is acknowledged too */
	axon_close(client);
	axon_close(serving.channel);
}

static void refuses_what_has_no_handler(void)
{
	struct serving serving = { open_as(AXON_SERVER, 4096), 0, 0 };
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	const pthread_t thread = begin(&serving);
	send_text(client, "plain", "passed over");
	ask(client, "unknown", "no handler for the tag \"unknown\"", true);
	axon_close(serving.channel); /* ends it */
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	CHECK_EQUAL(serving.status, AXON_CLOSED);
	axon_close(client);
}

static void checks_its_handlers_and_returns_their_errors(void)
{
	const axon_handler none[] = { { "*", answer, NULL }, { "", answer, NULL } };
	axon_channel *server = open_as(AXON_SERVER, 4096), *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(axon_serve(server, none, 2), AXON_INVALID);
	CHECK_ERROR("handler 1 of 2");
	CHECK_EQUAL(axon_serve(server, NULL, 1), AXON_INVALID);
	const axon_header header = { .tag = "stop", .correlation_id = 1 };
	CHECK_EQUAL(axon_send_with(client, &header, NULL, 0, 0), AXON_OK);
	CHECK_EQUAL(axon_serve(server, handlers, 5), AXON_INVALID);
	CHECK_ERROR("time-out of -2 ns");
	axon_close(client);
	axon_close(server);
}

static int is_over(void *over)
{
	return __atomic_load_n((bool *)over, __ATOMIC_ACQUIRE);
}

static void ends_by_an_interrupt(void)
{
	static bool over;
	axon_options options = options_for(AXON_SERVER, 4096);
	struct serving serving = { NULL, 1, 0 };
	axon_channel *client;
	options.interrupted = is_over;
	options.interrupt_context = &over;
	CHECK_EQUAL(axon_open(&serving.channel, channel_name(), &options), AXON_OK);
	client = open_as(AXON_CLIENT, 4096);
	const pthread_t thread = begin(&serving);
	ask(client, "ready", "*", false);
	axon_wake(serving.channel);
	ask(client, "still there", "*", false);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	axon_wake(serving.channel);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	CHECK_EQUAL(serving.status, AXON_INTERRUPTED);
	axon_close(client);
	axon_close(serving.channel);
}

static bool entered, left;

static int be_slow(axon_channel *channel, const axon_message *message, void *context)
{
	char copy[5];
	__atomic_store_n(&entered, true, __ATOMIC_RELEASE);
	while (axon_peer_alive(channel) != AXON_CLOSED) {}
	nanosleep(&(struct timespec){ .tv_nsec = 50 * MILLISECONDS }, NULL); /* a close that does not wait returns */
	memcpy(copy, message->payload, sizeof copy); /* of memory that must still be there */
	CHECK(context == NULL && memcmp(copy, "bytes", sizeof copy) == 0);
	__atomic_store_n(&left, true, __ATOMIC_RELEASE);
	return 0;
}

static void *serve_slowly(void *channel)
{
	const axon_handler handler = { "*", be_slow, NULL };
	CHECK_EQUAL(axon_serve(channel, &handler, 1), AXON_CLOSED);
	return NULL;
}

static void holds_a_close_up(void)
{
	pthread_t thread;
	axon_channel *server = open_as(AXON_SERVER, 4096), *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(pthread_create(&thread, NULL, serve_slowly, server), 0);
	send_text(client, "slow", "bytes");
	while (!__atomic_load_n(&entered, __ATOMIC_ACQUIRE)) {}
	axon_close(server);
	CHECK(__atomic_load_n(&left, __ATOMIC_ACQUIRE));
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	axon_close(client);
}

TESTS(serve, { "serving-finds-the-handler-of-a-tag", finds_the_handler_of_a_tag },
		{ "serving-refuses-what-has-no-handler", refuses_what_has_no_handler },
		{ "serving-checks-its-handlers", checks_its_handlers_and_returns_their_errors },
		{ "serving-ends-by-an-interrupt", ends_by_an_interrupt }, { "serving-holds-a-close-up", holds_a_close_up });
