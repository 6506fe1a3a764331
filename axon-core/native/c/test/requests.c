/* Requests, replies, errors, metadata and looking ahead. */
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>

#include "check.h"

static const axon_header ask = { .tag = "ask", .metadata = "meta", .metadata_length = 4 };

static void answer(void)
{
	axon_channel *server = open_as(AXON_SERVER, 4096);
	axon_message message;
	for (;;) {
		CHECK_EQUAL(axon_receive(server, &message, LONG), AXON_OK);
		if (memcmp(message.tag, "quit", 4) == 0)
			break;
		CHECK_EQUAL(message.tag_length, 3);
		CHECK(memcmp(message.tag, "ask", 3) == 0 && memcmp(message.metadata, "meta", 4) == 0);
		CHECK_EQUAL(message.correlation_id >> 40, 1); /* the client's first incarnation */
		CHECK(!message.reply);
		send_text(server, "noise", "before the reply");
		if (message.payload_length == 0)
			CHECK_EQUAL(axon_reply_error(server, &message, "empty", LONG), AXON_OK);
		else
			CHECK_EQUAL(axon_reply(server, &message, message.payload, message.payload_length, LONG), AXON_OK);
	}
	axon_close(server);
}

static void answer_at_length(void)
{
	axon_channel *server = open_as(AXON_SERVER, 4096);
	axon_message message;
	CHECK_EQUAL(axon_receive(server, &message, LONG), AXON_OK);
	char text[10001] = { 0 };
	memset(text, 'x', 511);
	for (size_t i = 511; i + 3 < sizeof text; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3); /* a euro sign */
	CHECK_EQUAL(axon_reply_error(server, &message, text, LONG), AXON_OK);
	axon_close(server);
}

static void a_long_error_text_is_cut_between_characters(void)
{
	axon_message reply;
	const pid_t child = start(answer_at_length);
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(axon_request(client, &ask, NULL, 0, LONG, &reply), AXON_OK);
	CHECK(reply.error);
	CHECK_EQUAL(reply.payload_length, 511);
	CHECK(memcmp(reply.payload, "xxxx", 4) == 0);
	axon_close(client);
	join(child);
}

static void a_reply_overtakes_messages(void)
{
	axon_message reply;
	const pid_t child = start(answer);
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	for (int i = 0; i < 5; i++) {
		CHECK_EQUAL(axon_request(client, &ask, "payload", i, LONG, &reply), AXON_OK);
		CHECK(reply.reply);
		CHECK_EQUAL(reply.error, i == 0);
		CHECK_EQUAL(reply.tag_length, 3);
		CHECK_EQUAL(reply.payload_length, i == 0 ? 5 : i);
		CHECK(memcmp(reply.payload, i == 0 ? "empty" : "payload", reply.payload_length) == 0);
		CHECK_EQUAL(axon_release(client, &reply), AXON_OK);
		CHECK_EQUAL(axon_release(client, &reply), AXON_INVALID);
	}
	const axon_message held = receive_text(client, "noise", "before the reply");
	CHECK_EQUAL(axon_request(client, &ask, "payload", 7, LONG, &reply), AXON_OK); /* while another is held */
	CHECK(memcmp(held.payload, "before the reply", held.payload_length) == 0);
	CHECK_EQUAL(axon_release(client, &held), AXON_OK);
	for (int i = 0; i < 5; i++)
		receive_text(client, "noise", "before the reply");
	axon_message none;
	CHECK_EQUAL(axon_receive(client, &none, 0), AXON_EMPTY);
	CHECK(memcmp(reply.payload, "payload", 7) == 0); /* still held, although everything behind it is done with */
	CHECK_EQUAL(axon_release(client, &reply), AXON_OK);
	axon_counters counters;
	axon_get_counters(client, &counters);
	CHECK_EQUAL(counters.replies_dropped, 0);
	CHECK_EQUAL(counters.messages_received, 12);
	send_text(client, "quit", "");
	join(child);
	axon_close(client);
}

static void open_both(axon_channel **server, axon_channel **client)
{
	*server = open_as(AXON_SERVER, 4096);
	*client = open_as(AXON_CLIENT, 4096);
}

static void a_late_reply_is_dropped(void)
{
	axon_channel *server, *client;
	axon_message request, reply, message;
	open_both(&server, &client);
	CHECK_EQUAL(axon_request(client, &ask, "x", 1, 0, &reply), AXON_TIMEOUT);
	CHECK_EQUAL(axon_receive(server, &request, 0), AXON_OK);
	CHECK_EQUAL(axon_reply(server, &request, "late", 4, 0), AXON_OK);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY); /* nobody waits for it */
	axon_counters counters;
	axon_get_counters(client, &counters);
	CHECK_EQUAL(counters.replies_dropped, 1);
	request.correlation_id = 0;
	CHECK_EQUAL(axon_reply(server, &request, "", 0, 0), AXON_INVALID);
	axon_close(client);
	axon_close(server);
}

#define REQUESTS 10000

static axon_channel *shared_client;

static void *receive_in_thread(void *unused)
{
	receive_text(shared_client, "stop", "");
	return unused;
}

static void *request_in_thread(void *number)
{
	axon_message reply;
	for (uint32_t i = 0; i < repetitions(REQUESTS); i++) {
		const uint64_t payload[2] = { (uint64_t)(uintptr_t)number, i };
		CHECK_EQUAL(axon_request(shared_client, &ask, payload, sizeof payload, LONG, &reply), AXON_OK);
		CHECK_EQUAL(reply.payload_length, sizeof payload);
		CHECK(memcmp(reply.payload, payload, sizeof payload) == 0);
		CHECK_EQUAL(axon_release(shared_client, &reply), AXON_OK);
	}
	return NULL;
}

static void answer_until_quit(void)
{
	axon_channel *server = open_as(AXON_SERVER, 4096);
	axon_message message;
	for (;;) {
		CHECK_EQUAL(axon_receive(server, &message, LONG), AXON_OK);
		if (message.correlation_id == 0)
			break;
		CHECK_EQUAL(axon_reply(server, &message, message.payload, message.payload_length, LONG), AXON_OK);
	}
	send_text(server, "stop", "");
	axon_close(server);
}

static void run_requesters(int64_t spin)
{
	pthread_t threads[4];
	const pid_t child = start(answer_until_quit);
	axon_options options = options_for(AXON_CLIENT, 4096);
	options.spin = spin;
	options.bounded_wait = LONG; /* a thread that is not woken fails */
	CHECK_EQUAL(axon_open(&shared_client, channel_name(), &options), AXON_OK);
	CHECK_EQUAL(pthread_create(&threads[3], NULL, receive_in_thread, NULL), 0);
	for (uintptr_t i = 0; i < 3; i++)
		CHECK_EQUAL(pthread_create(&threads[i], NULL, request_in_thread, (void *)i), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	send_text(shared_client, "quit", "");
	CHECK_EQUAL(pthread_join(threads[3], NULL), 0);
	join(child);
	axon_close(shared_client);
}

static void requesters_and_a_receiver_share_a_channel(void)
{
	run_requesters(0);
	run_requesters(2000);
	run_requesters(20000);
}

static void large_replies(void)
{
	static uint8_t bytes[300000];
	axon_message reply;
	const pid_t child = start(answer_until_quit);
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	for (uint32_t i = 0; i < 5; i++) {
		fill(bytes, sizeof bytes, i);
		CHECK_EQUAL(axon_request(client, &ask, bytes, sizeof bytes - i, LONG, &reply), AXON_OK);
		CHECK_EQUAL(reply.payload_length, sizeof bytes - i);
		CHECK(is_filled(reply.payload, reply.payload_length, i));
		CHECK_EQUAL(axon_release(client, &reply), AXON_OK);
	}
	send_text(client, "quit", "");
	receive_text(client, "stop", "");
	join(child);
	axon_close(client);
}

static void take_and_wait(void)
{
	axon_message message;
	axon_channel *server = open_as(AXON_SERVER, 4096);
	line_tell('o');
	CHECK_EQUAL(axon_receive(server, &message, LONG), AXON_OK);
	line_tell('t');
	for (;;)
		pause();
}

static void *request_from_the_dead(void *unused)
{
	axon_message reply;
	CHECK_EQUAL(axon_request(shared_client, &ask, "x", 1, LONG, &reply), AXON_PEER_DIED);
	CHECK_ERROR("went away");
	return unused;
}

static void a_request_fails_when_the_peer_dies(void)
{
	pthread_t thread;
	axon_message reply;
	line_open();
	pid_t child = start(take_and_wait);
	shared_client = open_as(AXON_CLIENT, 4096);
	line_expect('o');
	CHECK_EQUAL(pthread_create(&thread, NULL, request_from_the_dead, NULL), 0);
	line_expect('t');
	kill_and_wait(child);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	CHECK_EQUAL(axon_peer_alive(shared_client), 0);
	/* Known dead: it waits for a successor. */
	CHECK_EQUAL(axon_request(shared_client, &ask, "x", 1, 150 * MILLISECONDS, &reply), AXON_TIMEOUT);
	child = start(answer_until_quit);
	CHECK_EQUAL(axon_request(shared_client, &ask, "y", 1, LONG, &reply), AXON_OK);
	CHECK(memcmp(reply.payload, "y", 1) == 0);
	CHECK_EQUAL(axon_release(shared_client, &reply), AXON_OK);
	send_text(shared_client, "quit", "");
	join(child);
	axon_counters counters;
	receive_text(shared_client, "stop", "");
	axon_get_counters(shared_client, &counters);
	CHECK_EQUAL(counters.replies_dropped, 2); /* to the two that had given up */
	axon_close(shared_client);
}

static void take_again_without_an_answer(void)
{
	axon_message message;
	axon_channel *server = open_as(AXON_SERVER, 4096);
	CHECK_EQUAL(axon_receive(server, &message, LONG), AXON_OK);
	CHECK_EQUAL(message.deliveries, 2);
	const axon_header reply = { .tag = "ask", .correlation_id = message.correlation_id + 1, .reply = true };
	CHECK_EQUAL(axon_send_with(server, &reply, "", 0, LONG), AXON_OK); /* to nobody, but it wakes the requester */
	send_text(server, "hello", "from the successor");
	axon_close(server);
}

static void a_successor_shows_that_the_peer_died(void)
{
	pthread_t thread;
	line_open();
	pid_t child = start(take_and_wait);
	axon_options options = options_for(AXON_CLIENT, 4096);
	options.bounded_wait = LONG; /* the lock is not looked at */
	CHECK_EQUAL(axon_open(&shared_client, channel_name(), &options), AXON_OK);
	line_expect('o');
	CHECK_EQUAL(pthread_create(&thread, NULL, request_from_the_dead, NULL), 0);
	line_expect('t');
	kill_and_wait(child);
	child = start(take_again_without_an_answer);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	join(child);
	receive_text(shared_client, "hello", "from the successor");
	axon_close(shared_client);
}

static void a_reply_to_somebody_who_is_gone_keeps_nothing(void)
{
	const axon_header header = { .tag = "ask" };
	axon_channel *server, *client;
	axon_message reply, request;
	open_both(&server, &client);
	CHECK_EQUAL(axon_request(client, &header, "x", 1, 0, &reply), AXON_TIMEOUT);
	axon_close(client);
	CHECK_EQUAL(axon_receive(server, &request, 0), AXON_OK);
	CHECK_EQUAL(axon_reply(server, &request, "y", 1, 0), AXON_OK);
	CHECK_EQUAL(axon_release(server, &request), AXON_OK);
	axon_close(server);
	CHECK_EQUAL(objects_left(), 0);
}

TESTS(requests, { "a-long-error-text-is-cut", a_long_error_text_is_cut_between_characters },
		{ "a-reply-overtakes-messages", a_reply_overtakes_messages },
		{ "a-late-reply-is-dropped", a_late_reply_is_dropped },
		{ "requesters-and-a-receiver-share", requesters_and_a_receiver_share_a_channel },
		{ "a-reply-to-somebody-who-is-gone", a_reply_to_somebody_who_is_gone_keeps_nothing },
		{ "large-replies", large_replies },
		{ "a-request-fails-when-the-peer-dies", a_request_fails_when_the_peer_dies },
		{ "a-successor-shows-that-the-peer-died", a_successor_shows_that_the_peer_died });
