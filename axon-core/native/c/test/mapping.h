/*
 * mapping.h: stands in for mmap() and munmap() where a test is linked with
 * -Wl,--wrap=mmap,--wrap=munmap. Endpoints in one process then share one
 * mapping of each file, so that ThreadSanitizer relates what they do, and a
 * page that faults lies on either side of it.
 */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdbool.h>
#include <stddef.h>

/* Whether these bytes lie in one mapping of a file. */
bool mapping_holds(const void *from, size_t length);

/* Bytes of all files that are mapped. */
size_t mapping_total(void);

#endif
