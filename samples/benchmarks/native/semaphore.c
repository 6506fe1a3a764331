/*
 * semaphore.c: two named semaphores, one for each direction, and the payload
 * in shared memory: what sleeping and waking costs without a ring.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "latencies.h"
#include "meeting.h"
#include "payload.h"

#define SIZE 32

static struct {
	_Alignas(256) uint64_t request[SIZE / 8];
	_Alignas(256) uint64_t answer[SIZE / 8];
} *lines;
static sem_t *requests, *answers;
static char requests_name[MEETING_NAME_MAX], answers_name[MEETING_NAME_MAX];
static const struct setup *setup;
static uint64_t *source;
static struct latencies latencies;

static void remove_names(void)
{
	sem_unlink(requests_name);
	sem_unlink(answers_name);
}

static sem_t *open_one(const char *what, char name[MEETING_NAME_MAX])
{
	meeting_name(setup, what, name);
	sem_t *semaphore = sem_open(name, O_CREAT, 0600, 0);
	if (semaphore == SEM_FAILED)
		fail("cannot open the semaphore %s: %s", name, strerror(errno));
	return semaphore;
}

static void open_semaphores(const struct setup *given)
{
	setup = given;
	lines = meeting_open(setup, sizeof(*lines));
	source = payload_source(SIZE);
	atexit(remove_names);
	requests = open_one("requests", requests_name);
	answers = open_one("answers", answers_name);
	meeting_wait(setup);
	remove_names();
}

static void post(sem_t *semaphore)
{
	if (sem_post(semaphore) != 0)
		fail("sem_post: %s", strerror(errno));
}

static void await(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0) {
		if (errno != EINTR)
			fail("sem_wait: %s", strerror(errno));
	}
}

static void ask(uint64_t messages)
{
	struct receipt receipt = { .size = SIZE };
	const int64_t begin = now();
	for (uint64_t i = 0; i < messages; i++) {
		if (setup->scenario->sparse)
			sleep_until_next_millisecond(begin);
		const int64_t start = now();
		source[0] = i;
		memcpy(lines->request, source, SIZE);
		post(requests);
		await(answers);
		receipt_add(&receipt, lines->answer, SIZE);
		latencies_add(&latencies, now() - start);
	}
	receipt_verify(&receipt, messages, 1);
	latencies_done(&latencies);
}

static void echo(uint64_t messages)
{
	struct receipt receipt = { .size = SIZE };
	for (uint64_t i = 0; i < messages; i++) {
		await(requests);
		receipt_add(&receipt, lines->request, SIZE);
		memcpy(lines->answer, lines->request, SIZE);
		post(answers);
	}
	receipt_verify(&receipt, messages, 1);
	done("%s", "");
}

static void idle(double seconds)
{
	const int64_t until = now() + (int64_t)(seconds * 1e9);
	const struct timespec time = { .tv_sec = until / 1000000000, .tv_nsec = until % 1000000000 };
	int result;
	do {
		result = sem_clockwait(setup->first ? answers : requests, CLOCK_MONOTONIC, &time);
	} while (result != 0 && errno == EINTR);
	if (result == 0 || errno != ETIMEDOUT)
		fail("a wait for nothing ended with %s", result == 0 ? "something" : strerror(errno));
	done("%s", "");
}

const struct system c_semaphore = {
	.name = "c-semaphore", .open = open_semaphores, .ask = ask, .echo = echo, .idle = idle };
