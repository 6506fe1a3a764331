/* Who holds a role: one of many, by its pid, as long as it lives and no longer; and what a death on the way leaves. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define CONTENDERS 100
#define MAX_STEPS 2000

static axon_role role;
static int gate[2], results[2];

static void close_end(int pair[2], int end)
{
	close(pair[end]);
	pair[end] = -1;
}

/* Waits until all are there, opens, tells how it went, and holds what it won until all have told. */
static void contend(void)
{
	char none;
	close_end(gate, 1);
	close_end(results, 0);
	CHECK_EQUAL(read(gate[0], &none, 1), 0);
	const axon_options options = options_for(role, 4096);
	axon_channel *channel;
	const int status = axon_open(&channel, channel_name(), &options);
	pid_t holder = getpid();
	if (status != AXON_OK) {
		CHECK_EQUAL(status, AXON_ROLE_TAKEN);
		const char *text = strstr(axon_last_error(), "process ");
		CHECK(text != NULL);
		holder = atoi(text + strlen("process "));
	}
	const int result[2] = { status, holder };
	CHECK_EQUAL(write(results[1], result, sizeof result), sizeof result);
	if (status == AXON_OK)
		pause();
}

static void one_of_a_hundred_wins(void)
{
	pid_t children[CONTENDERS], winner = 0, named[CONTENDERS];
	int result[2];
	CHECK_EQUAL(pipe2(gate, O_CLOEXEC), 0);
	CHECK_EQUAL(pipe2(results, O_CLOEXEC), 0);
	for (int i = 0; i < CONTENDERS; i++)
		children[i] = start(contend);
	close_end(gate, 1);
	for (int i = 0; i < CONTENDERS; i++) {
		CHECK_EQUAL(read(results[0], result, sizeof result), sizeof result);
		named[i] = result[1];
		if (result[0] == AXON_OK) {
			CHECK_EQUAL(winner, 0);
			winner = result[1];
		}
	}
	for (int i = 0; i < CONTENDERS; i++) {
		CHECK_EQUAL(named[i], winner);
		if (children[i] != winner)
			join(children[i]);
	}
	kill_and_wait(winner);
}

/* The channel does not exist, is half made, is a dead process's; then the same for the other role. */
static void one_of_a_hundred_wins_whatever_is_there(void)
{
	char path[160];
	need_no_valgrind();
	for (int round = 0; round < 3; round++) {
		role = AXON_SERVER;
		join(start(one_of_a_hundred_wins));
		CHECK(objects_left() > 0);
		join(start(one_of_a_hundred_wins));
		object_path(path, "");
		CHECK_EQUAL(truncate(path, 0), 0);
		join(start(one_of_a_hundred_wins));
		role = AXON_CLIENT;
		join(start(one_of_a_hundred_wins));
		CHECK_EQUAL(axon_discard(channel_name()), 1);
	}
}

/* Opens, and is gone again: all that creating and removing does. */
static void open_and_close(void)
{
	raise(SIGSTOP);
	axon_options options = options_for(role, 4096);
	options.group = 1;
	axon_channel *channel;
	if (axon_open(&channel, channel_name(), &options) == AXON_OK)
		axon_close(channel);
	_exit(0); /* a sanitizer's look for leaks would be traced, too, and cannot be */
}

/* Lets a child make `steps` more entries to and exits from system calls and kills it; false: it ended before. */
static bool kill_after(pid_t child, int steps)
{
	int status;
	CHECK_EQUAL(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status));
	if (ptrace(PTRACE_SEIZE, child, NULL, (void *)(uintptr_t)PTRACE_O_TRACESYSGOOD) != 0) {
		kill_and_wait(child);
		skip("the test needs ptrace()");
	}
	CHECK_EQUAL(kill(child, SIGCONT), 0);
	for (int step = 0; step < steps;) {
		CHECK_EQUAL(waitpid(child, &status, 0), child);
		if (!WIFSTOPPED(status)) {
			CHECK_EQUAL(status, 0);
			return false;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			step++;
		if (step < steps)
			CHECK_EQUAL(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
	}
	kill_and_wait(child);
	return true;
}

/* Whatever a killed process left, the next server opens, the next client finds, and a clean close leaves nothing. */
static void check_what_is_left(void)
{
	char path[160];
	object_path(path, "");
	if (access(path, F_OK) != 0) /* it is made first and removed last: who finds it finds all */
		CHECK_EQUAL(objects_left(), 0);
	axon_options options = options_for(AXON_SERVER, 4096);
	axon_channel *server, *client;
	options.group = 1;
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
	options.role = AXON_CLIENT;
	CHECK_EQUAL(axon_open(&client, channel_name(), &options), AXON_OK);
	send_text(client, "t", "there");
	receive_text(server, "t", "there");
	axon_close(client);
	axon_close(server);
	CHECK_EQUAL(objects_left(), 0);
}

static void a_process_killed_at_any_step_leaves_what_the_next_repairs(void)
{
	int steps[2];
	need_no_valgrind();
	const bool alone = try_private_shared_memory("size=8m");
	for (role = AXON_SERVER; role <= AXON_CLIENT; role++) {
		for (steps[role] = 1;; steps[role]++) {
			CHECK(steps[role] < MAX_STEPS);
			axon_channel *server = NULL;
			if (role == AXON_CLIENT) {
				axon_options options = options_for(AXON_SERVER, 4096);
				options.group = 1;
				CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
			}
			const bool killed = kill_after(start(open_and_close), steps[role]);
			axon_close(server);
			check_what_is_left();
			if (alone) /* nor may other names be left, such as those of glibc's sem_open() */
				CHECK_EQUAL(files_left(), 0);
			if (!killed)
				break;
		}
	}
	CHECK(steps[AXON_SERVER] > 80 && steps[AXON_CLIENT] > 40); /* entries and exits: it saw them all */
}

/* Opens the server, makes a process in one of the usual ways, which reads until nobody writes, and waits to be killed. */
static axon_channel *inherited;
static int way, input[2];
static volatile pid_t *made;

static void make_a_process(void)
{
	char *const command[] = { "cat", NULL };
	pid_t child = 0;
	inherited = open_as(AXON_SERVER, 4096);
	close_end(input, 1);
	CHECK_EQUAL(dup2(input[0], STDIN_FILENO), STDIN_FILENO);
	if (way == 0) {
		CHECK_EQUAL(posix_spawnp(&child, "cat", NULL, NULL, command, environ), 0);
	} else {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
		child = way == 1 ? vfork() : fork();
#pragma GCC diagnostic pop
		if (child == 0) {
			execvp("cat", command);
			_exit(127);
		}
	}
	*made = child;
	line_tell('m');
	for (;;)
		pause();
}

static int descriptors_of(pid_t process, const char *file)
{
	char path[64], target[256];
	int found = 0;
	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)process, i);
		const ssize_t length = readlink(path, target, sizeof target - 1);
		if (length > 0) {
			target[length] = '\0';
			found += strstr(target, file) != NULL;
		}
	}
	return found;
}

static void executed_programs_inherit_nothing(void)
{
	need_no_valgrind();
	line_open();
	made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(made != MAP_FAILED);
	for (way = 0; way < 3; way++) {
		CHECK_EQUAL(pipe2(input, O_CLOEXEC), 0);
		const pid_t child = start(make_a_process);
		close_end(input, 0);
		line_expect('m');
		char link[64], program[256];
		snprintf(link, sizeof link, "/proc/%d/exe", (int)*made);
		for (ssize_t length = 0; length <= 0 || strstr(program, "tests") != NULL; sched_yield()) { /* until exec is done */
			length = readlink(link, program, sizeof program - 1);
			program[length > 0 ? length : 0] = '\0';
		}
		CHECK_EQUAL(descriptors_of(child, channel_name()), 1);
		CHECK_EQUAL(descriptors_of(*made, channel_name()), 0);
		kill_and_wait(child);
		axon_close(open_as(AXON_SERVER, 4096));
		CHECK_EQUAL(kill(*made, 0), 0); /* it lives */
		close_end(input, 1);            /* and ends */
	}
}

static void hold_in_a_namespace(void)
{
	CHECK_EQUAL(getpid(), 1);
	open_as(AXON_SERVER, 4096);
	line_tell('h');
	pause();
}

static void find_it_taken_in_a_namespace(void)
{
	axon_channel *channel;
	const axon_options options = options_for(AXON_SERVER, 4096);
	CHECK_EQUAL(getpid(), 1);
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_ROLE_TAKEN);
	CHECK_ERROR("process 1 ");
	CHECK_ERROR("another container"); /* its own pid, and yet not itself */
}

static pid_t start_in_a_namespace(void (*run)(void))
{
	const int outside = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	CHECK(outside >= 0);
	if (unshare(CLONE_NEWPID) != 0)
		skip("the test needs pid namespaces");
	const pid_t child = start(run);
	CHECK_EQUAL(setns(outside, CLONE_NEWPID), 0);
	close(outside);
	return child;
}

static void a_holder_in_another_pid_namespace_is_seen(void)
{
	axon_channel *channel;
	const axon_options options = options_for(AXON_SERVER, 4096);
	need_root();
	line_open();
	const pid_t holder = start_in_a_namespace(hold_in_a_namespace);
	line_expect('h');
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_ROLE_TAKEN);
	CHECK_ERROR("process 1");
	join(start_in_a_namespace(find_it_taken_in_a_namespace));
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(axon_peer_alive(client), 1);
	kill_and_wait(holder);
	CHECK_EQUAL(axon_peer_alive(client), 0);
	axon_close(open_as(AXON_SERVER, 4096));
	axon_close(client);
}

static void send_and_wait(void)
{
	axon_channel *server = open_as(AXON_SERVER, 4096);
	send_text(server, "t", "unread");
	line_tell('s');
	pause();
}

static void attach_and_wait(void)
{
	open_as(AXON_CLIENT, 4096);
	line_tell('s');
	pause();
}

static sem_t *semaphore_of(const char *suffix)
{
	char object[96];
	snprintf(object, sizeof object, "/axon.%s%s", channel_name(), suffix);
	sem_t *semaphore = sem_open(object, 0);
	CHECK(semaphore != SEM_FAILED);
	return semaphore;
}

static void a_dead_pair_is_taken_over_without_its_permits(void)
{
	static const char *const suffixes[] = { "~0.data", "~0.space", "~1.data", "~1.space" };
	int value;
	line_open();
	const pid_t server = start(send_and_wait);
	line_expect('s');
	const pid_t client = start(attach_and_wait);
	line_expect('s');
	for (int i = 0; i < 4; i++) {
		sem_t *semaphore = semaphore_of(suffixes[i]);
		for (int post = 0; post < 20; post++)
			CHECK_EQUAL(sem_post(semaphore), 0);
		sem_close(semaphore);
	}
	kill_and_wait(server);
	kill_and_wait(client);
	axon_channel *successor = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(axon_peer_alive(successor), 0);
	for (int i = 0; i < 4; i++) {
		sem_t *semaphore = semaphore_of(suffixes[i]);
		CHECK_EQUAL(sem_getvalue(semaphore, &value), 0);
		CHECK_EQUAL(value, 0);
		sem_close(semaphore);
	}
	receive_text(successor, "t", "unread");
	axon_close(successor);
}

/* To make a segment again is to cut it to nothing, which would kill whoever has it mapped. */
static void a_segment_in_use_is_never_made_again(void)
{
	const uint64_t none = 0;
	axon_channel *channel;
	const axon_options options = options_for(AXON_SERVER, 4096);
	axon_channel *server = open_as(AXON_SERVER, 4096), *client = open_as(AXON_CLIENT, 4096);
	size_t size;
	uint8_t *segment = map_segment(&size);
	uint64_t ready;
	memcpy(&ready, segment, sizeof ready);
	memcpy(segment, &none, sizeof none);
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_ROLE_TAKEN);
	axon_close(server);
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_CORRUPT);
	CHECK_ERROR("process");
	send_text(client, "t", "nothing was cut off");
	memcpy(segment, &ready, sizeof ready);
	munmap(segment, size);
	server = open_as(AXON_SERVER, 4096);
	receive_text(server, "t", "nothing was cut off");
	axon_close(server);
	axon_close(client);
}

TESTS(owners, { "one-of-a-hundred-wins", one_of_a_hundred_wins_whatever_is_there },
		{ "a-process-killed-at-any-step", a_process_killed_at_any_step_leaves_what_the_next_repairs },
		{ "executed-programs-inherit-nothing", executed_programs_inherit_nothing },
		{ "a-holder-in-another-pid-namespace", a_holder_in_another_pid_namespace_is_seen },
		{ "a-dead-pair-is-taken-over", a_dead_pair_is_taken_over_without_its_permits },
		{ "a-segment-in-use-is-never-made-again", a_segment_in_use_is_never_made_again });
