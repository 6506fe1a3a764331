/* Signals at any time: no call fails because one came, and none begins anew for ever. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include "check.h"

#define LARGE (3 << 20)
#define MESSAGES 3000 /* more than there is room for */
#define UNREAD 100
#define BETWEEN_SIGNALS (256 << 10) /* bytes that can be reserved until the next signal comes */

/*
 * The calls that a signal may interrupt, before those of the C library: while
 * `interrupting`, two of three fail as if a signal had come.
 */
static bool interrupting;
static unsigned calls;

static bool interrupted(void)
{
	return __atomic_load_n(&interrupting, __ATOMIC_RELAXED) && __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % 3 != 0;
}

#define CALL(result, name, parameters, arguments) \
	result name parameters \
	{ \
		result (*next) parameters; \
		*(void **)(void *)&next = dlsym(RTLD_NEXT, #name); \
		if (interrupted()) { \
			errno = EINTR; \
			return (result)-1; \
		} \
		return next arguments; \
	}

CALL(int, shm_open, (const char *name, int flags, mode_t mode), (name, flags, mode))
CALL(int, ftruncate, (int descriptor, off_t length), (descriptor, length))
CALL(int, fallocate, (int descriptor, int mode, off_t offset, off_t length), (descriptor, mode, offset, length))
CALL(ssize_t, pread, (int descriptor, void *to, size_t length, off_t offset), (descriptor, to, length, offset))
CALL(int, fchmod, (int descriptor, mode_t mode), (descriptor, mode))
CALL(int, chmod, (const char *path, mode_t mode), (path, mode))
CALL(int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left))
CALL(int, sem_clockwait, (sem_t *semaphore, clockid_t clock, const struct timespec *until), (semaphore, clock, until))

/* Undone when a signal comes before it has ended. */
int posix_fallocate(int descriptor, off_t offset, off_t length)
{
	int (*next)(int, off_t, off_t);
	*(void **)(void *)&next = dlsym(RTLD_NEXT, "posix_fallocate");
	const bool too_long = __atomic_load_n(&interrupting, __ATOMIC_RELAXED) && length > BETWEEN_SIGNALS;
	return too_long || interrupted() ? EINTR : next(descriptor, offset, length);
}

int fcntl(int descriptor, int command, ...)
{
	int (*next)(int, int, ...);
	va_list arguments;
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	*(void **)(void *)&next = dlsym(RTLD_NEXT, "fcntl");
	if (interrupted()) {
		errno = EINTR;
		return -1;
	}
	return next(descriptor, command, argument);
}

sem_t *sem_open(const char *name, int flags, ...)
{
	sem_t *(*next)(const char *, int, ...);
	va_list arguments;
	va_start(arguments, flags);
	const mode_t mode = va_arg(arguments, mode_t);
	const unsigned value = va_arg(arguments, unsigned);
	va_end(arguments);
	*(void **)(void *)&next = dlsym(RTLD_NEXT, "sem_open");
	if (interrupted()) {
		errno = EINTR;
		return SEM_FAILED;
	}
	return next(name, flags, mode, value);
}

static void *answer(void *channel)
{
	axon_message message;
	for (int plain = 0; plain < MESSAGES - UNREAD;) {
		CHECK_EQUAL(axon_receive(channel, &message, LONG), AXON_OK);
		CHECK(is_filled(message.payload, message.payload_length, 7));
		if (message.correlation_id != 0)
			CHECK_EQUAL(axon_reply(channel, &message, message.payload, message.payload_length, LONG), AXON_OK);
		else
			plain++;
	}
	return NULL;
}

/* All that can be done with a channel, from its creation to its removal. */
static void use_all(void)
{
	static uint8_t payload[LARGE];
	const axon_header header = { .tag = "ask" };
	axon_message reply;
	pthread_t thread;
	fill(payload, sizeof payload, 7);
	axon_channel *server = open_as(AXON_SERVER, 1 << 20), *client = open_as(AXON_CLIENT, 0x1000);
	CHECK_EQUAL(pthread_create(&thread, NULL, answer, client), 0);
	for (size_t length = 8; length <= LARGE; length *= 48) {
		CHECK_EQUAL(axon_request(server, &header, payload, length, LONG, &reply), AXON_OK);
		CHECK(is_filled(reply.payload, length, 7));
		CHECK_EQUAL(axon_release(server, &reply), AXON_OK);
	}
	for (int i = 0; i < MESSAGES; i++)
		CHECK_EQUAL(axon_send(server, "plain", payload, 700, LONG), AXON_OK);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	axon_close(client);
	axon_close(server);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
	CHECK_EQUAL(objects_left(), 0);
}

static void every_call_is_made_again(void)
{
	__atomic_store_n(&interrupting, true, __ATOMIC_RELAXED);
	use_all();
	CHECK(calls > 100);
}

static unsigned signals;

static void count_signal(int number)
{
	(void)number;
	__atomic_add_fetch(&signals, 1, __ATOMIC_RELAXED);
}

static void signals_at_a_high_rate(void)
{
	const struct sigaction action = { .sa_handler = count_signal }; /* no SA_RESTART */
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	const struct itimerspec every = { { .tv_nsec = 100000 }, { .tv_nsec = 100000 } };
	timer_t timer;
	CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
	CHECK_EQUAL(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	CHECK_EQUAL(timer_settime(timer, 0, &every, NULL), 0);
	for (int i = 0; i < 10; i++)
		use_all();
	CHECK(signals > 10);
}

TESTS(signals, { "every-call-is-made-again", every_call_is_made_again },
		{ "signals-at-a-high-rate", signals_at_a_high_rate });
