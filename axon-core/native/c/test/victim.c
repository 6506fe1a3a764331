#define _GNU_SOURCE
#include "victim.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define WATCHED 3 /* the segment and the victim's first two slots */
#define LARGE_MEMORY UINT64_C(8192)

/* Shared with the victim. */
struct report {
	volatile uint32_t progress, ended;
};

/* So many system calls after the operation's begin, and then so many instructions, or changes of shared memory. */
struct instant {
	uint32_t calls, steps;
};

/* What of an object is compared. */
struct watched {
	uint8_t *now;
	size_t size;
	uint8_t before[SEGMENT_SIZE(CAPACITY_MIN)];
};

static struct report *report;
static struct watched watched[WATCHED];
static uint32_t kill_number;

void victim_reports(uint32_t progress)
{
	report->progress = progress;
}

uint32_t kills(void)
{
	return kill_number;
}

/* The process is a fork of this one: its code lies at the same addresses here. */
static bool at_system_call(pid_t process)
{
	struct user_regs_struct registers;
	struct iovec place = { .iov_base = &registers, .iov_len = sizeof registers };
	CHECK_EQUAL(ptrace(PTRACE_GETREGSET, process, (void *)NT_PRSTATUS, &place), 0);
#if defined(__x86_64__)
	return memcmp((const void *)registers.rip, "\x0f\x05", 2) == 0;
#elif defined(__aarch64__)
	return memcmp((const void *)registers.pc, "\x01\x00\x00\xd4", 4) == 0;
#else
	return true;
#endif
}

static void watch(axon_role sender)
{
	for (int i = 0; i < WATCHED; i++) {
		struct watched *object = &watched[i];
		char name[128];
		struct stat found;
		if (i == 0)
			snprintf(name, sizeof name, "/axon.%s", channel_name());
		else
			snprintf(name, sizeof name, "/axon.%s~%d.%02d", channel_name(), (int)sender, i - 1);
		object->now = NULL;
		const int descriptor = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
		if (descriptor < 0)
			continue;
		CHECK_EQUAL(fstat(descriptor, &found), 0);
		const size_t interesting = i == 0 ? SEGMENT_SIZE(CAPACITY_MIN) : sizeof(struct slot_header);
		object->size = (size_t)found.st_size < interesting ? (size_t)found.st_size : interesting;
		if (object->size != 0) {
			object->now = mmap(NULL, object->size, PROT_READ, MAP_SHARED, descriptor, 0);
			CHECK(object->now != MAP_FAILED);
			memcpy(object->before, object->now, object->size);
		}
		close(descriptor);
	}
}

/* Before the next system call: it may cut the object short. */
static void unwatch(void)
{
	for (struct watched *object = watched; object < watched + WATCHED; object++) {
		if (object->now != NULL)
			munmap(object->now, object->size);
		object->now = NULL;
	}
}

/* What the victim has been promised counts as well. */
static bool has_changed(void)
{
	static uint32_t last_progress;
	bool changed = report->progress != last_progress;
	last_progress = report->progress;
	for (struct watched *object = watched; object < watched + WATCHED; object++) {
		if (object->now != NULL && memcmp(object->before, object->now, object->size) != 0) {
			memcpy(object->before, object->now, object->size);
			changed = true;
		}
	}
	return changed;
}

/* Lets the victim go on to its next stop. */
static void go_on(pid_t process, enum __ptrace_request how)
{
	int status;
	CHECK_EQUAL(ptrace(how, process, NULL, NULL), 0);
	while (waitpid(process, &status, 0) < 0)
		CHECK_EQUAL(errno, EINTR);
	CHECK(WIFSTOPPED(status)); /* else a check of the victim's failed */
	CHECK_EQUAL(WSTOPSIG(status) & 0x7f, SIGTRAP);
}

/* To the end of the next system call; false: to the operation's end. */
static bool pass_call(pid_t process, const struct operation *operation)
{
	for (int stop = 0; stop < 2; stop++) {
		go_on(process, PTRACE_SYSCALL);
		if (report->ended != 0)
			return false;
		if (operation->attend != NULL)
			operation->attend();
	}
	return true;
}

/*
 * Goes to an instant; when a system call comes before it, to the end of that
 * call, which is the next instant to look at. False: to the operation's end.
 */
static bool go_to(pid_t process, const struct operation *operation, struct instant *instant, uint32_t stride)
{
	for (uint32_t i = 0; i < instant->calls; i++) {
		if (!pass_call(process, operation))
			return false;
	}
	if (stride == 0)
		watch(operation->sender);
	for (uint32_t steps = 0; steps < instant->steps;) {
		if (at_system_call(process)) {
			unwatch();
			*instant = (struct instant){ instant->calls + 1, 0 };
			return pass_call(process, operation);
		}
		go_on(process, PTRACE_SINGLESTEP);
		if (report->ended != 0)
			return false;
		if (stride != 0 || has_changed())
			steps++;
	}
	return true;
}

axon_channel *survivor, *victim;

const struct ring_control *control_of(axon_role role)
{
	static const uint8_t *segment;
	static uint32_t mapped_for = UINT32_MAX;
	if (mapped_for != kill_number) {
		if (segment != NULL)
			munmap((void *)(uintptr_t)segment, SEGMENT_SIZE(CAPACITY_MIN));
		segment = map_segment(NULL);
		mapped_for = kill_number;
	}
	return (const struct ring_control *)(const void *)(segment + RING_OFFSET((uint64_t)role, CAPACITY_MIN));
}

void survive_as(axon_role role)
{
	axon_options options = options_for(role, CAPACITY_MIN);
	options.large_memory = LARGE_MEMORY;
	options.bounded_wait = 5 * MILLISECONDS;
	CHECK_EQUAL(axon_open(&survivor, channel_name(), &options), AXON_OK);
}

void open_victim(axon_role role)
{
	axon_options options = options_for(role, CAPACITY_MIN);
	options.large_memory = LARGE_MEMORY;
	options.spin = 0;
	options.bounded_wait = 20 * MILLISECONDS;
	CHECK_EQUAL(axon_open(&victim, channel_name(), &options), AXON_OK);
}

const uint8_t *payload_of(uint32_t number, size_t length)
{
	static uint8_t payload[LARGE_MEMORY];
	static uint32_t last_number;
	static size_t last_length;
	if (number != last_number || length != last_length)
		fill(payload, length, number);
	last_number = number;
	last_length = length;
	return payload;
}

int put(axon_channel *channel, uint32_t number, size_t length)
{
	return axon_send(channel, "n", payload_of(number, length), length, LONG);
}

void check_number(const axon_message *message, uint32_t number, size_t length)
{
	CHECK_EQUAL(message->payload_length, length);
	CHECK(is_filled(message->payload, length, number));
	CHECK(message->tag_length == 1 && message->tag[0] == 'n');
}

void take(axon_channel *channel, uint32_t number, size_t length, uint32_t deliveries)
{
	axon_message message;
	CHECK_EQUAL(axon_receive(channel, &message, LONG), AXON_OK);
	check_number(&message, number, length);
	if (deliveries == 0)
		CHECK(message.deliveries == 1 || message.deliveries == 2);
	else
		CHECK_EQUAL(message.deliveries, deliveries);
	CHECK_EQUAL(axon_release(channel, &message), AXON_OK);
}

void check_dry(axon_channel *channel)
{
	axon_message message;
	CHECK_EQUAL(axon_receive(channel, &message, 0), AXON_EMPTY);
}

void all_goes_on(axon_channel *server, axon_channel *client)
{
	axon_channel *ends[] = { server, client };
	for (int i = 0; i < 2; i++) {
		CHECK_EQUAL(axon_peer_alive(ends[i]), 1);
		for (uint32_t number = 100; number < 110; number++) { /* more than a lap */
			CHECK_EQUAL(put(ends[i], number, 700), AXON_OK);
			take(ends[!i], number, 700, 1);
		}
		CHECK_EQUAL(put(ends[i], 110, 5000), AXON_OK);
		take(ends[!i], 110, 5000, 1);
		check_dry(ends[!i]);
	}
	axon_close(kill_number % 2 == 0 ? server : client);
	axon_close(kill_number % 2 == 0 ? client : server);
}

static const struct operation *current;

static void be_the_victim(void)
{
	if (current->prepare != NULL)
		current->prepare();
	CHECK_EQUAL(raise(SIGSTOP), 0);
	current->run();
	report->ended = 1;
	for (;;)
		pause();
}

static void be_traced(void)
{
	CHECK_EQUAL(ptrace(PTRACE_TRACEME, 0, NULL, NULL), 0);
	be_the_victim();
}

static bool runs_other_instructions(void)
{
#if defined(SANITIZED)
	return true;
#else
	const char *preloaded = getenv("LD_PRELOAD");
	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
#endif
}

/* A container may forbid it. */
static bool tracing_is_possible(void)
{
#if !(defined(__x86_64__) || defined(__aarch64__))
	return false;
#else
	const pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
			raise(SIGSTOP);
		_exit(1);
	}
	int status;
	CHECK_EQUAL(waitpid(child, &status, 0), child);
	if (!WIFSTOPPED(status))
		return false;
	const bool steps = ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0 && waitpid(child, &status, 0) == child
			&& WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
	kill_and_wait(child);
	return steps;
#endif
}

static pid_t start_victim(const struct operation *operation)
{
	current = operation;
	report->progress = report->ended = 0;
	if (operation->survive != NULL)
		operation->survive();
	const pid_t process = start(be_traced);
	if (operation->accompany != NULL)
		operation->accompany();
	int status;
	while (waitpid(process, &status, 0) < 0)
		CHECK_EQUAL(errno, EINTR);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CHECK_EQUAL(ptrace(PTRACE_SETOPTIONS, process, NULL, (void *)(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)), 0);
	return process;
}

void kill_at_every_instant(const struct operation *operation)
{
	const char *given = getenv("AXON_CRASH_STRIDE");
	const uint32_t stride = given == NULL ? 0 : (uint32_t)strtoul(given, NULL, 10);
	struct instant instant = { 0, 0 };
	report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(report != MAP_FAILED);
	line_open();
	if (runs_other_instructions()) {
		printf("     skipped: a sanitizer or valgrind runs other instructions\n");
		return;
	}
	if (!tracing_is_possible()) {
		const char *excused_nothing = getenv("CI");
		CHECK(excused_nothing == NULL || strcmp(excused_nothing, "true") != 0);
		printf("     skipped: this machine does not let a process trace its child\n");
		return;
	}
	for (bool ended = false; !ended; kill_number++) {
		const pid_t process = start_victim(operation);
		ended = !go_to(process, operation, &instant, stride);
		unwatch();
		const uint32_t progress = report->progress;
		kill_and_wait(process);
		operation->check(progress);
		CHECK_EQUAL(objects_left(), 0);
		instant.steps += stride == 0 ? 1 : stride;
	}
	printf("     killed at %u instants, %u system calls\n", kill_number, instant.calls);
	fflush(stdout);
}
