/*
 * victim.h: kills a process at every instant of an operation, and has the
 * survivors checked each time. The victim is run under ptrace: to a system
 * call, from there instruction by instruction, and then SIGKILL.
 *
 * Two instants between which neither a system call was made nor a byte of
 * shared memory changed look the same to all who live on. So the test stops
 * after each system call and each instruction that changed shared memory: no
 * other instant can show more. `make crash` takes nobody's word for that and
 * stops at every instruction, or at every so many: STRIDE.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include "check.h"
#include "layout.h"

struct operation {
	axon_role sender;               /* whose slots are looked at */
	void (*survive)(void);          /* before the victim starts; may be NULL */
	void (*prepare)(void);          /* the victim, before the operation; may be NULL */
	void (*accompany)(void);        /* the survivor, while the victim prepares; may be NULL */
	void (*run)(void);              /* the victim's operation; reports progress */
	void (*attend)(void);           /* the survivor, before and after each system call of the victim; may be NULL */
	void (*check)(uint32_t progress); /* those who live on, and successors */
};

/* Called by the victim: it has come so far, and has what it was promised so far. */
void victim_reports(uint32_t progress);

/* Kills at every instant; says how many there were. Nothing of the channel may be left after each. */
void kill_at_every_instant(const struct operation *operation);

/* Which kill this is, from 0. */
uint32_t kills(void);

/* The ends of this test's channel, each in its own process. */
extern axon_channel *survivor, *victim;

/* Opens the survivor's end, and maps the segment for control_of(). */
void survive_as(axon_role role);

/* Opens the victim's end; it parks at once when it has to wait. */
void open_victim(axon_role role);

/* The control page of the ring that a role writes. */
const struct ring_control *control_of(axon_role role);

/* Sends and takes numbered messages, whose payload depends on the number; `deliveries` 0: either 1 or 2. */
const uint8_t *payload_of(uint32_t number, size_t length); /* the last one is remembered */
int put(axon_channel *channel, uint32_t number, size_t length);
void take(axon_channel *channel, uint32_t number, size_t length, uint32_t deliveries);
void check_number(const axon_message *message, uint32_t number, size_t length);
void check_dry(axon_channel *channel);

/* Messages of all kinds pass both ways; then closes both, which must remove all names. */
void all_goes_on(axon_channel *server, axon_channel *client);

#endif
