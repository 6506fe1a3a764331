/* send.h: sending within a wait that goes on afterwards, for a request. */
#ifndef AXON_SEND_H
#define AXON_SEND_H

#include "wait.h"

/* As axon_send_with(), with what is left of `wait`. */
int send_within(axon_channel *channel, const axon_header *header, const void *payload, size_t length, struct wait *wait);

#endif
