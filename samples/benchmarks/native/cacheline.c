/*
 * cacheline.c: the cheapest possible round trip. One side writes a line that
 * the other reads, and reads a line that the other writes; a sequence number
 * is all that is in them.
 */
#include "latencies.h"
#include "meeting.h"

#define APART 256 /* bytes: processors fetch a line's neighbour along with it */

static struct {
	_Alignas(APART) uint64_t request;
	_Alignas(APART) uint64_t answer;
} *lines;
static uint64_t sequence; /* goes on from round to round */
static struct latencies latencies;

static void open_lines(const struct setup *setup)
{
	lines = meeting_open(setup, sizeof(*lines));
	meeting_wait(setup);
}

/* The pause makes the round trip shorter by a fifth: without it loads that were begun too early hold up the line. */
static void await(const uint64_t *line, uint64_t value)
{
	while (__atomic_load_n(line, __ATOMIC_ACQUIRE) != value)
		cpu_pause();
}

static void ask(uint64_t messages)
{
	for (const uint64_t end = sequence + messages; sequence != end;) {
		const int64_t start = now();
		__atomic_store_n(&lines->request, ++sequence, __ATOMIC_RELEASE);
		await(&lines->answer, sequence);
		latencies_add(&latencies, now() - start);
	}
	latencies_done(&latencies);
}

static void echo(uint64_t messages)
{
	for (const uint64_t end = sequence + messages; sequence != end;) {
		await(&lines->request, ++sequence);
		__atomic_store_n(&lines->answer, sequence, __ATOMIC_RELEASE);
	}
	done("%s", "");
}

const struct system c_cacheline = { .name = "c-cacheline", .open = open_lines, .ask = ask, .echo = echo };
