/*
 * check.h: a tiny test framework. Each test runs in a process of its own with
 * a time limit, and must leave nothing in /dev/shm. A failed check ends its
 * process; a child's failure is its parent's.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "axon.h"

struct test {
	const char *name;
	void (*run)(void);
};

/* Every test file ends with one: TESTS(ring, { "name", function }, ...) */
#define TESTS(file, ...) const struct test tests_##file[] = { __VA_ARGS__, { NULL, NULL } }

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			check_failed(__FILE__, __LINE__, #condition, 0, 0); \
	} while (0)

#define CHECK_EQUAL(actual, expected) \
	do { \
		const long long check_actual = (long long)(actual), check_expected = (long long)(expected); \
		if (check_actual != check_expected) \
			check_failed(__FILE__, __LINE__, #actual " == " #expected, check_actual, check_expected); \
	} while (0)

/* The last error of this thread must contain the text. */
#define CHECK_ERROR(text) check_error(__FILE__, __LINE__, text)

#define MILLISECONDS INT64_C(1000000)
#define LONG (20000 * MILLISECONDS) /* long enough for whatever must happen */

_Noreturn void check_failed(const char *file, int line, const char *what, long long actual, long long expected);
void check_error(const char *file, int line, const char *text);

/* How many times slower a tool makes this run, as who starts it says in the environment's SLOWNESS; and as many fewer repetitions. */
uint32_t slowness(void);
uint32_t repetitions(uint32_t count);

/* Nanoseconds of a clock. */
int64_t clock_of(clockid_t clock);

/* A channel name that no other test has; the same in children. */
const char *channel_name(void);

/* Options for a role with a ring's capacity; long time-outs. */
axon_options options_for(axon_role role, uint64_t capacity);

/* Opens this test's channel; must succeed. */
axon_channel *open_as(axon_role role, uint64_t capacity);

/* Runs a function in a child, and waits for a child that must succeed. */
pid_t start(void (*run)(void));
pid_t start_as(uid_t user, gid_t group, void (*run)(void));
void join(pid_t child);
void kill_and_wait(pid_t child);

/* Ends the test as skipped: the machine lacks something. In the continuous build, where CI is true, it fails. */
_Noreturn void skip(const char *reason);
void need_root(void);

/* Ends a test that valgrind would change: it opens files, makes system calls, and slows a hundred processes down. */
void need_no_valgrind(void);

/* Gives this process a /dev/shm of its own, a tmpfs with these mount options; false: that is not allowed here. */
bool try_private_shared_memory(const char *mount_options);

/* The same; where it is not allowed, the test is skipped. */
void private_shared_memory(const char *mount_options);

/* A line between parent and children: what happened is told, never waited for by sleeping. */
void line_open(void);
void line_tell(char what);
void line_expect(char what);

/* Receives one message and checks its tag and payload; it stays held. */
axon_message receive_text(axon_channel *channel, const char *tag, const char *payload);
void send_text(axon_channel *channel, const char *tag, const char *payload);

/* Payload lengths and bytes that depend on a message's number only. */
uint32_t random_of(uint32_t seed);
void fill(void *payload, size_t length, uint32_t seed);
bool is_filled(const void *payload, size_t length, uint32_t seed);

/* Maps the channel's segment, to look at it or to forge it. */
void *map_segment(size_t *size);

/*
 * Receives `count` messages of a server in a small ring; each of the first
 * `waits` only when the server waits for room anew.
 */
void receive_while_the_sender_waits(axon_channel *client, uint32_t waits, uint32_t count);

/* The file in /dev/shm of an object of this test's channel, such as "", "~0.data" or "~1.00". */
void object_path(char path[160], const char *suffix);

/* Objects of this test's channel in /dev/shm, and all that there is. */
int objects_left(void);
int files_left(void);

#endif
