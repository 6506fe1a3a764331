/*
 * Several threads of one process that take turns on one data semaphore, as
 * PROTOCOL.md's "Waiting" says: thread 0 receives messages, the others wait
 * for replies. Whoever looks for a reply looks at all that was committed, and
 * hands the others theirs. Stores, grace period, bounded wait and `clock` are
 * those of parking.pml; here all stores of the sender are commits.
 *
 * What goes on within the process is under a lock, and one step. A thread's
 * last store to `parked` may stay in its buffer, and the lock with it.
 *
 * How a thread waits for its turn differs: C has a condition variable, of
 * which nothing is lost; in Java (PERMIT) it is the thread's own permit, which
 * a nap for some lock may take away. So it looks once more before it waits.
 *
 * Variants that must fail: NO_LOOK (Java's thread does not look once more),
 * NO_HANDOVER (who leaves the turn wakes nobody), SAME_WAIT (who took a permit
 * waits again without a new value of `parked`), NO_GRACE.
 */
#ifndef RECORDS
#define RECORDS 3
#endif
#ifndef THREADS
#define THREADS 3
#endif
#ifndef EARLY
#define EARLY 1
#endif
#define FOR_MESSAGES 1
#define FOR_REPLIES 2
#define BIT(thread) (thread == 0 -> FOR_MESSAGES : FOR_REPLIES)

/* The ring: whose the records are; those before `committed` are visible, those before `sent` in or out of the buffer. */
byte owner[RECORDS];
byte sent, committed, position, scanned;
byte parked, data;
byte posted;              /* the value of `parked` that the sender posted for */

/* The receiving process. */
byte waiting[3];          /* threads by bit */
byte lowered;             /* a value of `parked` that is still in a buffer, 0 for none */
bool turn_taken;
byte replies[THREADS];    /* found, for each thread */
bool done[THREADS];       /* that thread has its reply and is gone */
bool permit[THREADS], behind[THREADS];
byte older[THREADS];

/* For `clock`. */
bool sleeps[THREADS], over[THREADS];
byte early = EARLY;

#define FIRST (scanned > position -> scanned : position)
#define READY(me) ((me == 0 && committed > position) || (me > 0 && (replies[me] > 0 || committed > FIRST)))
#if defined(HELD) || defined(NO_GRACE)
#define GRACE_OVER true
#else
#define GRACE_OVER (older[me] == 0)
#endif

/* How many bounded waits may end beside what they wait for. */
#if defined(HELD) && !defined(NO_BOUND)
#define LIMIT RECORDS
#else
#define LIMIT 0
#endif

active proctype sender_buffer()
{
	byte i;
end:	do
	:: d_step { committed < sent -> committed++;
		for (i : 0 .. THREADS - 1) {
			if :: older[i] > 0 -> older[i]-- :: else fi
		}
		i = 0 }
	od
}

active proctype receiver_buffer()
{
end:	do
	:: d_step { lowered != 0 -> parked = lowered; lowered = 0 }
	od
}

#define COMMIT(thread) d_step { !done[thread] -> whose = thread; owner[sent] = thread; sent++ }

active proctype sender()
{
	byte whose;
	bool post;
	do
	:: sent < RECORDS ->
		if
		:: COMMIT(0)
		:: COMMIT(1)
#if THREADS > 2
		:: COMMIT(2)
#endif
		fi;
		d_step { post = (parked & BIT(whose)) != 0 && parked != posted; whose = 0;
			if :: post -> posted = parked :: else fi };
		if
		:: d_step { post && committed == sent -> data++; post = false }
		:: !post
		fi
	:: break
	od
}

inline wake_those_behind()
{
	for (i : 0 .. THREADS - 1) {
		if :: behind[i] -> permit[i] = true :: else fi
	}
	i = 0
}

/* The reply at `at`, found by thread `me`. */
inline hand_over(at)
{
	if
	:: done[owner[at]] /* nobody waits for it any more */
	:: else ->
		replies[owner[at]]++;
		if
		:: owner[at] != me ->
#ifdef PERMIT
			permit[owner[at]] = true
#else
			wake_those_behind();
			if :: turn_taken -> data++ :: else fi
#endif
		:: else
		fi
	fi
}

/* Thread 0 takes what is there up to the next message. */
inline take()
{
	do
	:: position < committed && owner[position] != 0 ->
		if :: position >= scanned -> hand_over(position) :: else fi;
		owner[position] = 0; position++
	:: position < committed && owner[position] == 0 -> position++; break
	:: else -> break
	od
}

/* Another thread looks at all that nobody has looked at yet. */
inline scan()
{
	at = FIRST;
	do
	:: at < committed ->
		if :: owner[at] == 0 -> unseen = true :: else -> hand_over(at) fi;
		at++
	:: else -> break
	od;
	scanned = at;
	if :: unseen -> wake_those_behind() :: else fi;
	do
	:: position < scanned && owner[position] != 0 -> owner[position] = 0; position++
	:: else -> break
	od;
	at = 0;
	unseen = false
}

/*
 * The next value of `parked`. Its counter is only compared: one that nobody
 * holds any more is as good as one that never was, and there are fewer states.
 */
#define HELD_BY(holder) (value == (holder >> 2))
inline tell()
{
	value = 1;
	do
	:: HELD_BY(parked) || HELD_BY(lowered) || HELD_BY(posted) -> value++
	:: else -> break
	od;
	value = (value << 2) + (waiting[FOR_MESSAGES] > 0 -> FOR_MESSAGES : 0) + (waiting[FOR_REPLIES] > 0 -> FOR_REPLIES : 0)
}

inline lower()
{
	d_step { lowered == 0 -> waiting[BIT(me)]--;
		if
		:: waiting[BIT(me)] == 0 -> tell(); lowered = value; value = 0
		:: else
		fi }
}

inline leave_turn()
{
	d_step {
		behind[me] = false;
		if
		:: turn -> turn_taken = false; turn = false;
#ifndef NO_HANDOVER
			wake_those_behind()
#endif
		:: else
		fi }
}

#define BOUNDED_WAIT \
	:: d_step { over[me] -> over[me] = false; sleeps[me] = false } \
	:: d_step { early > 0 -> early--; sleeps[me] = false }

inline wait_for_turn()
{
	if
	:: d_step { permit[me] -> permit[me] = false; sleeps[me] = false }
	BOUNDED_WAIT
	fi
}

inline sleep_behind()
{
#ifdef PERMIT
	/* It takes a lock, for which it may nap, and be woken from that instead. */
	if
	:: d_step { permit[me] -> permit[me] = false }
	:: true
	fi;
	if
#ifdef NO_LOOK
	:: sleeps[me] = true; wait_for_turn()
#else
	:: READY(me)
	:: !READY(me) ->
		if
		:: !turn_taken
		:: d_step { turn_taken -> sleeps[me] = true }; wait_for_turn()
		fi
#endif
	fi
#else
	if
	:: READY(me) || !turn_taken
	:: d_step { !READY(me) && turn_taken -> behind[me] = true; permit[me] = false; sleeps[me] = true };
		wait_for_turn()
	fi
#endif
}

inline sleep_on_semaphore()
{
#ifdef SAME_WAIT
	do
	:: d_step { data > 0 && !READY(me) -> data-- }
	:: d_step { data > 0 && READY(me) -> data--; sleeps[me] = false }; break
	:: d_step { over[me] -> over[me] = false; sleeps[me] = false }; break
	od
#else
	if
	:: d_step { data > 0 -> data--; sleeps[me] = false }
	BOUNDED_WAIT
	fi
#endif
}

proctype waiter(byte me)
{
	byte i, at, value;
	bool unseen, turn;
	do
	:: d_step { READY(me) ->
		if
		:: me == 0 -> take()
		:: me > 0 && replies[me] == 0 -> scan()
		:: else
		fi };
		if
		:: d_step { replies[me] > 0 -> replies[me] = 0; done[me] = true }; break /* this was its last request */
		:: d_step { replies[me] > 0 -> replies[me]-- }
		:: replies[me] == 0
		fi
	:: d_step { !READY(me) ->
		turn = !turn_taken; turn_taken = true;
#ifdef PERMIT
		behind[me] = true;
#endif
		if :: turn -> data = 0 :: else fi };
		d_step { lowered == 0 -> waiting[BIT(me)]++; tell(); parked = value; value = 0; older[me] = sent - committed };
		if
		:: d_step { READY(me) -> older[me] = 0 }
		/* Woken in the first wait, in which the grace period ends. */
		:: d_step { turn && data > 0 -> data--; older[me] = 0 }
		:: d_step { !turn && !turn_taken -> older[me] = 0 }
		:: d_step { turn && GRACE_OVER && !READY(me) -> sleeps[me] = true; older[me] = 0 }; sleep_on_semaphore()
		:: d_step { !turn && GRACE_OVER && !READY(me) -> older[me] = 0 }; sleep_behind()
		fi;
#ifdef PERMIT
		lower();
		leave_turn()
#else
		leave_turn();
		lower()
#endif
	od
}

/* Whether something for a thread lies unseen before `end`. */
inline look_for(me, end)
{
	missed = replies[me] > 0;
	at = (me == 0 -> position : FIRST);
	do
	:: at < end -> missed = missed || owner[at] == me; at++
	:: else -> break
	od;
	missed = missed && !done[me];
	at = 0
}

active proctype clock()
{
	byte ends, i, at, goal, which;
	bool missed, somebody;
	do
	:: timeout ->
		d_step { look_for(which, goal);
		assert(!missed); /* one bounded wait was enough */
		somebody = false;
		for (i : 0 .. THREADS - 1) {
			assert(sleeps[i] || done[i]);
			look_for(i, committed);
			if :: missed -> somebody = true; which = i :: else fi
		}
		i = 0; missed = false };
		if
		:: !somebody -> break
		:: else ->
			ends++;
			assert(ends <= LIMIT); /* no lost wake-up */
			d_step { goal = committed; over[which] = true }
		fi
	od
}

init
{
	atomic {
		run waiter(0);
		run waiter(1);
#if THREADS > 2
		run waiter(2)
#endif
	}
}
