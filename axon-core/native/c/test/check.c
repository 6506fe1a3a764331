#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Seconds for one test, sanitizers and valgrind included; for the long ones that a command asks for. */
#define TIME_LIMIT (getenv("AXON_CRASH_STRIDE") == NULL && getenv("RACES") == NULL ? 120 : 7200)
#define SKIPPED 77

/*
 * In the order in which they run. SLOW ones are about many processes or much
 * time: sanitizers run them, valgrind would take too long.
 */
#define MOST_SLOWNESS 8
#define TEST_FILES(FILE, SLOW) \
	FILE(messages) FILE(large) FILE(requests) FILE(open) FILE(lifetime) FILE(corruption) FILE(hostile) FILE(objects) \
	FILE(together) FILE(threads) SLOW(closing) FILE(signals) FILE(bias) FILE(waiting) FILE(golden) FILE(serve) SLOW(owners) \
	SLOW(strangers) SLOW(memory) SLOW(peers) SLOW(races) SLOW(crash) SLOW(crash_requests) SLOW(crash_setup)
#define DECLARED(file) extern const struct test tests_##file[];
#define QUICK_FILE(file) { #file, tests_##file, false },
#define SLOW_FILE(file) { #file, tests_##file, true },
TEST_FILES(DECLARED, DECLARED)

static char name[AXON_NAME_MAX + 1];
static int line[2] = { -1, -1 };

void check_failed(const char *file, int number, const char *what, long long actual, long long expected)
{
	fprintf(stderr, "%s:%d: %s", file, number, what);
	if (actual != expected)
		fprintf(stderr, " (%lld, %lld)", actual, expected);
	fprintf(stderr, "; last error: %s\n", axon_last_error());
	_exit(1);
}

void check_error(const char *file, int number, const char *text)
{
	if (strstr(axon_last_error(), text) == NULL)
		check_failed(file, number, text, 0, 0);
}

const char *channel_name(void)
{
	return name;
}

uint32_t slowness(void)
{
	const char *given = getenv("SLOWNESS");
	return given == NULL || atoi(given) < 1 ? 1 : (uint32_t)atoi(given);
}

uint32_t repetitions(uint32_t count)
{
	return 1 + (count - 1) / slowness();
}

int64_t clock_of(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 * MILLISECONDS + now.tv_nsec;
}

axon_options options_for(axon_role role, uint64_t capacity)
{
	axon_options options;
	axon_options_init(&options);
	options.role = role;
	options.capacity = capacity;
	options.open_timeout = options.send_timeout = options.request_timeout = LONG;
	return options;
}

axon_channel *open_as(axon_role role, uint64_t capacity)
{
	const axon_options options = options_for(role, capacity);
	axon_channel *channel;
	CHECK_EQUAL(axon_open(&channel, name, &options), AXON_OK);
	return channel;
}

pid_t start(void (*run)(void))
{
	return start_as(geteuid(), getegid(), run);
}

/* As another user it is not root in any way, but the sanitizers may still look at it. */
pid_t start_as(uid_t user, gid_t group, void (*run)(void))
{
	fflush(NULL);
	const pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		alarm(TIME_LIMIT);
		if (user != geteuid()) {
			CHECK_EQUAL(setgroups(0, NULL), 0);
			CHECK_EQUAL(setresgid(group, group, group), 0);
			CHECK_EQUAL(setresuid(user, user, user), 0);
			CHECK_EQUAL(prctl(PR_SET_DUMPABLE, 1), 0);
		}
		run();
		exit(0);
	}
	return child;
}

void skip(const char *reason)
{
	const char *ci = getenv("CI");
	if (ci != NULL && strcmp(ci, "true") == 0)
		check_failed(__FILE__, __LINE__, reason, 0, 0);
	fprintf(stderr, "skipped: %s\n", reason);
	_exit(SKIPPED);
}

void need_root(void)
{
	if (geteuid() != 0)
		skip("the test needs to run as root");
}

static int wait_for(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		CHECK_EQUAL(errno, EINTR);
	return status;
}

void join(pid_t child)
{
	CHECK_EQUAL(wait_for(child), 0);
}

void kill_and_wait(pid_t child)
{
	kill(child, SIGKILL);
	const int status = wait_for(child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

void line_open(void)
{
	CHECK_EQUAL(pipe2(line, O_CLOEXEC), 0);
}

void line_tell(char what)
{
	CHECK_EQUAL(write(line[1], &what, 1), 1);
}

void line_expect(char what)
{
	char found = 0;
	CHECK_EQUAL(read(line[0], &found, 1), 1);
	CHECK_EQUAL(found, what);
}

axon_message receive_text(axon_channel *channel, const char *tag, const char *payload)
{
	axon_message message;
	CHECK_EQUAL(axon_receive(channel, &message, LONG), AXON_OK);
	CHECK_EQUAL(message.tag_length, strlen(tag));
	CHECK(memcmp(message.tag, tag, message.tag_length) == 0);
	CHECK_EQUAL(message.payload_length, strlen(payload));
	CHECK(memcmp(message.payload, payload, message.payload_length) == 0);
	return message;
}

void send_text(axon_channel *channel, const char *tag, const char *payload)
{
	CHECK_EQUAL(axon_send(channel, tag, payload, strlen(payload), LONG), AXON_OK);
}

uint32_t random_of(uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 0x9e3779b9u;
	x ^= x >> 16;
	x *= 0x85ebca6bu;
	x ^= x >> 13;
	x *= 0xc2b2ae35u;
	return x ^ x >> 16;
}

void fill(void *payload, size_t length, uint32_t seed)
{
	uint8_t *bytes = payload;
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(random_of(seed) >> (i % 4 * 8)) + (uint8_t)(i * 7 + i / 251);
}

bool is_filled(const void *payload, size_t length, uint32_t seed)
{
	const uint8_t *bytes = payload;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != (uint8_t)((uint8_t)(random_of(seed) >> (i % 4 * 8)) + (uint8_t)(i * 7 + i / 251)))
			return false;
	}
	return true;
}

void *map_segment(size_t *size)
{
	char object[96];
	struct stat found;
	snprintf(object, sizeof object, "/axon.%s", name);
	const int descriptor = shm_open(object, O_RDWR, 0);
	CHECK(descriptor >= 0);
	CHECK_EQUAL(fstat(descriptor, &found), 0);
	void *segment = mmap(NULL, (size_t)found.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	CHECK(segment != MAP_FAILED);
	close(descriptor);
	if (size != NULL)
		*size = (size_t)found.st_size;
	return segment;
}

void need_no_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL)
		_exit(SKIPPED);
}

bool try_private_shared_memory(const char *mount_options)
{
	return unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0
			&& mount("tmpfs", "/dev/shm", "tmpfs", 0, mount_options) == 0;
}

void private_shared_memory(const char *mount_options)
{
	need_root();
	if (!try_private_shared_memory(mount_options))
		skip("the test needs mount namespaces");
}

void object_path(char path[160], const char *suffix)
{
	const bool semaphore = strstr(suffix, ".data") != NULL || strstr(suffix, ".space") != NULL;
#if !defined(__GLIBC__)
	snprintf(path, 160, "/dev/shm/axon.%s%s", name, suffix);
	(void)semaphore;
#else
	snprintf(path, 160, "/dev/shm/%saxon.%s%s", semaphore ? "sem." : "", name, suffix);
#endif
}

static int files_with(const char *first, const char *second, bool print)
{
	int count = 0;
	DIR *folder = opendir("/dev/shm");
	CHECK(folder != NULL);
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (entry->d_name[0] != '.' && (strncmp(entry->d_name, first, strlen(first)) == 0
				|| strncmp(entry->d_name, second, strlen(second)) == 0)) {
			count++;
			if (print)
				fprintf(stderr, "left in /dev/shm: %s\n", entry->d_name);
		}
	}
	closedir(folder);
	return count;
}

static int objects(bool print)
{
	char segment[96], semaphore[96];
	snprintf(segment, sizeof segment, "axon.%s", name);
	snprintf(semaphore, sizeof semaphore, "sem.axon.%s", name);
	return files_with(segment, semaphore, print);
}

void receive_while_the_sender_waits(axon_channel *client, uint32_t waits, uint32_t count)
{
	axon_message message;
	uint64_t last = 0, now = 0;
	const uint64_t *wanted = (uint64_t *)(void *)((uint8_t *)map_segment(NULL) + 4096 + 384);
	for (uint32_t i = 0; i < count; i++) {
		while (i < waits && ((now = __atomic_load_n(wanted, __ATOMIC_ACQUIRE)) == 0 || now == last))
			sched_yield();
		last = now;
		CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK);
		CHECK(is_filled(message.payload, message.payload_length, i));
		CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	}
}

int objects_left(void)
{
	return objects(false);
}

int files_left(void)
{
	return files_with("", "", false);
}

static bool run_test(const char *file, const struct test *test)
{
	snprintf(name, sizeof name, "c-test-%d-%.40s", (int)getpid(), test->name);
	const int status = wait_for(start(test->run));
	const bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED;
	bool passed = status == 0 || skipped;
	if (objects(true) != 0) {
		axon_discard(name);
		passed = false;
	}
	if (passed)
		printf("%s %s: %s\n", skipped ? "skip" : "ok  ", file, test->name);
	else
		printf("FAIL %s: %s (status %#x)\n", file, test->name, (unsigned)status);
	return passed;
}

/* Without arguments all tests; else those whose name contains the argument. */
int main(int argc, char **argv)
{
	const struct {
		const char *file;
		const struct test *tests;
		bool slow;
	} files[] = { TEST_FILES(QUICK_FILE, SLOW_FILE) };
	setvbuf(stdout, NULL, _IOLBF, 0);
	int passed = 0, failed = 0;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		for (const struct test *test = files[i].tests; test->name != NULL; test++) {
			if ((argc > 1 && strstr(test->name, argv[1]) == NULL) || (files[i].slow && slowness() > MOST_SLOWNESS))
				continue;
			if (run_test(files[i].file, test))
				passed++;
			else
				failed++;
		}
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0 || passed == 0;
}
