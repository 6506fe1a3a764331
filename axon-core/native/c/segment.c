#define _GNU_SOURCE
#include "segment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "barrier.h"
#include "error.h"
#include "fork.h"

#define RETRY 1                         /* not an axon_status: look again a little later */
#define RETRY_PAUSE INT64_C(500000)     /* ns between two looks */
#define LEAVE_PATIENCE INT64_C(5000000000)

int segment_init(struct segment *segment, const char *name, int role, bool group)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const size_t length = name == NULL ? 0 : strnlen(name, AXON_NAME_MAX + 1);
	if (length == 0 || length > AXON_NAME_MAX || strspn(name, allowed) != length || strchr("._-", name[0]) != NULL)
		return error_set(AXON_INVALID,
				"'%.80s' is no channel name: 1 to %d letters, digits, '.', '_' or '-', the first a letter or digit",
				name == NULL ? "(null)" : name, AXON_NAME_MAX);
	memset(segment, 0, sizeof *segment);
	memcpy(segment->name, name, length);
	segment->role = role;
	segment->mode = group ? 0660 : 0600;
	segment->lock_fd = -1;
	return AXON_OK;
}

static void segment_name(const struct segment *segment, char name[OBJECT_NAME_SIZE])
{
	snprintf(name, OBJECT_NAME_SIZE, "/axon.%s", segment->name);
}

static void semaphore_name(const struct segment *segment, int index, char name[OBJECT_NAME_SIZE])
{
	snprintf(name, OBJECT_NAME_SIZE, "/axon.%s~%d.%s", segment->name, index / 2, index % 2 == 0 ? "data" : "space");
}

/* Unlocks explicitly: a child that has been forked but has not yet called exec shares the descriptor. */
static void close_lock(struct segment *segment)
{
	fork_guard_enter();
	if (segment->lock_fd >= 0) {
		platform_unlock(segment->lock_fd, LOCK_SETUP);
		close(segment->lock_fd);
	}
	segment->lock_fd = -1;
	fork_guard_leave();
}

/* Opens the segment, or makes an empty one, and takes its set-up lock. AXON_TIMEOUT: there is none. */
static int open_and_lock(struct segment *segment, bool create)
{
	char name[OBJECT_NAME_SIZE];
	uint64_t size;
	segment_name(segment, name);
	fork_guard_enter();
	int status = segment_open_object(segment, name, &segment->lock_fd, &size);
	if (status == AXON_OK && segment->lock_fd < 0 && create) {
		const int created = segment_create_object(segment, name);
		if (created >= 0)
			segment->lock_fd = created;
		else
			status = created == -EEXIST ? RETRY
					: created == -ENOSPC ? segment_no_memory(segment, name, PAGE)
					: segment_system_error(segment, "shm_open", name, -created);
	}
	fork_guard_leave();
	if (status != AXON_OK)
		return status;
	if (segment->lock_fd < 0)
		return AXON_TIMEOUT;
	const int locked = platform_lock(segment->lock_fd, LOCK_SETUP);
	if (locked == 0 && segment_is_linked(segment))
		return AXON_OK;
	close_lock(segment);
	return locked == 0 || locked == -EAGAIN ? RETRY : segment_system_error(segment, "fcntl(F_OFD_SETLK)", name, -locked);
}

/* Removes all names, the segment's last: 0, or why that could not be removed. */
static int unlink_all(const struct segment *segment)
{
	char name[OBJECT_NAME_SIZE], file[OBJECT_NAME_SIZE];
	for (int i = 0; i < 4; i++) {
		semaphore_name(segment, i, name);
		platform_semaphore_file(name, file, sizeof file);
		platform_shm_unlink(file);
	}
	for (int i = 0; i < 2 * SLOTS; i++) {
		segment_slot_name(segment, i / SLOTS, i % SLOTS, name);
		platform_shm_unlink(name);
	}
	segment_name(segment, name);
	return platform_shm_unlink(name);
}

/* Maps through a descriptor of its own: a mapping of the lock's would keep the lock alive in a forked child. */
static int map(struct segment *segment)
{
	char name[OBJECT_NAME_SIZE];
	struct stat locked, mapped;
	segment_name(segment, name);
	const int descriptor = platform_shm_open(name, false);
	if (descriptor < 0)
		return segment_system_error(segment, "shm_open", name, -descriptor);
	int status = AXON_OK;
	if (fstat(segment->lock_fd, &locked) != 0 || fstat(descriptor, &mapped) != 0 || locked.st_ino != mapped.st_ino
			|| locked.st_dev != mapped.st_dev) {
		status = RETRY;
	} else {
		segment->size = SEGMENT_SIZE(segment->capacity);
		segment->header = platform_map(descriptor, segment->size, false);
		if (segment->header == NULL)
			status = segment_system_error(segment, "mmap", name, errno);
	}
	close(descriptor);
	return status;
}

/* Reserves and fills a new or half-made segment; all but the first word. */
static int make(struct segment *segment, const axon_options *options)
{
	char name[OBJECT_NAME_SIZE];
	segment_name(segment, name);
	segment->capacity = CAPACITY_MIN;
	while (segment->capacity < options->capacity)
		segment->capacity *= 2;
	const uint64_t size = SEGMENT_SIZE(segment->capacity);
	struct stat found;
	int result = fstat(segment->lock_fd, &found) == 0 ? 0 : -errno;
	if (result == 0 && (found.st_mode & 07777) != segment->mode) /* it may be a group-mate's, who had set it */
		result = platform_set_mode(segment->lock_fd, segment->mode);
	if (result == 0)
		result = platform_reserve(segment->lock_fd, size);
	if (result == -ENOSPC || result == -ENOMEM)
		return segment_no_memory(segment, name, size);
	if (result != 0)
		return segment_system_error(segment, "reserving memory for", name, -result);
	const int status = map(segment);
	if (status != AXON_OK)
		return status;
	struct segment_header *header = segment->header;
	header->size = size;
	header->libc = platform_libc();
	header->word_bits = 64;
	header->capacity = segment->capacity;
	header->channel_id = segment->channel_id = platform_random();
	header->max_message = segment->max_message = options->max_message;
	header->large_memory = segment->large_memory = options->large_memory;
	return AXON_OK;
}

/* Checks the header that somebody else wrote, and keeps its values. */
static int adopt(struct segment *segment, const struct segment_header *header)
{
	const char *name = segment->name;
	struct stat found = { 0 };
	fstat(segment->lock_fd, &found);
	if (header->ready != SEGMENT_READY)
		return error_set(AXON_INCOMPATIBLE,
				"channel '%s': its first word is %016llx, this library speaks version 1 (%016llx); "
				"end its processes and discard it, or use one version on both sides",
				name, (unsigned long long)header->ready, (unsigned long long)SEGMENT_READY);
	if (header->libc != platform_libc() || header->word_bits != 64)
		return error_set(AXON_INCOMPATIBLE,
				"channel '%s': made with C library %u and %u-bit words, this process has C library %u (1 glibc, 2 musl, "
				"3 macOS) and 64: their semaphores differ",
				name, header->libc, header->word_bits, platform_libc());
	const uint64_t capacity = header->capacity;
	if (capacity < CAPACITY_MIN || capacity > CAPACITY_MAX || (capacity & (capacity - 1)) != 0
			|| header->size != SEGMENT_SIZE(capacity) || (uint64_t)found.st_size != header->size)
		return error_set(AXON_CORRUPT,
				"channel '%s': the segment has %lld bytes, its header states %llu bytes and a capacity of %llu, "
				"which makes %llu; discard it",
				name, (long long)found.st_size, (unsigned long long)header->size, (unsigned long long)capacity,
				(unsigned long long)SEGMENT_SIZE(capacity));
	if (header->channel_id == 0 || header->max_message > AXON_PAYLOAD_MAX
			|| header->large_memory > LARGE_MEMORY_MAX)
		return error_set(AXON_CORRUPT, "channel '%s': id %llx, largest message %llu (at most %llu), large-message memory "
				"%llu (at most %llu); discard it", name,
				(unsigned long long)header->channel_id, (unsigned long long)header->max_message,
				(unsigned long long)AXON_PAYLOAD_MAX, (unsigned long long)header->large_memory,
				(unsigned long long)LARGE_MEMORY_MAX);
	segment->capacity = capacity;
	segment->channel_id = header->channel_id;
	segment->max_message = header->max_message;
	segment->large_memory = header->large_memory;
	return map(segment);
}

static int role_taken(const struct segment *segment, int role, const struct segment_header *header)
{
	const char *names[] = { "server", "client" };
	const unsigned long long pid = header->endpoint[role].pid;
	return error_set(AXON_ROLE_TAKEN, "channel '%s': its %s is process %llu%s; a channel has one server and one client",
			segment->name, names[role], pid,
			pid == (unsigned long long)getpid() ? " (this process, or one of that number in another container)" : "");
}

static int open_semaphore(struct segment *segment, int index, bool create)
{
	char name[OBJECT_NAME_SIZE], file[OBJECT_NAME_SIZE];
	sem_t **semaphore = index % 2 == 0 ? &segment->data[index / 2] : &segment->space[index / 2];
	semaphore_name(segment, index, name);
	platform_semaphore_file(name, file, sizeof file);
	if (create) {
		platform_shm_unlink(file);
		const int created = platform_semaphore_create(file, segment->mode);
		if (created == -ENOSPC)
			return segment_no_memory(segment, file, PAGE);
		if (created != 0 && created != -EEXIST)
			return segment_system_error(segment, "making semaphore", file, -created);
	}
	int descriptor;
	uint64_t size = 0;
	const int status = segment_open_object(segment, file, &descriptor, &size);
	if (status != AXON_OK)
		return status;
	if (descriptor >= 0)
		close(descriptor);
	*semaphore = size >= sizeof(sem_t) ? platform_semaphore_open(name) : NULL;
	if (*semaphore == NULL)
		return error_set(AXON_CORRUPT, "channel '%s': its semaphore %s is missing or too small (%llu bytes); "
				"end its processes and discard it", segment->name, name, (unsigned long long)size);
	if (create)
		platform_semaphore_drain(*semaphore);
	return AXON_OK;
}

static int attempt(struct segment *segment, const axon_options *options)
{
	struct segment_header header = { 0 };
	const bool server = segment->role == AXON_SERVER;
	int status = open_and_lock(segment, server);
	if (status != AXON_OK)
		return status;
	const int result = platform_read_start(segment->lock_fd, &header, sizeof header);
	if (result != 0)
		return segment_system_error(segment, "pread", segment->name, -result);
	const bool half_made = header.ready == 0;
	if (half_made && !server)
		return AXON_TIMEOUT;
	const int locked = platform_lock(segment->lock_fd, LOCK_ROLE(segment->role));
	segment->attached = locked == 0;
	if (locked != 0)
		return locked == -EAGAIN ? role_taken(segment, segment->role, &header)
				: segment_system_error(segment, "fcntl(F_OFD_SETLK)", segment->name, -locked);
	const bool alone = platform_is_locked(segment->lock_fd, LOCK_ROLE(!segment->role)) == 0;
	if (half_made && !alone) /* to make it again would take the memory from under its peer */
		return error_set(AXON_CORRUPT, "channel '%s': its first word is 0 although process %llu is attached; "
				"end its processes and discard it", segment->name,
				(unsigned long long)header.endpoint[!segment->role].pid);
	status = half_made ? make(segment, options) : adopt(segment, &header);
	if (status == AXON_OK && alone) /* a peer that was killed has left its pid: nobody is there */
		store_plain(&segment->header->endpoint[!segment->role].pid, 0);
	for (int i = 0; i < 4 && status == AXON_OK; i++)
		status = open_semaphore(segment, i, alone);
	if (status != AXON_OK && half_made && segment_is_linked(segment))
		unlink_all(segment);
	if (status == AXON_OK && half_made)
		store_release(&segment->header->ready, SEGMENT_READY);
	return status;
}

int segment_open(struct segment *segment, const axon_options *options)
{
	const int64_t begin = platform_now();
	for (;;) {
		const int status = attempt(segment, options);
		if (status == AXON_OK) {
			segment->incarnation = segment->header->endpoint[segment->role].incarnation + 1;
			return AXON_OK;
		}
		segment_leave(segment, false);
		if (status != RETRY && status != AXON_TIMEOUT)
			return status;
		if (options->interrupted != NULL && options->interrupted(options->interrupt_context) != 0)
			return error_plain(AXON_INTERRUPTED);
		if (platform_now() - begin >= options->open_timeout)
			return error_set(AXON_TIMEOUT, status == RETRY
					? "channel '%s': another process is opening or closing it, for %.1f s now"
					: "channel '%s' does not exist after %.1f s: no server has opened it under this name, on this "
					"host and in this container's /dev/shm",
					segment->name, (double)(platform_now() - begin) / 1e9);
		platform_nap(RETRY_PAUSE);
	}
}

void segment_attached(struct segment *segment)
{
	struct endpoint *own = &segment->header->endpoint[segment->role];
	store_release(&own->incarnation, segment->incarnation);
	store_release(&own->pid, (uint64_t)getpid()); /* last: with the predecessor's number it would die in its first moment */
	platform_unlock(segment->lock_fd, LOCK_SETUP);
}

bool segment_lock_for_leaving(struct segment *segment)
{
	const int64_t begin = platform_now();
	while (platform_lock(segment->lock_fd, LOCK_SETUP) != 0) {
		if (platform_now() - begin >= LEAVE_PATIENCE)
			return false;
		platform_nap(RETRY_PAUSE);
	}
	return true;
}

void segment_leave(struct segment *segment, bool remove)
{
	if (segment->attached && !segment->forked) {
		if (segment->header != NULL)
			store_release(&segment->header->endpoint[segment->role].pid, 0);
		if (remove && segment_is_linked(segment) && segment_peer_alive(segment) == 0) {
			unlink_all(segment);
			if (!segment_is_linked(segment)) /* a peer that has left may have it mapped for a while yet */
				platform_give_back(segment->header, segment->size);
		}
		platform_unlock(segment->lock_fd, LOCK_ROLE(segment->role));
	}
	segment->attached = false;
	close_lock(segment);
	for (int ring = 0; ring < 2; ring++) {
		if (segment->data[ring] != NULL)
			sem_close(segment->data[ring]);
		if (segment->space[ring] != NULL)
			sem_close(segment->space[ring]);
		segment->data[ring] = segment->space[ring] = NULL;
	}
	platform_unmap(segment->header, segment->size);
	segment->header = NULL;
}

/*
 * A channel that nobody holds, with what lies in it. First it is made half-made:
 * should this process be killed before the last name is gone, nobody may find
 * messages whose slots are missing.
 */
static int discard_all(const struct segment *segment, const struct segment_header *header)
{
	const uint64_t half_made = 0;
	struct stat found;
	int result = fstat(segment->lock_fd, &found) == 0 ? 0 : -errno;
	if (result == 0 && found.st_uid != geteuid() && geteuid() != 0) /* /dev/shm is sticky: nothing must be gone but all */
		return error_set(AXON_ACCESS, "channel '%s': only its owner, user %u, may remove it", segment->name,
				(unsigned)found.st_uid);
	if (result == 0 && header->ready != 0) /* or else it may have no memory to write to */
		result = platform_write_start(segment->lock_fd, &half_made, sizeof half_made);
	if (result != 0)
		return segment_system_error(segment, "pwrite", segment->name, -result);
	const int removed = unlink_all(segment);
	if (removed == 0)
		return AXON_OK;
	result = platform_write_start(segment->lock_fd, &header->ready, sizeof header->ready);
	if (result != 0)
		return segment_system_error(segment, "pwrite", segment->name, -result);
	return error_set(AXON_ACCESS, "channel '%s': only its owner may remove it: %s", segment->name, strerror(-removed));
}

int segment_discard(const char *name)
{
	struct segment segment;
	struct segment_header header = { 0 };
	int status = segment_init(&segment, name, AXON_SERVER, true);
	if (status != AXON_OK || (status = fork_watch(&segment)) != AXON_OK)
		return status;
	const int64_t begin = platform_now();
	while ((status = open_and_lock(&segment, false)) == RETRY && platform_now() - begin < LEAVE_PATIENCE)
		platform_nap(RETRY_PAUSE);
	if (status == RETRY)
		status = error_set(AXON_ROLE_TAKEN, "channel '%s': another process is opening or closing it", name);
	if (status == AXON_OK) {
		const int result = platform_read_start(segment.lock_fd, &header, sizeof header);
		if (result != 0)
			status = segment_system_error(&segment, "pread", name, -result);
		for (int role = 0; role < 2 && status == AXON_OK; role++) {
			if (platform_is_locked(segment.lock_fd, LOCK_ROLE(role)) != 0)
				status = role_taken(&segment, role, &header);
		}
		if (status == AXON_OK)
			status = discard_all(&segment, &header);
	}
	close_lock(&segment);
	fork_forget(&segment);
	return status == AXON_OK ? 1 : status == AXON_TIMEOUT ? 0 : status;
}

int segment_peer_alive(const struct segment *segment)
{
	return platform_is_locked(segment->lock_fd, LOCK_ROLE(!segment->role)) != 0;
}

bool segment_is_linked(const struct segment *segment)
{
	struct stat found;
	return fstat(segment->lock_fd, &found) != 0 || found.st_nlink > 0;
}
