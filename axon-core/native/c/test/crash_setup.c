/* Kills at every instant of opening, closing and discarding. */
#define _GNU_SOURCE
#include "victim.h"

#define SMALL 20
#define LARGE_ONE 2000

static void open_as_server(void)
{
	open_victim(AXON_SERVER);
	victim_reports(1);
}

static void open_as_client(void)
{
	open_victim(AXON_CLIENT);
	victim_reports(1);
}

static void close_it(void)
{
	axon_close(victim);
	victim_reports(1);
}

/* Opens both ends and returns the client's, which may come first if there is a channel. */
static axon_channel *open_both(bool there)
{
	axon_channel *client = there && kills() % 2 != 0 ? open_as(AXON_CLIENT, CAPACITY_MIN) : NULL;
	survive_as(AXON_SERVER);
	return client != NULL ? client : open_as(AXON_CLIENT, CAPACITY_MIN);
}

static void check_rest(axon_channel *server, axon_channel *client)
{
	check_dry(server);
	check_dry(client);
	all_goes_on(server, client);
}

/* Three messages of the server's and one of the client's. */
static void leave_from_server(axon_channel *server)
{
	CHECK_EQUAL(put(server, 0, SMALL), AXON_OK);
	CHECK_EQUAL(put(server, 1, LARGE_ONE), AXON_OK);
	CHECK_EQUAL(put(server, 2, SMALL), AXON_OK);
}

static void leave_from_client(axon_channel *client)
{
	CHECK_EQUAL(put(client, 3, SMALL), AXON_OK);
}

static void take_from_server(axon_channel *client)
{
	take(client, 0, SMALL, 1);
	take(client, 1, LARGE_ONE, 1);
	take(client, 2, SMALL, 1);
}

static void take_from_client(axon_channel *server)
{
	take(server, 3, SMALL, 1);
}

static void leave_a_channel_of_the_dead(void)
{
	axon_channel *client = open_both(false);
	leave_from_server(survivor);
	leave_from_client(client);
	axon_close(survivor);
	axon_close(client);
}

static void check_that_nothing_was_there(uint32_t progress)
{
	axon_channel *client = open_both(progress == 1);
	check_rest(survivor, client);
}

static void check_that_all_is_there(uint32_t progress)
{
	(void)progress;
	axon_channel *client = open_both(true);
	take_from_server(client);
	take_from_client(survivor);
	check_rest(survivor, client);
}

static void in_the_creation(void)
{
	const struct operation operation = { .run = open_as_server, .check = check_that_nothing_was_there };
	kill_at_every_instant(&operation);
}

static void in_the_take_over_by_a_server(void)
{
	const struct operation operation = { .survive = leave_a_channel_of_the_dead, .run = open_as_server,
		.check = check_that_all_is_there };
	kill_at_every_instant(&operation);
}

static void in_the_take_over_by_a_client(void)
{
	const struct operation operation = { .survive = leave_a_channel_of_the_dead, .run = open_as_client,
		.check = check_that_all_is_there };
	kill_at_every_instant(&operation);
}

/* The client lives, and has both unread messages and some on the way. */
static void survive_as_client(void)
{
	leave_a_channel_of_the_dead();
	survive_as(AXON_CLIENT);
}

static void check_the_client(uint32_t progress)
{
	(void)progress;
	if (kills() % 2 == 0)
		take_from_server(survivor);
	axon_channel *server = open_as(AXON_SERVER, CAPACITY_MIN);
	if (kills() % 2 != 0)
		take_from_server(survivor);
	take_from_client(server);
	check_rest(server, survivor);
}

static void in_the_attach_beside_a_peer(void)
{
	const struct operation operation = { .survive = survive_as_client, .run = open_as_server, .check = check_the_client };
	kill_at_every_instant(&operation);
}

static void prepare_to_close_beside_a_peer(void)
{
	open_victim(AXON_SERVER);
}

static void in_a_close_beside_a_peer(void)
{
	const struct operation operation = { .survive = survive_as_client, .prepare = prepare_to_close_beside_a_peer,
		.run = close_it, .check = check_the_client };
	kill_at_every_instant(&operation);
}

/* The last close, of a channel that has been used and is empty. */
static void prepare_to_close_last(void)
{
	open_victim(AXON_SERVER);
	axon_channel *client = open_as(AXON_CLIENT, CAPACITY_MIN);
	leave_from_server(victim);
	take_from_server(client);
	axon_close(client);
}

static void check_that_it_is_gone(uint32_t progress)
{
	if (progress == 1)
		CHECK_EQUAL(objects_left(), 0);
	check_that_nothing_was_there(0);
}

static void in_the_last_close(void)
{
	const struct operation operation = { .prepare = prepare_to_close_last, .run = close_it, .check = check_that_it_is_gone };
	kill_at_every_instant(&operation);
}

static void prepare_to_close_a_full_channel(void)
{
	leave_a_channel_of_the_dead();
	open_victim(AXON_SERVER);
}

static void in_the_last_close_with_messages(void)
{
	const struct operation operation = { .prepare = prepare_to_close_a_full_channel, .run = close_it,
		.check = check_that_all_is_there };
	kill_at_every_instant(&operation);
}

/* A clean close acknowledges what is in hand. */
static void prepare_to_close_with_a_message_in_hand(void)
{
	axon_message message;
	leave_a_channel_of_the_dead();
	open_victim(AXON_CLIENT);
	CHECK_EQUAL(axon_receive(victim, &message, LONG), AXON_OK);
}

static void check_the_message_in_hand(uint32_t progress)
{
	axon_message message;
	axon_channel *client = open_both(true);
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	if (message.payload_length == SMALL) {
		CHECK_EQUAL(progress, 0);
		check_number(&message, 0, SMALL);
		CHECK_EQUAL(message.deliveries, 2);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	}
	check_number(&message, 1, LARGE_ONE);
	CHECK_EQUAL(message.deliveries, 1);
	CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	take(client, 2, SMALL, 1);
	take_from_client(survivor);
	check_rest(survivor, client);
}

static void in_a_close_with_a_message_in_hand(void)
{
	const struct operation operation = { .prepare = prepare_to_close_with_a_message_in_hand, .run = close_it,
		.check = check_the_message_in_hand };
	kill_at_every_instant(&operation);
}

static void discard_it(void)
{
	CHECK_EQUAL(axon_discard(channel_name()), 1);
	victim_reports(1);
}

/* All messages are there, or none: a channel that is half discarded must not look whole. */
static void check_all_or_nothing(uint32_t progress)
{
	axon_message message;
	if (progress == 1)
		CHECK_EQUAL(objects_left(), 0);
	axon_channel *client = open_both(false);
	const int status = axon_receive(client, &message, 0);
	if (status == AXON_OK) {
		CHECK_EQUAL(progress, 0);
		check_number(&message, 0, SMALL);
		CHECK_EQUAL(axon_release(client, &message), AXON_OK);
		take(client, 1, LARGE_ONE, 1);
		take(client, 2, SMALL, 1);
		take_from_client(survivor);
	} else {
		CHECK_EQUAL(status, AXON_EMPTY);
	}
	check_rest(survivor, client);
}

static void in_a_discard(void)
{
	const struct operation operation = { .survive = leave_a_channel_of_the_dead, .run = discard_it,
		.check = check_all_or_nothing };
	kill_at_every_instant(&operation);
}

TESTS(crash_setup, { "killed-during-the-creation", in_the_creation },
		{ "killed-during-the-take-over-by-a-server", in_the_take_over_by_a_server },
		{ "killed-during-the-take-over-by-a-client", in_the_take_over_by_a_client },
		{ "killed-during-the-attach-beside-a-peer", in_the_attach_beside_a_peer },
		{ "killed-during-a-close-beside-a-peer", in_a_close_beside_a_peer }, { "killed-during-the-last-close", in_the_last_close },
		{ "killed-during-the-last-close-with-messages", in_the_last_close_with_messages },
		{ "killed-during-a-close-with-a-message-in-hand", in_a_close_with_a_message_in_hand },
		{ "killed-during-a-discard", in_a_discard });
