/* Kills at every instant of what moves messages. The victim is the client. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "barrier.h"
#include "victim.h"

/* Sending. */

static struct sending {
	uint32_t received, unread;    /* of the victim's messages before the operation */
	size_t length;                /* of these messages, */
	size_t last;                  /* and of the one that the operation sends */
	int (*send)(uint32_t number, size_t length);
	size_t metadata;
	bool aborts;
} sending;

static uint32_t taken;            /* by the survivor */
static uint32_t stops;            /* of the victim since it has said that it waits */

static void survive_a_sender(void)
{
	survive_as(AXON_SERVER);
	taken = stops = 0;
}

static void prepare_to_send(void)
{
	uint32_t number = 0;
	open_victim(AXON_CLIENT);
	while (number < sending.received)
		CHECK_EQUAL(put(victim, number++, sending.length), AXON_OK);
	line_expect('r');
	while (number < sending.received + sending.unread)
		CHECK_EQUAL(put(victim, number++, sending.length), AXON_OK);
	payload_of(number, sending.last);
}

static void receive_the_first(void)
{
	while (taken < sending.received)
		take(survivor, taken++, sending.length, 1);
	check_dry(survivor); /* publishes */
	line_tell('r');
}

static void send_the_last(void)
{
	CHECK_EQUAL(sending.send(sending.received + sending.unread, sending.last), AXON_OK);
	victim_reports(1);
}

static void check_what_was_sent(uint32_t progress)
{
	const uint32_t last = sending.received + sending.unread;
	axon_message message;
	while (taken < last)
		take(survivor, taken++, sending.length, 1);
	const int status = axon_receive(survivor, &message, 0);
	if (status == AXON_OK) {
		CHECK(!sending.aborts);
		CHECK_EQUAL(message.deliveries, 1);
		check_number(&message, last, sending.last);
		CHECK_EQUAL(message.metadata_length, sending.metadata);
		CHECK(is_filled(message.metadata, sending.metadata, 7));
		CHECK_EQUAL(axon_release(survivor, &message), AXON_OK);
		check_dry(survivor);
	} else {
		CHECK_EQUAL(status, AXON_EMPTY);
		CHECK(progress == 0 || sending.aborts); /* else a committed message is lost */
	}
	if (kills() % 3 == 2)
		axon_close(survivor); /* alone: removes what the victim has left */
	else
		all_goes_on(survivor, open_as(AXON_CLIENT, CAPACITY_MIN));
}

static void kill_senders(struct sending what, void attend(void))
{
	const struct operation operation = { AXON_CLIENT, survive_a_sender, prepare_to_send, receive_the_first, send_the_last,
		attend, check_what_was_sent };
	sending = what;
	kill_at_every_instant(&operation);
}

static int send_plainly(uint32_t number, size_t length)
{
	return put(victim, number, length);
}

static int send_with_metadata(uint32_t number, size_t length)
{
	uint8_t metadata[20];
	const axon_header header = { .tag = "n", .metadata = metadata, .metadata_length = sizeof metadata, .correlation_id = 77 };
	fill(metadata, sizeof metadata, 7);
	return axon_send_with(victim, &header, payload_of(number, length), length, LONG);
}

static int claim_and(int end(axon_channel *), uint32_t number, size_t length)
{
	const axon_header header = { .tag = "n" };
	void *room;
	CHECK_EQUAL(axon_claim(victim, &header, length, LONG, &room), AXON_OK);
	memcpy(room, payload_of(number, length), length);
	return end(victim);
}

static int claim_and_commit(uint32_t number, size_t length)
{
	return claim_and(axon_commit, number, length);
}

static int claim_and_abort(uint32_t number, size_t length)
{
	return claim_and(axon_abort, number, length);
}

static void in_send(void)
{
	kill_senders((struct sending){ .unread = 2, .length = 20, .last = 20, .send = send_plainly }, NULL);
}

/* 5 * 768 = 3840: padding of 256 bytes comes first. */
static void in_send_at_the_rings_end(void)
{
	kill_senders((struct sending){ .received = 5, .length = 700, .last = 700, .send = send_plainly }, NULL);
}

/* The record ends with the ring, and the next header word is at its start, among bytes of the lap before. */
static void in_send_up_to_the_rings_end(void)
{
	kill_senders((struct sending){ .received = 3, .length = 1000, .last = 1000, .send = send_plainly }, NULL);
}

static void in_send_with_metadata(void)
{
	kill_senders((struct sending){ .unread = 1, .length = 20, .last = 50, .send = send_with_metadata, .metadata = 20 }, NULL);
}

static void in_claim_and_commit(void)
{
	kill_senders((struct sending){ .unread = 1, .length = 20, .last = 300, .send = claim_and_commit }, NULL);
}

static void in_claim_and_abort(void)
{
	kill_senders((struct sending){ .unread = 1, .length = 20, .last = 300, .send = claim_and_abort, .aborts = true }, NULL);
}

static void in_the_making_of_a_slot(void)
{
	kill_senders((struct sending){ .unread = 1, .length = 2000, .last = 2500, .send = send_plainly }, NULL);
}

static void in_the_reuse_of_a_slot(void)
{
	kill_senders((struct sending){ .received = 1, .length = 2000, .last = 2500, .send = send_plainly }, NULL);
}

/* There is no memory for both: the slot is removed and a larger one made. */
static void in_the_replacement_of_a_slot(void)
{
	kill_senders((struct sending){ .received = 1, .length = 2000, .last = 5000, .send = send_plainly }, NULL);
}

/* At the third system call stop the victim does not only look: it sleeps. */
static bool is_asleep(uint64_t word)
{
	stops = word == 0 ? 0 : stops + 1;
	return stops >= 3;
}

static void make_room(void)
{
	while (taken < 2 && is_asleep(load_acquire(&control_of(AXON_CLIENT)->wanted)))
		take(survivor, taken++, sending.length, 1);
}

static void in_a_wait_for_room(void)
{
	kill_senders((struct sending){ .unread = 5, .length = 700, .last = 700, .send = send_plainly }, make_room);
}

/* Receiving: the victim reports 1 when it has a message, 2 when it has acknowledged it, and so on. */

static struct receiving {
	uint32_t sent;
	size_t length;
	uint32_t rounds;              /* messages that the operation receives */
	bool implicitly;              /* acknowledges by the next receive */
	uint32_t holders;             /* that were killed with the first message in hand */
} receiving;

static uint32_t sent;             /* by the survivor */

static void open_and_hold(void)
{
	axon_message message;
	open_victim(AXON_CLIENT);
	CHECK_EQUAL(axon_receive(victim, &message, LONG), AXON_OK);
	line_tell('h');
	for (;;)
		sched_yield();
}

static void survive_a_receiver(void)
{
	survive_as(AXON_SERVER);
	stops = 0;
	for (sent = 0; sent < receiving.sent; sent++)
		CHECK_EQUAL(put(survivor, sent, receiving.length), AXON_OK);
	for (uint32_t i = 0; i < receiving.holders; i++) {
		const pid_t holder = start(open_and_hold);
		line_expect('h');
		kill_and_wait(holder);
	}
}

static void prepare_to_receive(void)
{
	open_victim(AXON_CLIENT);
}

static void receive_some(void)
{
	axon_message message;
	for (uint32_t i = 0; i < receiving.rounds; i++) {
		CHECK_EQUAL(axon_receive(victim, &message, LONG), AXON_OK);
		victim_reports(2 * i + 1);
		if (!receiving.implicitly) {
			CHECK_EQUAL(axon_release(victim, &message), AXON_OK);
			victim_reports(2 * i + 2);
		}
	}
}

/* What a successor gets after a victim has reported `progress`. */
static void check_what_is_received(axon_channel *successor, uint32_t progress)
{
	const uint32_t in_hand = progress / 2, again = in_hand == 0 ? receiving.holders : 0;
	axon_message message;
	const int status = axon_receive(successor, &message, 0);
	uint32_t next = sent;
	if (status == AXON_OK) {
		next = in_hand;
		if (progress % 2 != 0 && !is_filled(message.payload, message.payload_length, in_hand))
			next++; /* the victim had it, and was about to say that it has acknowledged it */
		check_number(&message, next, receiving.length);
		if (next != in_hand)
			CHECK(message.deliveries == 1 || (receiving.implicitly && message.deliveries == 2));
		else if (progress % 2 != 0)
			CHECK_EQUAL(message.deliveries, again + 2);
		else
			CHECK(message.deliveries == again + 1 || message.deliveries == again + 2);
		CHECK_EQUAL(axon_release(successor, &message), AXON_OK);
		next++;
	} else {
		CHECK_EQUAL(status, AXON_EMPTY);
		CHECK((progress + 1) / 2 == sent); /* else one is lost */
	}
	while (next < sent)
		take(successor, next++, receiving.length, 1);
}

static void check_what_was_received(uint32_t progress)
{
	axon_channel *successor = open_as(AXON_CLIENT, CAPACITY_MIN);
	check_what_is_received(successor, progress);
	check_dry(successor);
	all_goes_on(survivor, successor);
}

static void kill_receivers(struct receiving what, void attend(void))
{
	const struct operation operation = { AXON_SERVER, survive_a_receiver, prepare_to_receive, NULL, receive_some, attend,
		check_what_was_received };
	receiving = what;
	kill_at_every_instant(&operation);
}

static void in_receive_and_release(void)
{
	kill_receivers((struct receiving){ .sent = 3, .length = 20, .rounds = 2 }, NULL);
}

static void in_receive_that_releases(void)
{
	kill_receivers((struct receiving){ .sent = 3, .length = 20, .rounds = 2, .implicitly = true }, NULL);
}

static void in_receive_of_a_large_message(void)
{
	kill_receivers((struct receiving){ .sent = 2, .length = 2000, .rounds = 2 }, NULL);
}

static void in_a_redelivery(void)
{
	kill_receivers((struct receiving){ .sent = 2, .length = 20, .rounds = 1, .holders = 2 }, NULL);
}

static void send_when_parked(void)
{
	if (sent == 0 && is_asleep(load_acquire(&control_of(AXON_SERVER)->parked) & PARKED_MESSAGE))
		CHECK_EQUAL(put(survivor, sent++, receiving.length), AXON_OK);
}

static void in_a_wait_for_a_message(void)
{
	kill_receivers((struct receiving){ .length = 20, .rounds = 1 }, send_when_parked);
}

/* A survivor that waits for room while the victim receives, and must get it from whoever receives. */
static pthread_t waiting;

static void *send_the_sixth(void *unused)
{
	CHECK_EQUAL(put(survivor, receiving.sent, receiving.length), AXON_OK);
	return unused;
}

static void wait_for_room(void)
{
	CHECK_EQUAL(pthread_create(&waiting, NULL, send_the_sixth, NULL), 0);
	while (load_acquire(&control_of(AXON_SERVER)->wanted) == 0)
		sched_yield();
	sent = receiving.sent + 1;
	line_tell('w');
}

static void prepare_to_make_room(void)
{
	line_expect('w');
	open_victim(AXON_CLIENT);
}

static void check_what_waited(uint32_t progress)
{
	axon_channel *successor = open_as(AXON_CLIENT, CAPACITY_MIN);
	const uint32_t all = sent;
	sent = receiving.sent;
	check_what_is_received(successor, progress < 2 * sent ? progress : 2 * sent);
	sent = all;
	take(successor, receiving.sent, receiving.length, 1);
	CHECK_EQUAL(pthread_join(waiting, NULL), 0);
	check_dry(successor);
	all_goes_on(survivor, successor);
}

static void in_the_release_that_makes_room(void)
{
	const struct operation operation = { AXON_SERVER, survive_a_receiver, prepare_to_make_room, wait_for_room, receive_some,
		NULL, check_what_waited };
	receiving = (struct receiving){ .sent = 5, .length = 700, .rounds = 2 };
	kill_at_every_instant(&operation);
}

TESTS(crash, { "killed-in-send", in_send }, { "killed-in-send-at-the-rings-end", in_send_at_the_rings_end },
		{ "killed-in-send-up-to-the-rings-end", in_send_up_to_the_rings_end },
		{ "killed-in-send-with-metadata", in_send_with_metadata }, { "killed-in-claim-and-commit", in_claim_and_commit },
		{ "killed-in-claim-and-abort", in_claim_and_abort }, { "killed-in-the-making-of-a-slot", in_the_making_of_a_slot },
		{ "killed-in-the-reuse-of-a-slot", in_the_reuse_of_a_slot },
		{ "killed-in-the-replacement-of-a-slot", in_the_replacement_of_a_slot },
		{ "killed-in-a-wait-for-room", in_a_wait_for_room }, { "killed-in-receive-and-release", in_receive_and_release },
		{ "killed-in-receive-that-releases", in_receive_that_releases },
		{ "killed-in-receive-of-a-large-message", in_receive_of_a_large_message },
		{ "killed-in-a-redelivery", in_a_redelivery }, { "killed-in-a-wait-for-a-message", in_a_wait_for_a_message },
		{ "killed-in-the-release-that-makes-room", in_the_release_that_makes_room });
