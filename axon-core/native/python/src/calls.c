/* How a channel's calls give the GIL away, end when it is closed, and answer signals. */
#include "module.h"

#include <pthread.h>

static _Thread_local PyThreadState *waiting; /* set while this thread is in a call without the GIL */
static _Thread_local unsigned handling;      /* signal handlers that this thread runs within such calls */
static unsigned forks;                       /* changes in a forked child: its channels are the parent's */

static void count_fork(void)
{
	forks++;
}

int calls_init(void)
{
	static bool registered;
	if (registered)
		return 0;
	int error = pthread_atfork(NULL, NULL, count_fork);
	if (error != 0) {
		PyErr_Format(PyExc_ImportError, "pthread_atfork: %s", strerror(error));
		return -1;
	}
	registered = true;
	return 0;
}

/* Whether this thread's wait is to end, though the channel is not closed: axon.aio asks so. */
static bool is_interrupted(const struct channel *self)
{
	if (self->interrupts == NULL || PySet_Size(self->interrupts) == 0)
		return false;
	PyObject *thread = PyLong_FromUnsignedLong(PyThread_get_thread_ident());
	int result = thread == NULL ? -1 : PySet_Contains(self->interrupts, thread);
	Py_XDECREF(thread);
	return result != 0;
}

/* The library asks from within a wait whether to go on with it. */
int channel_interrupted(void *context)
{
	struct channel *self = context;
	if (waiting == NULL)
		return 0;
	PyEval_RestoreThread(waiting);
	waiting = NULL; /* signal handlers may make calls of their own */
	handling++;
	int stop = self->closing || is_interrupted(self) || PyErr_CheckSignals() < 0 || self->closing;
	handling--;
	waiting = PyEval_SaveThread();
	return stop;
}

unsigned channel_forks(void)
{
	return forks;
}

bool channel_inherited(const struct channel *self)
{
	return self->forks != forks;
}

int channel_usable(struct channel *self)
{
	PyObject *error = self->state->errors[-AXON_CLOSED];
	if (self->closing)
		PyErr_Format(error, "channel %R is closed", self->name);
	else if (channel_inherited(self))
		PyErr_Format(error, "channel %R belongs to the parent process; open one here", self->name);
	else
		return 0;
	return -1;
}

int channel_sendable(struct channel *self)
{
	if (channel_usable(self) < 0)
		return -1;
	if (self->orphan && axon_abort(self->handle) == AXON_OK)
		self->orphan = false;
	return 0;
}

void channel_unlock(struct channel *self)
{
	self->calls++;
	waiting = PyEval_SaveThread();
}

static void channel_finish(struct channel *self)
{
	axon_channel *handle = self->handle;
	self->handle = NULL;
	Py_BEGIN_ALLOW_THREADS
	axon_close(handle);
	Py_END_ALLOW_THREADS
	PyThread_release_lock(self->ended);
}

void channel_lock(struct channel *self)
{
	PyEval_RestoreThread(waiting);
	waiting = NULL;
	if (--self->calls == 0 && self->closing)
		channel_finish(self);
}

PyObject *channel_fail(struct channel *self, int status)
{
	if (!PyErr_Occurred() && self->closing)
		channel_usable(self);
	if (!PyErr_Occurred() && self->orphan && status == AXON_FULL)
		return PyErr_Format(self->state->errors[-status],
				"channel %R: a claim was given up in another thread than its own, which must send or claim before "
				"others can; where that thread has ended, close the channel and open it again", self->name);
	return raise_status(self->state, status);
}

/* Whether the interpreter ends: other threads never get the GIL again, nor end their calls. */
static bool is_finalizing(void)
{
	PyObject *function = PySys_GetObject("is_finalizing"); /* gone with the rest of sys at the very end */
	PyObject *answer = function == NULL ? NULL : PyObject_CallObject(function, NULL);
	bool result = answer != Py_False;
	if (answer == NULL)
		PyErr_Clear();
	Py_XDECREF(answer);
	return result;
}

/*
 * The last call under way finishes the close, and a close waits for that: but
 * not in a signal handler, which the call under way may itself be waiting for,
 * nor while the interpreter ends.
 */
void channel_end(struct channel *self)
{
	self->closing = true;
	if (self->calls == 0) {
		channel_finish(self);
		return;
	}
	if (channel_inherited(self))
		return; /* those calls are the parent's threads' */
	axon_wake(self->handle);
	if (handling > 0 || is_finalizing())
		return;
	Py_BEGIN_ALLOW_THREADS
	PyThread_acquire_lock(self->ended, WAIT_LOCK);
	Py_END_ALLOW_THREADS
}
