/* What survives: kills, restarts, clean closes, fork. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static void hold_the_second(void)
{
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	receive_text(client, "t", "first");
	const axon_message message = receive_text(client, "t", "second");
	CHECK_EQUAL(message.deliveries, 1);
	line_tell('h');
	for (;;)
		pause();
}

static void hold_the_second_again(void)
{
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	const axon_message message = receive_text(client, "t", "second");
	CHECK_EQUAL(message.deliveries, 2);
	line_tell('h');
	for (;;)
		pause();
}

static void the_message_in_hand_comes_again_and_no_other(void)
{
	line_open();
	axon_channel *server = open_as(AXON_SERVER, 4096);
	send_text(server, "t", "first");
	send_text(server, "t", "second");
	send_text(server, "t", "third");
	pid_t child = start(hold_the_second);
	line_expect('h');
	kill_and_wait(child);
	child = start(hold_the_second_again);
	line_expect('h');
	kill_and_wait(child);
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(receive_text(client, "t", "second").deliveries, 3);
	CHECK_EQUAL(receive_text(client, "t", "third").deliveries, 1);
	axon_counters counters;
	axon_get_counters(client, &counters);
	CHECK_EQUAL(counters.redelivered, 1);
	axon_close(client);
	client = open_as(AXON_CLIENT, 4096); /* "third" was acknowledged by the close */
	axon_message message;
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	axon_close(client);
	axon_close(server);
}

static void send_with_a_claim_open(void)
{
	axon_channel *server = open_as(AXON_SERVER, 4096);
	const axon_header header = { .tag = "half" };
	void *payload;
	for (int i = 0; i < 3; i++)
		send_text(server, "t", "whole");
	CHECK_EQUAL(axon_claim(server, &header, 700, 0, &payload), AXON_OK);
	memset(payload, 0x41, 700);
	line_tell('c');
	for (;;)
		pause();
}

static void a_killed_sender_loses_nothing_and_shows_nothing_half(void)
{
	axon_message message;
	line_open();
	axon_channel *client = NULL;
	for (int round = 0; round < 20; round++) { /* several laps of the ring */
		const pid_t child = start(send_with_a_claim_open);
		line_expect('c');
		kill_and_wait(child);
		if (client == NULL)
			client = open_as(AXON_CLIENT, 4096);
		for (int i = 0; i < 3; i++)
			receive_text(client, "t", "whole");
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	}
	axon_channel *server = open_as(AXON_SERVER, 4096);
	send_text(server, "t", "successor");
	receive_text(client, "t", "successor");
	axon_close(server);
	axon_close(client);
}

static void a_peer_that_was_killed_earlier_is_not_there(void)
{
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	line_open();
	const pid_t child = start(send_with_a_claim_open);
	line_expect('c');
	kill_and_wait(child);
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(axon_request(client, &header, "", 0, INT64_C(250000000), &reply), AXON_TIMEOUT); /* not PEER_DIED */
	axon_close(client);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

static void unread_messages_survive_a_restart_of_both(void)
{
	axon_message message;
	axon_channel *server = open_as(AXON_SERVER, 4096), *client = open_as(AXON_CLIENT, 4096);
	send_text(server, "t", "one");
	send_text(server, "t", "two");
	send_text(client, "t", "three");
	receive_text(client, "t", "one");
	axon_close(server);
	axon_close(client);
	CHECK_EQUAL(objects_left(), 5);
	client = open_as(AXON_CLIENT, 4096); /* the client may come first: the channel exists */
	server = open_as(AXON_SERVER, 8192);
	receive_text(client, "t", "two");
	receive_text(server, "t", "three");
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
	axon_close(client);
	axon_close(server);
	CHECK_EQUAL(objects_left(), 0);
}

static void the_last_clean_close_removes_all_names(void)
{
	static uint8_t bytes[100000];
	axon_channel *server = open_as(AXON_SERVER, 4096), *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
	axon_message message;
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(axon_peer_alive(server), 1);
	axon_close(server); /* the peer is there: all stays but what nobody needs */
	CHECK_EQUAL(axon_peer_alive(client), 0);
	CHECK(objects_left() >= 5);
	server = open_as(AXON_SERVER, 4096);
	send_text(server, "t", "after the reconnection");
	receive_text(client, "t", "after the reconnection");
	axon_close(client);
	axon_close(server);
	CHECK_EQUAL(objects_left(), 0);
}

static void names_removed_under_the_feet_are_noticed(void)
{
	char path[120];
	axon_message message;
	axon_channel *server = open_as(AXON_SERVER, 4096), *client = open_as(AXON_CLIENT, 4096);
	snprintf(path, sizeof path, "/dev/shm/axon.%s", channel_name());
	CHECK_EQUAL(unlink(path), 0);
	CHECK_EQUAL(axon_receive(server, &message, LONG), AXON_CORRUPT);
	CHECK_EQUAL(axon_send(server, "t", "", 0, 0), AXON_CORRUPT);
	CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_CORRUPT);
	axon_close(client);
	axon_close(server);
	server = open_as(AXON_SERVER, 4096); /* under the same name, with new semaphores */
	axon_close(server);
}

static axon_channel *inherited;

static void use_an_inherited_channel(void)
{
	axon_message message;
	CHECK_EQUAL(axon_send(inherited, "t", "", 0, 0), AXON_CLOSED);
	CHECK_ERROR("fork");
	CHECK_EQUAL(axon_receive(inherited, &message, 0), AXON_CLOSED);
	CHECK_EQUAL(axon_peer_alive(inherited), AXON_CLOSED);
	axon_wake(inherited);
	axon_close(inherited);
}

static void a_forked_child_has_no_channel(void)
{
	inherited = open_as(AXON_SERVER, 4096);
	join(start(use_an_inherited_channel));
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	send_text(inherited, "t", "unharmed");
	receive_text(client, "t", "unharmed");
	CHECK_EQUAL(axon_peer_alive(client), 1);
	axon_close(inherited);
	axon_close(client);
}

static void live_on(void)
{
	line_tell('f');
	for (;;)
		pause();
}

static volatile pid_t *grandchild;

static void open_and_fork(void)
{
	inherited = open_as(AXON_SERVER, 4096);
	*grandchild = start(live_on);
	for (;;)
		pause();
}

static void a_forked_child_does_not_keep_the_role(void)
{
	line_open();
	grandchild = mmap(NULL, sizeof *grandchild, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(grandchild != MAP_FAILED);
	const pid_t child = start(open_and_fork);
	line_expect('f');
	while (*grandchild == 0)
		sched_yield();
	kill_and_wait(child);
	axon_channel *server = open_as(AXON_SERVER, 4096);
	CHECK_EQUAL(kill(*grandchild, SIGKILL), 0); /* it lived until here */
	axon_close(server);
}

TESTS(lifetime, { "the-message-in-hand-comes-again", the_message_in_hand_comes_again_and_no_other },
		{ "a-killed-sender-loses-nothing", a_killed_sender_loses_nothing_and_shows_nothing_half },
		{ "a-peer-that-was-killed-earlier", a_peer_that_was_killed_earlier_is_not_there },
		{ "unread-messages-survive-a-restart", unread_messages_survive_a_restart_of_both },
		{ "the-last-close-removes-all-names", the_last_clean_close_removes_all_names },
		{ "removed-names-are-noticed", names_removed_under_the_feet_are_noticed },
		{ "a-forked-child-has-no-channel", a_forked_child_has_no_channel },
		{ "a-forked-child-does-not-keep-the-role", a_forked_child_does_not_keep_the_role });
