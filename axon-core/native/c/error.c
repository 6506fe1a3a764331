#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "axon.h"
#include "barrier.h"

static _Thread_local char text[640];
static _Thread_local const char *last FAST_TLS = "no error"; /* set by each empty poll */

int error_set(int status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	last = text;
	return status;
}

int error_plain(int status)
{
	last = axon_strerror(status);
	return status;
}

const char *axon_last_error(void)
{
	return last;
}

const char *axon_strerror(int status)
{
	switch (status) {
	case AXON_FULL: return "the ring is full";
	case AXON_EMPTY: return "no message";
	case AXON_TIMEOUT: return "timed out";
	case AXON_CLOSED: return "the channel is closed";
	case AXON_INVALID: return "invalid argument";
	case AXON_TOO_LARGE: return "the message is too large";
	case AXON_ROLE_TAKEN: return "the role is taken";
	case AXON_NO_MEMORY: return "out of memory";
	case AXON_ACCESS: return "access refused";
	case AXON_INCOMPATIBLE: return "incompatible channel";
	case AXON_CORRUPT: return "the channel is corrupt";
	case AXON_PEER_DIED: return "the peer died";
	case AXON_INTERRUPTED: return "interrupted";
	case AXON_SYSTEM: return "system error";
	default: return status >= 0 ? "no error" : "unknown error";
	}
}
