#define _GNU_SOURCE
#include "meeting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static char memory_name[MEETING_NAME_MAX];
static uint32_t *present; /* of the first and of the second side */

void meeting_name(const struct setup *setup, const char *what, char name[MEETING_NAME_MAX])
{
	if (snprintf(name, MEETING_NAME_MAX, "/bench.%s.%s", setup->name, what) >= MEETING_NAME_MAX)
		fail("the name '%s' is too long", setup->name);
}

static void remove_name(void)
{
	shm_unlink(memory_name);
}

void *meeting_open(const struct setup *setup, size_t size)
{
	meeting_name(setup, "memory", memory_name);
	const int descriptor = shm_open(memory_name, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (descriptor < 0)
		fail("cannot open the shared memory %s: %s", memory_name, strerror(errno));
	atexit(remove_name);
	const int error = posix_fallocate(descriptor, 0, (off_t)(PAGE + size));
	if (error != 0)
		fail("no %zu bytes of shared memory: %s", PAGE + size, strerror(error));
	char *base = mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, 0);
	if (base == MAP_FAILED)
		fail("cannot map %zu bytes of shared memory: %s", PAGE + size, strerror(errno));
	close(descriptor);
	present = (uint32_t *)(void *)base;
	return base + PAGE;
}

void meeting_wait(const struct setup *setup)
{
	const int64_t deadline = now() + PEER_TIMEOUT;
	__atomic_store_n(&present[setup->first ? 0 : 1], 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&present[setup->first ? 1 : 0], __ATOMIC_ACQUIRE) == 0) {
		if (now() >= deadline)
			fail("the other side did not come within %lld s", (long long)(PEER_TIMEOUT / 1000000000));
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	remove_name();
}
