/*
 * segment.h: a channel's names in the system: creating, attaching to, leaving
 * and removing its segment and semaphores, under its locks.
 */
#ifndef AXON_SEGMENT_H
#define AXON_SEGMENT_H

#include "axon.h"
#include "layout.h"
#include "platform.h"

#define OBJECT_NAME_SIZE 96

struct segment {
	uint32_t status;    /* -axon_status: 0 while usable; set once */
	bool forked;        /* inherited through fork() */
	bool attached;      /* holds the role's lock */
	char name[AXON_NAME_MAX + 1];
	int role;
	mode_t mode;        /* 0600, or 0660 with the group */
	int lock_fd;        /* holds the locks; never mapped, closed in a forked child */
	struct segment_header *header;
	uint64_t size, capacity, channel_id, max_message, large_memory; /* checked copies */
	uint64_t incarnation;
	sem_t *data[2], *space[2]; /* by ring */
	struct segment *next;      /* in the list for fork() */
};

/* Refuses a bad channel name, and prepares `segment` for the functions below. */
int segment_init(struct segment *segment, const char *name, int role, bool group);

/* Opens the channel and leaves the set-up lock held: the caller recovers, then calls segment_attached() or segment_leave(). */
int segment_open(struct segment *segment, const axon_options *options);

/* Makes the endpoint known to the peer and gives the set-up lock back. */
void segment_attached(struct segment *segment);

/* Takes the set-up lock for leaving; false: somebody sits on it, and nothing may be removed. */
bool segment_lock_for_leaving(struct segment *segment);

/* Gives the role (and the set-up lock, if held) back and unmaps; with `remove` takes all names away if the peer is not there. */
void segment_leave(struct segment *segment, bool remove);

/* Removes all names of a channel that nobody holds: 1, 0 (there was none) or an error. */
int segment_discard(const char *name);

/* 1 while another process holds the other role, else 0. */
int segment_peer_alive(const struct segment *segment);

/* Whether the names are still there; a system call. */
bool segment_is_linked(const struct segment *segment);

/* Opens a shared-memory object and checks its kind, owner and mode. AXON_OK with *descriptor -1: there is none. */
int segment_open_object(const struct segment *segment, const char *object, int *descriptor, uint64_t *size);

/* Creates a shared-memory object of this channel with its mode: a descriptor or a negative errno. */
int segment_create_object(const struct segment *segment, const char *object);

/* The name of slot `slot` of ring `ring`. */
void segment_slot_name(const struct segment *segment, int ring, int slot, char name[OBJECT_NAME_SIZE]);

/* Sets the error for a system call that failed with `error` (a positive errno). */
int segment_system_error(const struct segment *segment, const char *call, const char *object, int error);

/* Sets the error for shared memory that could not be had. */
int segment_no_memory(const struct segment *segment, const char *object, uint64_t bytes);

#endif
