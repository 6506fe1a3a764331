/* receive.h: what closing and sending need of the receiving side. */
#ifndef AXON_RECEIVE_H
#define AXON_RECEIVE_H

#include "channel.h"

/*
 * Frees all and, if `acknowledge`, acknowledges what is held and lets the
 * producer have it back. No other thread uses the channel any more.
 */
void receive_close(axon_channel *channel, bool acknowledge);

/* Gives the producer what is done with, before this process waits for it in turn. */
void receive_publish(axon_channel *channel);

#endif
