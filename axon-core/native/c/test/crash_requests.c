/* Kills at every instant of a request, on either side. The victim is the client. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "barrier.h"
#include "victim.h"

#define REQUEST 50 /* numbers of messages */
#define REPLY_NUMBER 60
#define LENGTH 20

static const axon_header ask = { .tag = "n" };

/* The victim answers: it reports 1 when it has the request, 2 when it has answered, 3 when it has acknowledged. */

static pthread_t asking;
static int answer;

static void *request(void *unused)
{
	axon_message reply;
	answer = axon_request(survivor, &ask, payload_of(REQUEST, LENGTH), LENGTH, LONG, &reply);
	if (answer == AXON_OK) {
		CHECK(!reply.error);
		check_number(&reply, REPLY_NUMBER, LENGTH);
		CHECK_EQUAL(axon_release(survivor, &reply), AXON_OK);
	}
	return unused;
}

static void survive_as_server(void)
{
	survive_as(AXON_SERVER);
}

static void ask_the_victim(void)
{
	line_expect('o');
	CHECK_EQUAL(pthread_create(&asking, NULL, request, NULL), 0);
}

static void prepare_to_answer(void)
{
	open_victim(AXON_CLIENT);
	payload_of(REPLY_NUMBER, LENGTH);
	line_tell('o');
	while ((load_acquire(&control_of(AXON_CLIENT)->parked) & PARKED_REPLY) == 0)
		sched_yield(); /* the request is there, and its thread is to be woken */
}

static void answer_it(void)
{
	axon_message message;
	CHECK_EQUAL(axon_receive(victim, &message, LONG), AXON_OK);
	victim_reports(1);
	CHECK_EQUAL(axon_reply(victim, &message, payload_of(REPLY_NUMBER, LENGTH), LENGTH, LONG), AXON_OK);
	victim_reports(2);
	CHECK_EQUAL(axon_release(victim, &message), AXON_OK);
	victim_reports(3);
}

static void check_who_asked(uint32_t progress)
{
	axon_message message;
	CHECK_EQUAL(pthread_join(asking, NULL), 0);
	if (answer != AXON_OK)
		CHECK_EQUAL(answer, AXON_PEER_DIED);
	CHECK(answer == AXON_OK || progress < 2); /* else a committed reply is lost */
	axon_channel *successor = open_as(AXON_CLIENT, CAPACITY_MIN);
	const int status = axon_receive(successor, &message, 0);
	if (status == AXON_OK) {
		CHECK(progress < 3);
		check_number(&message, REQUEST, LENGTH);
		if (progress > 0)
			CHECK_EQUAL(message.deliveries, 2);
		CHECK_EQUAL(axon_reply(successor, &message, payload_of(REPLY_NUMBER, LENGTH), LENGTH, LONG), AXON_OK);
		CHECK_EQUAL(axon_release(successor, &message), AXON_OK); /* the reply is dropped */
	} else {
		CHECK_EQUAL(status, AXON_EMPTY);
		CHECK(progress >= 2);
	}
	check_dry(survivor);
	all_goes_on(survivor, successor);
}

static void in_the_answer(void)
{
	const struct operation operation = { AXON_CLIENT, survive_as_server, prepare_to_answer, ask_the_victim, answer_it, NULL,
		check_who_asked };
	kill_at_every_instant(&operation);
}

/* The victim asks: it reports 1 when it has the reply, 2 when it has released it. */

static uint32_t unasked;          /* messages that come before the reply */
static bool holds;                /* the victim holds the first of them meanwhile */
static bool answered;

static void survive_as_answerer(void)
{
	survive_as(AXON_SERVER);
	answered = false;
	for (uint32_t i = 0; i < unasked; i++)
		CHECK_EQUAL(put(survivor, i, LENGTH), AXON_OK);
}

static bool answer_if_asked(void)
{
	axon_message message;
	const int status = axon_receive(survivor, &message, 0);
	if (status == AXON_OK) {
		check_number(&message, REQUEST, LENGTH);
		CHECK_EQUAL(message.deliveries, 1);
		CHECK_EQUAL(axon_reply(survivor, &message, payload_of(REPLY_NUMBER, LENGTH), LENGTH, LONG), AXON_OK);
		CHECK_EQUAL(axon_release(survivor, &message), AXON_OK);
		answered = true;
	}
	return status == AXON_OK;
}

static void answer_who_waits(void)
{
	if (!answered && (load_acquire(&control_of(AXON_SERVER)->parked) & PARKED_REPLY) != 0)
		answer_if_asked();
}

static void prepare_to_ask(void)
{
	axon_message message;
	open_victim(AXON_CLIENT);
	payload_of(REQUEST, LENGTH);
	if (holds)
		CHECK_EQUAL(axon_receive(victim, &message, LONG), AXON_OK);
}

static void ask_and_release(void)
{
	axon_message reply;
	CHECK_EQUAL(axon_request(victim, &ask, payload_of(REQUEST, LENGTH), LENGTH, LONG, &reply), AXON_OK);
	check_number(&reply, REPLY_NUMBER, LENGTH);
	victim_reports(1);
	CHECK_EQUAL(axon_release(victim, &reply), AXON_OK);
	victim_reports(2);
}

static void check_who_answered(uint32_t progress)
{
	CHECK(answered || progress == 0);
	if (!answered)
		answer_if_asked();
	axon_channel *successor = open_as(AXON_CLIENT, CAPACITY_MIN);
	for (uint32_t i = 0; i < unasked; i++)
		take(successor, i, LENGTH, holds && i == 0 ? 2 : 1);
	check_dry(successor); /* a reply to the dead is for nobody */
	all_goes_on(survivor, successor);
}

static void kill_requesters(uint32_t messages, bool first_is_held)
{
	const struct operation operation = { AXON_SERVER, survive_as_answerer, prepare_to_ask, NULL, ask_and_release,
		answer_who_waits, check_who_answered };
	unasked = messages;
	holds = first_is_held;
	kill_at_every_instant(&operation);
}

static void in_a_request(void) { kill_requesters(0, false); }
static void in_a_request_answered_out_of_turn(void) { kill_requesters(2, false); }
static void in_a_request_with_a_message_in_hand(void) { kill_requesters(2, true); }

TESTS(crash_requests, { "killed-in-the-answer", in_the_answer }, { "killed-in-a-request", in_a_request },
		{ "killed-in-a-request-answered-out-of-turn", in_a_request_answered_out_of_turn },
		{ "killed-in-a-request-with-a-message-in-hand", in_a_request_with_a_message_in_hand });
