/* error.h: what axon_last_error() tells, kept for each thread. */
#ifndef AXON_ERROR_H
#define AXON_ERROR_H

/* Keeps the text and returns `status`. */
__attribute__((format(printf, 2, 3))) int error_set(int status, const char *format, ...);

/* The same for states that are met often and need no details. */
int error_plain(int status);

#endif
