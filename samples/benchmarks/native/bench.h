/*
 * bench.h: what the C workers share. A worker is one side of a pair of
 * processes; it is started as
 *
 *     bench SYSTEM SCENARIO first|second NAME CPU
 *
 * and obeys lines on stdin (main.c lists them). There is one system per
 * process, so each system's file keeps its state in static variables.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_TIMEOUT INT64_C(20000000000) /* ns to wait for the other side */

enum flow { ROUND_TRIPS, STREAM };
enum waiting { SPIN, PARK, DEFAULT };

struct scenario {
	const char *name;
	enum flow flow;
	enum waiting waiting;
	size_t size;   /* bytes of payload, a multiple of 32 */
	int senders;   /* threads of a stream's first side */
	bool pauses;   /* a stream's first side lets the other catch up */
	bool claim;    /* the sender fills in its message in place */
	bool sparse;   /* one request per millisecond */
};

struct setup {
	const struct scenario *scenario;
	const char *name; /* unique to the pair */
	bool first;
};

/* A system under test. What it cannot do is NULL; each call ends with done(), or with fail(). */
struct system {
	const char *name;
	void (*open)(const struct setup *setup); /* returns when both sides are there */
	void (*ask)(uint64_t messages);
	void (*echo)(uint64_t messages);
	void (*send)(uint64_t messages);
	void (*receive)(uint64_t messages);
	void (*idle)(double seconds);
};

extern const struct system axon_c, c_cacheline, c_semaphore, c_memcpy;

/* Answers the line that is being obeyed with `done` and what follows it. */
void done(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says `error` and why, and ends the process; functions given to atexit() are called. Any thread. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Nanoseconds of the monotonic clock. */
int64_t now(void);

/* Tells the processor that this thread spins. */
static inline void cpu_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Sleeps until the next full millisecond of a schedule that began at `begin`. */
void sleep_until_next_millisecond(int64_t begin);

#endif
