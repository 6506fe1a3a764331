/*
 * meeting.h: shared memory in which the two sides of a pair that is not Axon's
 * find each other, whichever comes first.
 */
#ifndef MEETING_H
#define MEETING_H

#include <stddef.h>

#include "bench.h"

#define MEETING_NAME_MAX 128

/* Maps the pair's shared memory, zeroed and touched, after a page of the meeting's own. Before meeting_wait(). */
void *meeting_open(const struct setup *setup, size_t size);

/* The name of an object of the pair, for sem_open() and the like. */
void meeting_name(const struct setup *setup, const char *what, char name[MEETING_NAME_MAX]);

/* Returns when both sides have come so far, and removes the memory's name. */
void meeting_wait(const struct setup *setup);

#endif
