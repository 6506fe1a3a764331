/*
 * fork.h: a forked child has no channel. It would inherit the descriptors that
 * hold the locks, and with them keep a dead parent's endpoint alive; so they
 * are opened and closed under a guard that fork() takes, and closed in the child.
 */
#ifndef AXON_FORK_H
#define AXON_FORK_H

#include "segment.h"

/* Adds a segment to, or takes it from, those whose lock descriptor a child closes. */
int fork_watch(struct segment *segment);
void fork_forget(struct segment *segment);

/* Surrounds every change of a watched segment's lock_fd. */
void fork_guard_enter(void);
void fork_guard_leave(void);

#endif
