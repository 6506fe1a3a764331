#define _GNU_SOURCE
#include "mapping.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAPPINGS 256
#define GUARD 4096

void *__real_mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset);
int __real_munmap(void *address, size_t length);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset);
int __wrap_munmap(void *address, size_t length);

static struct mapping {
	uint8_t *base;
	size_t length;
	dev_t device;
	ino_t inode;
	unsigned users; /* 0: not in use */
} mappings[MAPPINGS];
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static void *map_between_guards(size_t length, int protection, int flags, int descriptor)
{
	uint8_t *room = __real_mmap(NULL, length + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return MAP_FAILED;
	void *base = __real_mmap(room + GUARD, length, protection, flags | MAP_FIXED, descriptor, 0);
	if (base == MAP_FAILED) {
		const int error = errno;
		__real_munmap(room, length + 2 * GUARD);
		errno = error;
	}
	return base;
}

static struct mapping *share(size_t length, int protection, int flags, int descriptor, const struct stat *file)
{
	struct mapping *unused = NULL;
	for (struct mapping *mapping = mappings; mapping < mappings + MAPPINGS; mapping++) {
		if (mapping->users == 0)
			unused = mapping;
		else if (mapping->inode == file->st_ino && mapping->device == file->st_dev && mapping->length == length) {
			mapping->users++;
			return mapping;
		}
	}
	if (unused == NULL)
		abort();
	void *base = map_between_guards(length, protection, flags, descriptor);
	if (base == MAP_FAILED)
		return NULL;
	*unused = (struct mapping){ .base = base, .length = length, .device = file->st_dev, .inode = file->st_ino, .users = 1 };
	return unused;
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset)
{
	struct stat file;
	if (descriptor < 0 || (flags & MAP_SHARED) == 0 || fstat(descriptor, &file) != 0)
		return __real_mmap(address, length, protection, flags, descriptor, offset);
	pthread_mutex_lock(&guard);
	const struct mapping *mapping = share(length, protection, flags, descriptor, &file);
	pthread_mutex_unlock(&guard);
	return mapping == NULL ? MAP_FAILED : mapping->base;
}

int __wrap_munmap(void *address, size_t length)
{
	int result = 0;
	struct mapping *found = NULL;
	pthread_mutex_lock(&guard);
	for (struct mapping *mapping = mappings; mapping < mappings + MAPPINGS; mapping++) {
		if (mapping->users != 0 && mapping->base == address && mapping->length == length)
			found = mapping;
	}
	if (found == NULL)
		result = __real_munmap(address, length);
	else if (--found->users == 0)
		result = __real_munmap(found->base - GUARD, length + 2 * GUARD);
	pthread_mutex_unlock(&guard);
	return result;
}

bool mapping_holds(const void *from, size_t length)
{
	const uint8_t *bytes = from;
	bool holds = false;
	pthread_mutex_lock(&guard);
	for (const struct mapping *mapping = mappings; mapping < mappings + MAPPINGS && !holds; mapping++) {
		holds = mapping->users != 0 && bytes >= mapping->base && bytes <= mapping->base + mapping->length
				&& length <= (size_t)(mapping->base + mapping->length - bytes);
	}
	pthread_mutex_unlock(&guard);
	return holds;
}

size_t mapping_total(void)
{
	size_t total = 0;
	pthread_mutex_lock(&guard);
	for (const struct mapping *mapping = mappings; mapping < mappings + MAPPINGS; mapping++)
		total += mapping->users != 0 ? mapping->length : 0;
	pthread_mutex_unlock(&guard);
	return total;
}
