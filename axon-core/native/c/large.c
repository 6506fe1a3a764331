#define _GNU_SOURCE
#include "large.h"

#include <errno.h>
#include <unistd.h>

#include "error.h"

#define SLOT_STEP (UINT64_C(64) << 10)

static void unmap(struct slot *slot)
{
	if (slot->base != NULL)
		platform_unmap(slot->base, PAGE + slot->capacity);
	slot->base = NULL;
	slot->generation = slot->capacity = 0;
}

/* Maps slot `number` of `ring` and checks all that it says about itself; false: there is none, or it is not whole. */
static bool map_checked(struct slot *slot, const struct segment *segment, int ring, int number, int *status)
{
	char name[OBJECT_NAME_SIZE];
	int descriptor;
	uint64_t size = 0;
	segment_slot_name(segment, ring, number, name);
	*status = segment_open_object(segment, name, &descriptor, &size);
	if (*status != AXON_OK || descriptor < 0)
		return false;
	const bool sized = size > PAGE && size % PAGE == 0 && size - PAGE <= round_up(segment->large_memory, PAGE);
	void *base = sized ? platform_map(descriptor, size, false) : NULL;
	if (sized && base == NULL)
		*status = segment_system_error(segment, "mmap", name, errno);
	close(descriptor);
	if (base == NULL)
		return false;
	const struct slot_header *header = base;
	const uint64_t generation = header->generation;
	if (load_acquire(&header->ready) != SLOT_READY || header->size != size || header->channel_id != segment->channel_id
			|| header->ring != (uint32_t)ring || header->slot != (uint32_t)number || generation == 0) {
		platform_unmap(base, size);
		return false;
	}
	*slot = (struct slot){ .base = base, .capacity = size - PAGE, .generation = generation };
	return true;
}

/*
 * The first word 0 tells a consumer that has the slot mapped to let go of it.
 * That may be long after, so the memory is given back at once, but for the
 * first page: to read that word must not need memory that is not there.
 */
static void remove_slot(struct slots *slots, const struct segment *segment, int number)
{
	struct slot *slot = &slots->slot[number];
	char name[OBJECT_NAME_SIZE];
	if (slot->base != NULL) {
		store_release((uint64_t *)(void *)slot->base, 0);
		platform_give_back(slot->base + PAGE, slot->capacity);
	}
	segment_slot_name(segment, segment->role, number, name);
	const int result = platform_shm_unlink(name);
	slots->total -= slot->capacity;
	unmap(slot);
	slot->unusable = result != 0 && result != -ENOENT;
}

int slots_recover(struct slots *slots, const struct segment *segment, const struct producer *producer)
{
	for (int i = 0; i < SLOTS; i++) {
		int status;
		if (map_checked(&slots->slot[i], segment, segment->role, i, &status))
			slots->total += slots->slot[i].capacity;
		else if (status == AXON_SYSTEM)
			return status;
		else
			remove_slot(slots, segment, i);
	}
	for (uint64_t position = producer->free; position < producer->tail;) {
		const struct ring *ring = &producer->ring;
		const uint8_t *bytes = (const uint8_t *)ring_word(ring, position);
		struct record record;
		if (!record_parse(ring, position, load_acquire((const uint64_t *)(const void *)bytes), &record))
			return error_set(AXON_CORRUPT, "channel '%s': a record changed during recovery", segment->name);
		position += record.size;
		if ((record.flags & (PADDING | LARGE)) != LARGE)
			continue;
		const struct slot_reference reference = *(const struct slot_reference *)(const void *)(bytes + record.payload);
		if (reference.slot < SLOTS && slots->slot[reference.slot].generation == reference.generation)
			slots->slot[reference.slot].busy_until = position;
	}
	return AXON_OK;
}

/* Makes slot `number`; -ENOSPC and others. */
static int make(struct slots *slots, const struct segment *segment, int number, uint64_t capacity)
{
	struct slot *slot = &slots->slot[number];
	char name[OBJECT_NAME_SIZE];
	segment_slot_name(segment, segment->role, number, name);
	const int descriptor = segment_create_object(segment, name);
	if (descriptor < 0)
		return descriptor;
	const uint64_t size = PAGE + capacity;
	int result = platform_reserve(descriptor, size);
	void *base = NULL;
	if (result == 0 && (base = platform_map(descriptor, size, true)) == NULL)
		result = -errno;
	close(descriptor);
	if (result != 0) {
		platform_shm_unlink(name);
		return result;
	}
	const uint64_t generation = (segment->incarnation << 32) | ++slots->generations;
	struct slot_header *header = base;
	header->size = size;
	header->channel_id = segment->channel_id;
	header->generation = generation;
	header->ring = (uint32_t)segment->role;
	header->slot = (uint32_t)number;
	store_release(&header->ready, SLOT_READY);
	*slot = (struct slot){ .base = base, .capacity = capacity, .generation = generation };
	slots->total += capacity;
	return 0;
}

static bool is_free(const struct slot *slot, uint64_t free)
{
	return slot->base != NULL && slot->busy_until <= free;
}

/* The free slot for `length` bytes that is most likely to lie in a cache yet; -1: there is none. */
static int most_recently_freed(const struct slots *slots, uint64_t free, uint64_t length)
{
	int found = -1;
	for (int i = 0; i < SLOTS; i++) {
		const struct slot *slot = &slots->slot[i];
		if (is_free(slot, free) && slot->capacity >= length
				&& (found < 0 || slot->busy_until > slots->slot[found].busy_until))
			found = i;
	}
	return found;
}

/* Removes the free slot with the lowest number; false: there is none. */
static bool remove_free(struct slots *slots, const struct segment *segment, uint64_t free)
{
	for (int i = 0; i < SLOTS; i++) {
		if (is_free(&slots->slot[i], free)) {
			remove_slot(slots, segment, i);
			return true;
		}
	}
	return false;
}

/* A number that is not in use, or -1. */
static int unused(const struct slots *slots)
{
	for (int i = 0; i < SLOTS; i++) {
		if (slots->slot[i].base == NULL && !slots->slot[i].unusable)
			return i;
	}
	return -1;
}

/* The end of the oldest busy record; 0: no slot is busy. */
static uint64_t oldest_busy(const struct slots *slots, uint64_t free)
{
	uint64_t oldest = 0;
	for (int i = 0; i < SLOTS; i++) {
		const struct slot *slot = &slots->slot[i];
		if (slot->base != NULL && slot->busy_until > free && (oldest == 0 || slot->busy_until < oldest))
			oldest = slot->busy_until;
	}
	return oldest;
}

/* Sets the error when no slot can be had, and forgets why: the next send tries all again. */
static int all_taken(struct slots *slots, const struct segment *segment)
{
	char first[OBJECT_NAME_SIZE], last[OBJECT_NAME_SIZE];
	segment_slot_name(segment, segment->role, 0, first);
	segment_slot_name(segment, segment->role, SLOTS - 1, last);
	for (int i = 0; i < SLOTS; i++)
		slots->slot[i].unusable = false;
	return error_set(AXON_ACCESS, "channel '%s': no large message can be sent: other users' files have all the names %s to "
			"%s; have them removed, or choose another name", segment->name, first, last);
}

int slots_take(struct slots *slots, const struct segment *segment, struct producer *producer, uint64_t length, int *slot,
		uint64_t *wanted)
{
	const uint64_t memory = round_up(segment->large_memory, PAGE);
	uint64_t capacity = round_up(length, SLOT_STEP);
	if (capacity > memory)
		capacity = round_up(length, PAGE);
	if (producer_refresh(producer) != RING_OK)
		return error_set(AXON_CORRUPT, "channel '%s': the reader's position is forged", segment->name);
	const uint64_t free = producer->free;
	const int warm = most_recently_freed(slots, free, length);
	if (warm >= 0) {
		*slot = warm;
		return AXON_OK;
	}
	for (;;) {
		const int number = unused(slots);
		int result = -EAGAIN;
		if (number >= 0 && slots->total + capacity <= memory) {
			result = make(slots, segment, number, capacity);
			if (result == 0) {
				*slot = number;
				return AXON_OK;
			}
			if (result == -EEXIST) {
				remove_slot(slots, segment, number);
				continue;
			}
		}
		if (remove_free(slots, segment, free))
			continue;
		*wanted = oldest_busy(slots, free);
		if (*wanted != 0)
			return AXON_FULL;
		if (number < 0)
			return all_taken(slots, segment);
		char name[OBJECT_NAME_SIZE];
		segment_slot_name(segment, segment->role, number, name);
		if (result == -ENOSPC || result == -ENOMEM)
			return segment_no_memory(segment, name, PAGE + capacity);
		return segment_system_error(segment, "making slot", name, -result);
	}
}

void slots_close(struct slots *slots, const struct segment *segment, uint64_t free)
{
	while (!segment->forked && remove_free(slots, segment, free))
		continue;
	slots_unmap(slots);
}

/* Lets go of what the producer has removed. */
static void unmap_removed(struct slots *slots)
{
	for (struct slot *slot = slots->slot; slot < slots->slot + SLOTS; slot++) {
		if (slot->base != NULL && slot->held == 0 && load_acquire((const uint64_t *)(const void *)slot->base) == 0)
			unmap(slot);
	}
}

int slots_map(struct slots *slots, const struct segment *segment, const struct slot_reference *reference,
		const uint8_t **payload)
{
	const uint32_t number = reference->slot;
	if (number < SLOTS && reference->reserved == 0 && reference->length <= segment->max_message) {
		struct slot *slot = &slots->slot[number];
		int status = AXON_OK;
		if (slot->generation != reference->generation && slot->held == 0) {
			unmap(slot);
			unmap_removed(slots);
			if (!map_checked(slot, segment, !segment->role, (int)number, &status) && status != AXON_OK)
				return status;
		}
		if (slot->base != NULL && slot->generation == reference->generation && reference->length <= slot->capacity) {
			slot->held++;
			*payload = slot->base + PAGE;
			return AXON_OK;
		}
	}
	return error_set(AXON_CORRUPT,
			"channel '%s': a large message of %llu bytes refers to slot %u, generation %llx, which is not there",
			segment->name, (unsigned long long)reference->length, number, (unsigned long long)reference->generation);
}

void slots_unmap(struct slots *slots)
{
	for (int i = 0; i < SLOTS; i++)
		unmap(&slots->slot[i]);
}
