/*
 * main.c: a worker's arguments and its lines.
 *
 *     ready              both sides are there
 *     round N            exchange N messages; answered by `done key=value ...`
 *     idle S             wait for S seconds as for a message; answered by `done`
 *     exit, end of file  close and exit 0
 *     error TEXT         something failed; exit 1
 *
 * Round trips answer with p50= p90= p99= p999= p9999= max= (ns) on the first
 * side; streams with seconds= messages= bytes= on the second.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define ROUND_LIMIT 60 /* seconds: a side that spins or waits without a time-out does not outlive its peer for long */

static const struct scenario scenarios[] = {
	{ .name = "spin-32", .waiting = SPIN, .size = 32 },
	{ .name = "spin-256", .waiting = SPIN, .size = 256 },
	{ .name = "spin-1k", .waiting = SPIN, .size = 1024 },
	{ .name = "park-32", .waiting = PARK, .size = 32 },
	{ .name = "default-32", .waiting = DEFAULT, .size = 32 },
	{ .name = "onecore-32", .waiting = DEFAULT, .size = 32 },
	{ .name = "sparse-32", .waiting = DEFAULT, .size = 32, .sparse = true },
	{ .name = "idle", .waiting = DEFAULT, .size = 32 },
	{ .name = "stream-32", .flow = STREAM, .waiting = SPIN, .size = 32, .senders = 1 },
	{ .name = "stream-256", .flow = STREAM, .waiting = SPIN, .size = 256, .senders = 1 },
	{ .name = "stream-1k", .flow = STREAM, .waiting = SPIN, .size = 1024, .senders = 1 },
	{ .name = "stream-64k", .flow = STREAM, .waiting = SPIN, .size = 65536, .senders = 1 },
	{ .name = "stream-1m", .flow = STREAM, .waiting = SPIN, .size = 1 << 20, .senders = 1 },
	{ .name = "stream-16m", .flow = STREAM, .waiting = SPIN, .size = 16 << 20, .senders = 1 },
	{ .name = "stream-32-empty", .flow = STREAM, .waiting = SPIN, .size = 32, .senders = 1, .pauses = true },
	{ .name = "stream-256-empty", .flow = STREAM, .waiting = SPIN, .size = 256, .senders = 1, .pauses = true },
	{ .name = "stream-1k-empty", .flow = STREAM, .waiting = SPIN, .size = 1024, .senders = 1, .pauses = true },
	{ .name = "stream-64k-empty", .flow = STREAM, .waiting = SPIN, .size = 65536, .senders = 1, .pauses = true },
	{ .name = "stream-1m-empty", .flow = STREAM, .waiting = SPIN, .size = 1 << 20, .senders = 1, .pauses = true },
	{ .name = "stream-16m-empty", .flow = STREAM, .waiting = SPIN, .size = 16 << 20, .senders = 1, .pauses = true },
	{ .name = "stream-1m-claim", .flow = STREAM, .waiting = SPIN, .size = 1 << 20, .senders = 1, .claim = true },
	{ .name = "stream-16m-claim", .flow = STREAM, .waiting = SPIN, .size = 16 << 20, .senders = 1, .claim = true },
	{ .name = "shared-4x32", .flow = STREAM, .waiting = SPIN, .size = 32, .senders = 4 },
};

static const struct system *const systems[] = { &axon_c, &c_cacheline, &c_semaphore, &c_memcpy };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

void sleep_until_next_millisecond(int64_t begin)
{
	const int64_t millisecond = 1000000;
	const int64_t until = begin + ((now() - begin) / millisecond + 1) * millisecond;
	const struct timespec time = { .tv_sec = until / 1000000000, .tv_nsec = until % 1000000000 };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		continue;
}

void done(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("done", stdout);
	if (*format != '\0')
		putchar(' ');
	vprintf(format, arguments);
	putchar('\n');
	fflush(stdout);
	va_end(arguments);
}

_Noreturn void fail(const char *format, ...)
{
	static atomic_flag failed = ATOMIC_FLAG_INIT;
	while (atomic_flag_test_and_set(&failed))
		pause(); /* another thread failed first and ends the process */
	va_list arguments;
	va_start(arguments, format);
	fputs("error ", stdout);
	vprintf(format, arguments);
	putchar('\n');
	fflush(stdout);
	va_end(arguments);
	exit(1);
}

static void on_alarm(int number)
{
	static const char text[] = "error a round did not end in time: the other side is gone, or the round is too long\n";
	(void)number;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static const struct scenario *find_scenario(const char *name)
{
	for (size_t i = 0; i < COUNT(scenarios); i++) {
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	}
	fail("no scenario '%s' in C", name);
}

static const struct system *find_system(const char *name)
{
	for (size_t i = 0; i < COUNT(systems); i++) {
		if (strcmp(systems[i]->name, name) == 0)
			return systems[i];
	}
	fail("no system '%s' in C", name);
}

/* The part that a side plays in a round. */
static void (*find_part(const struct system *system, const struct setup *setup))(uint64_t)
{
	void (*part)(uint64_t);
	if (setup->scenario->flow == STREAM)
		part = setup->first ? system->send : system->receive;
	else
		part = setup->first ? system->ask : system->echo;
	if (part == NULL)
		fail("%s has no %s side of %s", system->name, setup->first ? "first" : "second", setup->scenario->name);
	return part;
}

/* Pins this thread, not the process. */
static void pin(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		fail("cannot pin a thread to CPU %d: %s", cpu, strerror(errno));
}

static void obey(const struct system *system, void (*part)(uint64_t))
{
	char line[128];
	unsigned long long messages;
	double seconds;
	while (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "exit\n") != 0) {
		if (sscanf(line, "round %llu", &messages) == 1 && messages > 0) {
			alarm(ROUND_LIMIT);
			part(messages);
		} else if (sscanf(line, "idle %lf", &seconds) == 1 && system->idle != NULL) {
			alarm((unsigned)seconds + ROUND_LIMIT);
			system->idle(seconds);
		} else {
			fail("%s cannot obey: %s", system->name, strtok(line, "\n"));
		}
		alarm(0);
	}
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: bench SYSTEM SCENARIO first|second NAME CPU\n");
		return 2;
	}
	const struct system *system = find_system(argv[1]);
	const struct setup setup = { .scenario = find_scenario(argv[2]), .first = strcmp(argv[3], "first") == 0, .name = argv[4] };
	void (*part)(uint64_t) = find_part(system, &setup);
	const int cpu = atoi(argv[5]);
	if (cpu >= 0)
		pin(cpu);
	signal(SIGALRM, on_alarm);
	system->open(&setup);
	puts("ready");
	fflush(stdout);
	obey(system, part);
	return 0;
}
