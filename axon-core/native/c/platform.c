#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

#define BARRIER_NAP INT64_C(10000000) /* ns in which every processor has taken an interrupt, and drained its stores */
#define PERMITS_MAX 100000 /* taking them lasts a millisecond */
#define RESERVE_MIN (UINT64_C(64) << 10) /* bytes that are reserved at a time at least, however many signals there are */
#define SHARED_MEMORY_FOLDER "/dev/shm"

#if defined(__x86_64__) && !defined(SANITIZED) /* a sanitizer sees memcpy(), and no instruction */
#include <cpuid.h>
#define HAVE_STRING_MOVE 1
#define FAST_STRINGS (1u << 9) /* leaf 7, ebx */
#define STRING_MOVE 65536 /* bytes from which it pays */
#endif

#if defined(__GLIBC__)
#define SEMAPHORE_PREFIX "sem."
#if __GLIBC__ > 2 || __GLIBC_MINOR__ >= 30
#define HAVE_SEM_CLOCKWAIT 1
#endif
#else
#define SEMAPHORE_PREFIX ""
#endif

uint32_t platform_libc(void)
{
#if defined(__GLIBC__)
	return 1;
#elif defined(__linux__)
	return 2;
#else
	return 3;
#endif
}

static struct timespec to_timespec(int64_t nanoseconds)
{
	return (struct timespec){ .tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000 };
}

static int64_t clock_read(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t platform_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int platform_nap(int64_t nanoseconds)
{
	const struct timespec time = to_timespec(nanoseconds);
	return nanosleep(&time, NULL) == 0 ? 0 : -errno;
}

uint64_t platform_random(void)
{
	uint64_t value = 0;
	while (value == 0) {
		if (getentropy(&value, sizeof value) != 0)
			value = (uint64_t)clock_read(CLOCK_REALTIME) ^ (uint64_t)getpid() << 40;
	}
	return value;
}

int platform_shm_open(const char *name, bool create)
{
	int descriptor;
	do
		descriptor = shm_open(name, create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR, 0600);
	while (descriptor < 0 && errno == EINTR);
	return descriptor < 0 ? -errno : descriptor;
}

int platform_shm_stat(const char *name, struct stat *status)
{
	char path[256];
	snprintf(path, sizeof path, SHARED_MEMORY_FOLDER "%s", name);
	return lstat(path, status) == 0 ? 0 : -errno;
}

int platform_shm_unlink(const char *name)
{
	return shm_unlink(name) == 0 ? 0 : -errno;
}

int platform_set_mode(int descriptor, mode_t mode)
{
	int result;
	do
		result = fchmod(descriptor, mode);
	while (result != 0 && errno == EINTR);
	return result == 0 ? 0 : -errno;
}

int platform_read_start(int descriptor, void *to, size_t length)
{
	ssize_t result;
	do
		result = pread(descriptor, to, length, 0);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

int platform_write_start(int descriptor, const void *from, size_t length)
{
	ssize_t result;
	do
		result = pwrite(descriptor, from, length, 0);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : result == (ssize_t)length ? 0 : -ENOSPC;
}

/* A signal makes the system undo what a call has reserved (Linux before 6.9): so the more signals, the smaller the steps. */
int platform_reserve(int descriptor, uint64_t size)
{
	int result;
	do
		result = ftruncate(descriptor, 0);
	while (result != 0 && errno == EINTR);
	if (result != 0)
		return -errno;
	uint64_t step = size;
	for (uint64_t done = 0; done < size;) {
		const uint64_t length = step < size - done ? step : size - done;
		result = posix_fallocate(descriptor, (off_t)done, (off_t)length);
		if (result == 0)
			done += length;
		else if (result != EINTR)
			return -result;
		else if (step / 2 > RESERVE_MIN)
			step /= 2;
		else
			step = RESERVE_MIN;
	}
	return 0;
}

uint64_t platform_memory_available(void)
{
	struct statvfs status;
	return statvfs(SHARED_MEMORY_FOLDER, &status) == 0 ? (uint64_t)status.f_bavail * status.f_frsize : 0;
}

void *platform_map(int descriptor, uint64_t size, bool populate)
{
	const int flags = MAP_SHARED | (populate ? MAP_POPULATE : 0);
	void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, descriptor, 0);
	return address == MAP_FAILED ? NULL : address;
}

void platform_unmap(void *address, uint64_t size)
{
	if (address != NULL)
		munmap(address, size);
}

void platform_give_back(void *address, uint64_t size)
{
#if defined(MADV_REMOVE)
	madvise(address, size, MADV_REMOVE);
#else
	(void)address, (void)size;
#endif
}

static int lock_command(int descriptor, int command, struct flock *lock)
{
	int result;
	do
		result = fcntl(descriptor, command, lock);
	while (result != 0 && errno == EINTR);
	return result == 0 ? 0 : -errno;
}

static struct flock lock_of(short type, int byte)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
}

int platform_lock(int descriptor, int byte)
{
	struct flock lock = lock_of(F_WRLCK, byte);
	const int result = lock_command(descriptor, F_OFD_SETLK, &lock);
	return result == -EACCES ? -EAGAIN : result;
}

void platform_unlock(int descriptor, int byte)
{
	struct flock lock = lock_of(F_UNLCK, byte);
	lock_command(descriptor, F_OFD_SETLK, &lock);
}

int platform_is_locked(int descriptor, int byte)
{
	struct flock lock = lock_of(F_WRLCK, byte);
	const int result = lock_command(descriptor, F_OFD_GETLK, &lock);
	return result < 0 ? result : lock.l_type != F_UNLCK;
}

void platform_semaphore_file(const char *name, char *file, size_t size)
{
	snprintf(file, size, "/" SEMAPHORE_PREFIX "%s", name + 1);
}

/*
 * What sem_open() does with O_CREAT, glibc's and musl's, but with a descriptor
 * to set the mode, and without a second file that a kill would leave behind.
 */
int platform_semaphore_create(const char *file, mode_t mode)
{
	sem_t semaphore;
	memset(&semaphore, 0, sizeof semaphore);
	sem_init(&semaphore, true, 0);
	const int descriptor = platform_shm_open(file, true);
	if (descriptor < 0)
		return descriptor;
	int result = platform_set_mode(descriptor, mode);
	if (result == 0)
		result = platform_write_start(descriptor, &semaphore, sizeof semaphore);
	close(descriptor);
	if (result != 0)
		platform_shm_unlink(file);
	return result;
}

sem_t *platform_semaphore_open(const char *name)
{
	sem_t *semaphore;
	do
		semaphore = sem_open(name, 0);
	while (semaphore == SEM_FAILED && errno == EINTR);
	return semaphore == SEM_FAILED ? NULL : semaphore;
}

#if defined(__GLIBC__)
static sem_t sample;

__attribute__((constructor)) static void init_sample(void)
{
	sem_init(&sample, 1, 0);
}
#endif

bool platform_semaphore_is_sound(const sem_t *semaphore)
{
#if defined(__GLIBC__)
	/* The second word of eight bytes says for whom it is. */
	return memcmp((const uint8_t *)semaphore + 8, (const uint8_t *)&sample + 8, sizeof(uint32_t)) == 0;
#else
	(void)semaphore;
	return true;
#endif
}

void platform_semaphore_post(sem_t *semaphore)
{
	if (platform_semaphore_is_sound(semaphore))
		sem_post(semaphore);
}

bool platform_semaphore_drain(sem_t *semaphore)
{
	int taken = 0;
	while (taken < PERMITS_MAX && sem_trywait(semaphore) == 0)
		taken++;
	return taken < PERMITS_MAX;
}

int platform_semaphore_wait(sem_t *semaphore, int64_t deadline)
{
	if (!platform_semaphore_is_sound(semaphore))
		return -EINVAL;
#if defined(HAVE_SEM_CLOCKWAIT)
	const struct timespec until = to_timespec(deadline);
	return sem_clockwait(semaphore, CLOCK_MONOTONIC, &until) == 0 ? 0 : -errno;
#else
	const struct timespec until = to_timespec(clock_read(CLOCK_REALTIME) + deadline - platform_now());
	return sem_timedwait(semaphore, &until) == 0 ? 0 : -errno;
#endif
}

/*
 * The string instruction, where it is fast, takes over whole lines without
 * reading them, and leaves them where another processor gets them fastest.
 */
void platform_copy(void *to, const void *from, size_t length)
{
#if defined(HAVE_STRING_MOVE)
	static int fast; /* 0: not known yet */
	int known = __atomic_load_n(&fast, __ATOMIC_RELAXED);
	if (known == 0) {
		unsigned a, b = 0, c, d;
		known = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & FAST_STRINGS) != 0 ? 1 : -1;
		__atomic_store_n(&fast, known, __ATOMIC_RELAXED);
	}
	if (length >= STRING_MOVE && known > 0) {
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
		return;
	}
#endif
	memcpy(to, from, length);
}

bool platform_barrier_register(void)
{
#if defined(SYS_membarrier)
	return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
#else
	return false;
#endif
}

void platform_barrier(void)
{
#if defined(SYS_membarrier)
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) /* forbidden since it was registered: */
		platform_nap(BARRIER_NAP);
#endif
}

int platform_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int result = pthread_condattr_init(&attributes);
	if (result != 0)
		return -result;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	result = pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
	return -result;
}

void platform_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
	const struct timespec until = to_timespec(deadline);
	pthread_cond_timedwait(condition, mutex, &until);
}
