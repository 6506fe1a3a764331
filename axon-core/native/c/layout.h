/*
 * layout.h: the bytes in shared memory, as PROTOCOL.md fixes them. No logic
 * but the packing of a record's header word.
 *
 *   offset               size       content
 *   0                    4096       header page
 *   4096                 4096       control page of ring 0 (server to client)
 *   8192                 capacity   data of ring 0
 *   8192 + capacity      4096       control page of ring 1 (client to server)
 *   12288 + capacity     capacity   data of ring 1
 */
#ifndef AXON_LAYOUT_H
#define AXON_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || UINTPTR_MAX < UINT64_MAX
#error "Axon needs a 64-bit little-endian processor"
#endif

#define PAGE UINT64_C(4096)
#define CAPACITY_MIN UINT64_C(4096)
#define CAPACITY_MAX (UINT64_C(512) << 20)
#define LARGE_MEMORY_MAX (UINT64_C(1) << 40)
#define SEGMENT_SIZE(capacity) (3 * PAGE + 2 * (capacity))
#define RING_OFFSET(ring, capacity) (PAGE + (ring) * (PAGE + (capacity)))

/* u8[4] magic | u32 version 1, read as one little-endian word. */
#define SEGMENT_READY UINT64_C(0x000000014e4f5841) /* "AXON" */
#define SLOT_READY UINT64_C(0x000000014d4c5841)    /* "AXLM" */

#define LOCK_SETUP 56
#define LOCK_ROLE(role) (57 + (role))

/* One endpoint: 128 server, 256 client. */
struct endpoint {
	_Alignas(128) uint64_t incarnation; /* +0 */
	uint64_t pid;                       /* +8, 0 when detached cleanly */
};

struct segment_header {
	uint64_t ready;          /*   0 stored last, with release */
	uint64_t size;           /*   8 of the segment in bytes */
	uint32_t libc;           /*  16 1 glibc, 2 musl, 3 macOS */
	uint32_t word_bits;      /*  20 64 */
	uint64_t capacity;       /*  24 of each ring in bytes */
	uint64_t channel_id;     /*  32 random, not 0 */
	uint64_t max_message;    /*  40 largest payload in bytes */
	uint64_t large_memory;   /*  48 bytes for large messages, each direction */
	uint64_t lock_bytes;     /*  56 no content: OFD locks */
	struct endpoint endpoint[2];
};

/* A ring's control page: each word has one writer and a pair of lines of its own. */
struct ring_control {
	_Alignas(128) uint64_t free;    /*   0 consumer: all before it may be overwritten */
	_Alignas(128) uint64_t parked;  /* 128 consumer: what it (almost) waits for, enum parked_bit, and a counter */
	_Alignas(128) uint64_t handled; /* 256 consumer: oldest record not done with | deliveries begun (6 bits) */
	_Alignas(128) uint64_t wanted;  /* 384 producer: the `free` that it waits for, or 0 */
};

/*
 * A record starts at a multiple of 64 and never wraps:
 *
 *   0  u64 header word, the commit
 *   8  u64 correlation id, only with CORRELATED
 *   .  tag, metadata, padding to 8, payload (or a slot reference with LARGE)
 *
 *    63          48 47       40 39         32 31            0
 *   | metadata u16 | flags u8  | tag length  | length u32    |
 */
#define RECORD_ALIGN UINT64_C(64)
#define HANDLED_COUNT (RECORD_ALIGN - 1)
#define POSITION_MAX (UINT64_C(1) << 62) /* never reached: 146 years at 1 GB/s; keeps forged sums from overflowing */

/* `parked`: bits, and above them a counter that grows by 1 with every change of the word. */
enum parked_bit { PARKED_MESSAGE = 1, PARKED_REPLY = 2, PARKED_BITS = 3 };

static inline uint64_t parked_next(uint64_t word, uint64_t bits) { return (word | PARKED_BITS) + 1 + bits; }

enum record_flag {
	CORRELATED = 0x01,
	REPLY = 0x02,
	ERROR = 0x04,
	LARGE = 0x08,
	UNKNOWN_FLAGS = 0x30,
	DONE = 0x40,
	PADDING = 0x80
};

static inline uint64_t record_word(uint64_t length, uint64_t tag_length, uint64_t flags, uint64_t metadata_length)
{
	return length | tag_length << 32 | flags << 40 | metadata_length << 48;
}

static inline uint64_t round_up(uint64_t bytes, uint64_t multiple) { return (bytes + multiple - 1) & ~(multiple - 1); }

/* The payload of a LARGE record. */
struct slot_reference {
	uint64_t length;     /*  0 of the payload in bytes */
	uint64_t generation; /*  8 */
	uint32_t slot;       /* 16 0 to 15 */
	uint32_t reserved;   /* 20 0 */
};

#define SLOTS 16

/* The first page of a slot; the payload follows at 4096. */
struct slot_header {
	uint64_t ready;      /*  0 stored last, with release */
	uint64_t size;       /*  8 of the slot's segment in bytes */
	uint64_t channel_id; /* 16 */
	uint64_t generation; /* 24 */
	uint32_t ring;       /* 32 */
	uint32_t slot;       /* 36 */
};

_Static_assert(offsetof(struct segment_header, lock_bytes) == LOCK_SETUP, "segment header");
_Static_assert(offsetof(struct segment_header, endpoint) == 128 && sizeof(struct endpoint) == 128, "endpoints");
_Static_assert(offsetof(struct ring_control, wanted) == 384, "control page");
_Static_assert(sizeof(struct slot_reference) == 24, "slot reference");
_Static_assert(offsetof(struct slot_header, slot) == 36, "slot header");

#endif
