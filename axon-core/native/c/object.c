/* The part of segment.h that deals with one shared-memory object at a time: names, owners, modes, errors. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "segment.h"

#define MODE_LOOKS 100
#define MODE_PAUSE INT64_C(1000000) /* ns */

void segment_slot_name(const struct segment *segment, int ring, int slot, char name[OBJECT_NAME_SIZE])
{
	snprintf(name, OBJECT_NAME_SIZE, "/axon.%s~%d.%02d", segment->name, ring, slot);
}

int segment_system_error(const struct segment *segment, const char *call, const char *object, int error)
{
	return error_set(AXON_SYSTEM, "channel '%s': %s %s failed: %s (errno %d)", segment->name, call, object,
			strerror(error), error);
}

int segment_no_memory(const struct segment *segment, const char *object, uint64_t bytes)
{
	const uint64_t available = platform_memory_available();
	return error_set(AXON_NO_MEMORY,
			"channel '%s': no memory for %s: %llu bytes of shared memory asked for, %llu available in /dev/shm%s; "
			"make it larger (docker run --shm-size=..., in Kubernetes an emptyDir with medium: Memory on /dev/shm) "
			"or open with a smaller capacity or large_memory",
			segment->name, object, (unsigned long long)bytes, (unsigned long long)available,
			available >= bytes ? " now: other files were removed, or it takes no more files (mount option nr_inodes)" : "");
}

static int refuse(const struct segment *segment, const char *object, const struct stat *found)
{
	return error_set(AXON_ACCESS,
			"channel '%s': %s has type %o, owner %u, group %u, mode %04o and %u names; required are a regular file, "
			"owner %u%s, at most mode %04o%s and 1 name: somebody else made it, have it removed or choose another name",
			segment->name, object, (unsigned)(found->st_mode & S_IFMT) >> 12, (unsigned)found->st_uid,
			(unsigned)found->st_gid, (unsigned)(found->st_mode & 07777), (unsigned)found->st_nlink, (unsigned)geteuid(),
			(segment->mode & 060) != 0 ? " or this process's group" : "", (unsigned)segment->mode,
			(segment->mode & 060) != 0 ? "" : " (0660 with the option group)");
}

static bool is_allowed(const struct segment *segment, const struct stat *found)
{
	const bool ours = found->st_uid == geteuid() || ((segment->mode & 060) != 0 && found->st_gid == getegid());
	/* A second name could make this process take another file of its own for a channel's. */
	return S_ISREG(found->st_mode) && ours && (found->st_mode & 07777 & ~segment->mode) == 0 && found->st_nlink <= 1;
}

int segment_open_object(const struct segment *segment, const char *object, int *descriptor, uint64_t *size)
{
	struct stat found = { 0 };
	*descriptor = -1;
	int opened = platform_shm_open(object, false);
	for (int looks = 1; opened == -EACCES && looks < MODE_LOOKS && platform_shm_stat(object, &found) == 0
			&& is_allowed(segment, &found); looks++) { /* a group-mate may have made it, and not yet set its mode */
		platform_nap(MODE_PAUSE);
		opened = platform_shm_open(object, false);
	}
	if (opened == -ENOENT)
		return AXON_OK;
	if (opened < 0) {
		const bool exists = platform_shm_stat(object, &found) == 0;
		if (exists && !(is_allowed(segment, &found) && (opened == -EMFILE || opened == -ENFILE)))
			return refuse(segment, object, &found);
		return segment_system_error(segment, "shm_open", object, -opened);
	}
	if (fstat(opened, &found) != 0 || !is_allowed(segment, &found)) {
		close(opened);
		return refuse(segment, object, &found);
	}
	*descriptor = opened;
	*size = (uint64_t)found.st_size;
	return AXON_OK;
}

int segment_create_object(const struct segment *segment, const char *object)
{
	const int descriptor = platform_shm_open(object, true);
	if (descriptor >= 0)
		platform_set_mode(descriptor, segment->mode);
	return descriptor;
}
