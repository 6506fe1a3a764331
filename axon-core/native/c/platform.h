/*
 * platform.h: what differs by operating system or C library: shared memory,
 * locks, named semaphores, clocks. Functions return 0 (or a descriptor) or a
 * negative errno, retry EINTR unless they say otherwise, and know nothing of
 * channels.
 */
#ifndef AXON_PLATFORM_H
#define AXON_PLATFORM_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* The C library's number in the segment's header. */
uint32_t platform_libc(void);

/* Nanoseconds of the monotonic clock. */
int64_t platform_now(void);

/* Sleeps; returns -EINTR when a signal cut it short. */
int platform_nap(int64_t nanoseconds);

/* 64 random bits, not 0. */
uint64_t platform_random(void);

/* Opens a shared-memory object with O_CLOEXEC and without following links. */
int platform_shm_open(const char *name, bool create);

/* stat() of an object that could not be opened. */
int platform_shm_stat(const char *name, struct stat *status);

/* Removes an object; -ENOENT when there is none. */
int platform_shm_unlink(const char *name);

/* Sets an open object's mode whatever the umask. */
int platform_set_mode(int descriptor, mode_t mode);

/* Reads the first bytes of an object; what lies beyond its end stays as it is. */
int platform_read_start(int descriptor, void *to, size_t length);

/* Writes the first bytes of an object; -ENOSPC. */
int platform_write_start(int descriptor, const void *from, size_t length);

/* Empties an object and gives it its size, with memory behind every page; -ENOSPC. */
int platform_reserve(int descriptor, uint64_t size);

/* Bytes that are free where shared memory lives. */
uint64_t platform_memory_available(void);

/* Maps an object for reading and writing; populate touches its pages at once. NULL: errno says why. */
void *platform_map(int descriptor, uint64_t size, bool populate);
void platform_unmap(void *address, uint64_t size);

/* Gives the memory under a mapping back, also while others have it mapped, where the system can. */
void platform_give_back(void *address, uint64_t size);

/* Locks a byte for this descriptor's open file description; -EAGAIN when another has it. */
int platform_lock(int descriptor, int byte);
void platform_unlock(int descriptor, int byte);

/* 1 while another open file description holds the byte's lock, else 0. */
int platform_is_locked(int descriptor, int byte);

/* The name under which a semaphore's file is a shared-memory object. */
void platform_semaphore_file(const char *name, char *file, size_t size);

/* Creates the file of a semaphore with value 0 and exactly this mode; -EEXIST, -ENOSPC. */
int platform_semaphore_create(const char *file, mode_t mode);

/* Opens an existing semaphore; NULL: errno says why. */
sem_t *platform_semaphore_open(const char *name);

/*
 * Whether its bytes are those of a semaphore that processes share, but for the
 * permits: the C library ends a process that waits on anything else.
 */
bool platform_semaphore_is_sound(const sem_t *semaphore);

/* Gives a permit. One that has as many as it can hold needs no more, and one that is not sound gets none. */
void platform_semaphore_post(sem_t *semaphore);

/* Takes permits away; false: there are more than anybody has posted for a reason. */
bool platform_semaphore_drain(sem_t *semaphore);

/* Waits until `deadline`: 0 posted, -ETIMEDOUT, -EINTR, or -EINVAL when it is not sound. */
int platform_semaphore_wait(sem_t *semaphore, int64_t deadline);

/* Copies as memcpy(), but better for much that another processor is about to read. */
void platform_copy(void *to, const void *from, size_t length);

/*
 * A full fence on every processor that runs a thread of this process.
 * Registering fails where the system has none; it may be repeated.
 */
bool platform_barrier_register(void);
void platform_barrier(void);

/* A condition whose timed waits use the monotonic clock. */
int platform_condition_init(pthread_cond_t *condition);
void platform_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);

#endif
