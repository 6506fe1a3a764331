/*
 * peer_measure.c: the all-pairs suite's measurements, as samples/benchmarks
 * defines them: both sides spin, messages have 32 bytes, and each is written
 * in full and read in full. Word 0 is a number from 0 in each round, word i is
 * i * STEP; END as word 0 ends a round. The same in each language.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"

#define WORDS 4
#define STEP UINT64_C(0x9E3779B97F4A7C15)
#define SUM (6 * STEP)
#define END UINT64_MAX
#define ROUNDS 12
#define ROUND_TIME INT64_C(250000000)
#define SAMPLES (ROUND_TIME / 50)
#define CLOCK_STRIDE 1024 /* a sender looks at the clock once in so many messages */

static uint64_t source[WORDS] = { 0, STEP, 2 * STEP, 3 * STEP };

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Two threads that spin on two CPUs leave none to the peer's compiler. */
static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
}

static inline void put(axon_channel *channel, uint64_t word)
{
	source[0] = word;
	checked(axon_send(channel, "t", source, sizeof(source), PATIENCE), "send");
}

/* The next message's word 0, which is `expected` or END; read in full. */
static inline uint64_t next(axon_channel *channel, uint64_t expected)
{
	axon_message message;
	if (checked(axon_receive(channel, &message, PATIENCE), "receive") != AXON_OK)
		exit(2);
	const uint64_t *words = message.payload;
	const uint64_t word = words[0], sum = words[1] + words[2] + words[3];
	if (word != END && (word != expected || sum != SUM)) {
		fprintf(stderr, "peer: message %llu with the sum %llu came instead of %llu\n", (unsigned long long)word,
				(unsigned long long)sum, (unsigned long long)expected);
		exit(1);
	}
	return word;
}

static int compare_samples(const void *a, const void *b)
{
	const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
	return (left > right) - (left < right);
}

/* The median round trip of one round in nanoseconds. */
static int64_t ask(axon_channel *channel, int64_t *samples, uint64_t *number)
{
	size_t count = 0;
	const int64_t begin = now();
	for (int64_t start = begin, end; start - begin < ROUND_TIME && count < SAMPLES; start = end) {
		put(channel, *number);
		next(channel, *number);
		++*number;
		end = now();
		samples[count++] = end - start;
	}
	qsort(samples, count, sizeof(*samples), compare_samples);
	return samples[count / 2];
}

static double stream(axon_channel *channel)
{
	axon_message message;
	double rate;
	const int64_t begin = now();
	for (uint64_t number = 0; number % CLOCK_STRIDE != 0 || now() - begin < ROUND_TIME; number++)
		put(channel, number);
	put(channel, END);
	checked(axon_receive(channel, &message, PATIENCE), "receive");
	memcpy(&rate, (const uint64_t *)message.payload + 1, sizeof(rate));
	checked(axon_release(channel, &message), "release");
	return rate;
}

int measure(axon_channel *channel)
{
	int64_t *samples = malloc(SAMPLES * sizeof(*samples));
	uint64_t number = 0;
	for (int round = 0; round < ROUNDS; round++) {
		say("spin-32 %lld\n", (long long)ask(channel, samples, &number));
		rest();
	}
	put(channel, END);
	for (int round = 0; round < ROUNDS; round++) {
		say("stream-32 %.0f\n", stream(channel));
		rest();
	}
	put(channel, END);
	free(samples);
	return 0;
}

/* The clock of a stream starts when its first message has been read: the rate is that of the others. */
int measured(axon_channel *channel)
{
	uint64_t count = 0;
	while (next(channel, count) != END)
		put(channel, count++);
	while (next(channel, 0) != END) {
		const int64_t start = now();
		for (count = 1; next(channel, count) != END;)
			count++;
		const double rate = (double)(count - 1) * 1e9 / (double)(now() - start);
		memcpy(&source[1], &rate, sizeof(rate));
		put(channel, END);
		source[1] = STEP;
	}
	return 0;
}
