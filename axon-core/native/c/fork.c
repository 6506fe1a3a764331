#define _GNU_SOURCE
#include "fork.h"

#include <pthread.h>
#include <unistd.h>

#include "barrier.h"
#include "error.h"

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int install_error;
static struct segment *watched;

void fork_guard_enter(void)
{
	pthread_mutex_lock(&guard);
}

void fork_guard_leave(void)
{
	pthread_mutex_unlock(&guard);
}

/* Closes and does not unlock: the lock belongs to the open file description, which the parent goes on using. */
static void in_child(void)
{
	for (struct segment *segment = watched; segment != NULL; segment = segment->next) {
		segment->forked = true;
		flag_store(&segment->status, -AXON_CLOSED);
		if (segment->lock_fd >= 0)
			close(segment->lock_fd);
		segment->lock_fd = -1;
	}
	watched = NULL;
	fork_guard_leave();
}

static void install(void)
{
	install_error = pthread_atfork(fork_guard_enter, fork_guard_leave, in_child);
}

int fork_watch(struct segment *segment)
{
	pthread_once(&once, install);
	if (install_error != 0)
		return segment_system_error(segment, "pthread_atfork", "", install_error);
	fork_guard_enter();
	segment->next = watched;
	watched = segment;
	fork_guard_leave();
	return AXON_OK;
}

void fork_forget(struct segment *segment)
{
	fork_guard_enter();
	for (struct segment **link = &watched; *link != NULL; link = &(*link)->next) {
		if (*link == segment) {
			*link = segment->next;
			break;
		}
	}
	fork_guard_leave();
}
