/*
 * One sender and one receiver that park and wake as PROTOCOL.md's "Waiting"
 * says: a message is a number, a position a count of messages. The ring has
 * ROOM places, so both sides may have to wait. `run` says with what it is run.
 *
 * What a processor stores goes through a first-in first-out buffer (total
 * store order); loads come from memory, as each word has one writer. A full
 * fence, and an instruction that changes a semaphore, wait for the own buffer
 * to be empty. Any step of any process may come after any delay.
 *
 * Time is modelled only as far as the protocol relies on it:
 *  - A grace period, and the first wait on the semaphore with which it goes on,
 *    end when the stores that were in the peer's buffer at their begin have
 *    left it. With HELD a store may stay there for longer.
 *  - A bounded wait ends when nothing else can happen any more: `clock` then
 *    ends one, and a message that waited for that is a lost wake-up. EARLY
 *    waits may also end at any other moment, as if the peer was stopped.
 *
 * Variants that break the protocol on purpose, and must fail: NO_BOUND (no
 * bounded wait), NO_GRACE, EARLY_LOOK (the last look comes before the grace
 * period is over), NO_FENCE, LATE_DRAIN, NO_COUNTER, NO_PUBLISH.
 */
#ifndef MESSAGES
#define MESSAGES 3
#endif
#ifndef ROOM
#define ROOM MESSAGES
#endif
#ifndef EARLY
#define EARLY 1
#endif
#ifndef RECEIVER_KILLS
#define RECEIVER_KILLS 0
#endif
#ifndef SENDER_KILLS
#define SENDER_KILLS 0
#endif
#ifndef PERMITS
#define PERMITS 3
#endif
#define BUFFER 3

mtype = { COMMITTED, WANTED, PARKED, FREE };

/* Shared memory: the words as everybody sees them, and the semaphores. */
byte committed, wanted, parked, free;
byte data, space;

/* The store buffers, and how many of the stores in them a grace period waits for. */
chan sender_stores = [BUFFER] of { mtype, byte };
chan receiver_stores = [BUFFER] of { mtype, byte };
byte sender_older, receiver_older;

/* For `clock`: who waits on a semaphore, and whose wait is over. */
bool sender_sleeps, receiver_sleeps, sender_over, receiver_over;
byte early = EARLY, goal_sent;

/* What survives a death or is looked at by others: the end of the ring, and `handled`. */
byte sent, handled;
byte sender_kills = SENDER_KILLS, receiver_kills = RECEIVER_KILLS;
bool kill_sender, kill_receiver;

#ifdef HELD
#define GRACE_OVER(older) true
#else
#define GRACE_OVER(older) (older == 0)
#endif

active proctype sender_buffer()
{
	byte value;
	mtype word;
end:	do
	:: atomic { sender_stores?word, value ->
		if
		:: word == COMMITTED -> committed = value
		:: word == WANTED -> wanted = value
		fi;
		if :: sender_older > 0 -> sender_older-- :: else fi;
		word = 0; value = 0 }
	od
}

active proctype receiver_buffer()
{
	byte value;
	mtype word;
end:	do
	:: atomic { receiver_stores?word, value ->
		if
		:: word == PARKED -> parked = value
		:: word == FREE -> free = value
		fi;
		if :: receiver_older > 0 -> receiver_older-- :: else fi;
		word = 0; value = 0 }
	od
}

/* An instruction that changes a semaphore empties the buffer; to find 0 in it does not. */
inline post(semaphore, own_stores)
{
	atomic { empty(own_stores) -> semaphore++; assert(semaphore <= PERMITS) }
}

inline drain(semaphore, own_stores)
{
	if
	:: semaphore == 0
	:: atomic { semaphore > 0 && empty(own_stores) -> semaphore = 0 }
	fi
}

/* After the store that tells the peer; the grace period begins. */
inline fence(own_stores, peer_stores, older)
{
#ifdef NO_FENCE
	atomic { older = len(peer_stores) }
#else
	atomic { empty(own_stores) -> older = len(peer_stores) }
#endif
}

/* Looks, and waits on the semaphore, until the grace period is over, and looks once more. */
inline look_on(is_ready, older, ready, semaphore, own_stores)
{
#if defined(NO_GRACE)
	ready = false;
#elif defined(EARLY_LOOK)
	ready = is_ready;
	GRACE_OVER(older);
#else
	if
	:: is_ready -> ready = true
	:: atomic { semaphore > 0 && empty(own_stores) -> semaphore--; ready = true }
	:: GRACE_OVER(older) -> ready = is_ready
	fi;
#endif
	atomic { older = 0 }
}

inline sleep(semaphore, own_stores, sleeps, over)
{
	sleeps = true;
	if
	:: atomic { semaphore > 0 && empty(own_stores) -> semaphore--; sleeps = false }
	:: atomic { over -> over = false; sleeps = false }
	:: atomic { early > 0 -> early--; sleeps = false }
	fi
}

proctype sender()
{
	byte tail, known, posted, seen, want;
	bool ready;
	{
		/* Recover. */
		atomic { empty(sender_stores) -> tail = committed; sent = tail; known = free }
		sender_stores!WANTED, 0;
		do
		:: tail < MESSAGES ->
			do
			:: tail + 1 <= known + ROOM -> break
			:: else ->
				known = free;
				if
				:: tail + 1 <= known + ROOM
				:: else ->
					want = tail + 1 - ROOM;
#ifdef LATE_DRAIN
					sender_stores!WANTED, want;
					fence(sender_stores, receiver_stores, receiver_older);
					drain(space, sender_stores);
#else
					drain(space, sender_stores);
					sender_stores!WANTED, want;
					fence(sender_stores, receiver_stores, receiver_older);
#endif
					look_on(free >= want, receiver_older, ready, space, sender_stores);
					if
					:: ready
					:: else -> sleep(space, sender_stores, sender_sleeps, sender_over)
					fi;
					sender_stores!WANTED, 0;
					atomic { known = free; want = 0; ready = false }
				fi
			od;
			atomic { nfull(sender_stores) -> tail++; sender_stores!COMMITTED, tail; sent = tail }
			seen = parked;
			if
			:: (seen & 1) != 0 && seen != posted -> posted = seen; post(data, sender_stores)
			:: else
			fi;
			seen = 0
		:: break /* there may be no more to send */
		od;
end:		false
	} unless { kill_sender };
	/* The system empties the buffer of a process that it ends. */
	atomic { empty(sender_stores) -> kill_sender = false; sender_sleeps = false; sender_over = false; receiver_older = 0;
		run sender() }
}

inline publish()
{
	if
	:: published != position -> receiver_stores!FREE, position; published = position
	:: else
	fi;
	seen = wanted;
	if
	:: seen != 0 && seen <= position && seen != answered -> answered = seen; post(space, receiver_stores)
	:: else
	fi;
	seen = 0
}

#ifdef NO_COUNTER
#define NEXT(bit) bit
#else
#define NEXT(bit) ((word & 254) + 4 + bit)
#endif

proctype receiver()
{
	byte position, published, answered, seen, word;
	bool ready;
	{
		/* Recover. */
		atomic { empty(receiver_stores) -> position = handled; published = position; word = parked & 254 }
		receiver_stores!FREE, position;
		if
		:: (parked & 1) != 0 -> atomic { nfull(receiver_stores) -> word = NEXT(0); receiver_stores!PARKED, word }
		:: else
		fi;
		do
		:: committed > position ->
			atomic { position++; handled = position }
			/* For each record when the sender waits for it; besides, in strides. */
			seen = wanted;
			if
			:: true -> publish()
			:: seen == 0 || seen > position || seen == answered -> seen = 0
			fi
		:: else ->
#ifndef NO_PUBLISH
			publish();
#endif
#ifdef LATE_DRAIN
			atomic { nfull(receiver_stores) -> word = NEXT(1); receiver_stores!PARKED, word; word = word & 254 }
			fence(receiver_stores, sender_stores, sender_older);
			drain(data, receiver_stores);
#else
			drain(data, receiver_stores);
			atomic { nfull(receiver_stores) -> word = NEXT(1); receiver_stores!PARKED, word; word = word & 254 }
			fence(receiver_stores, sender_stores, sender_older);
#endif
			look_on(committed > position, sender_older, ready, data, receiver_stores);
			if
			:: ready
			:: else -> sleep(data, receiver_stores, receiver_sleeps, receiver_over)
			fi;
			atomic { nfull(receiver_stores) -> word = NEXT(0); receiver_stores!PARKED, word; ready = false }
		od
	} unless { kill_receiver };
	atomic { empty(receiver_stores) -> kill_receiver = false; receiver_sleeps = false; receiver_over = false; sender_older = 0;
		run receiver() }
}

/* Ends processes at any moment; successors carry on. */
active proctype killer()
{
end:	do
	:: atomic { sender_kills > 0 -> sender_kills--; kill_sender = true; goal_sent = 0 }
	:: atomic { receiver_kills > 0 -> receiver_kills--; kill_receiver = true }
	od
}

#define UNSEEN (committed > handled)

/* When nothing else can happen: all is handled, or somebody sleeps beside what he waits for until his bounded wait is over. */
active proctype clock()
{
	byte limit, ends, goal_handled;
	do
	:: timeout ->
		assert(handled >= goal_handled && sent >= goal_sent); /* one bounded wait was enough */
		if
		:: receiver_sleeps && !UNSEEN && !sender_sleeps -> break
		:: else ->
			ends++;
#if defined(HELD) && !defined(NO_BOUND)
			limit = MESSAGES * 2; /* each commit, and each of the receiver's answers, may have been held back */
#else
			limit = SENDER_KILLS; /* a sender that was killed may have owed a post */
#endif
			assert(ends <= limit); /* no lost wake-up */
			if
			:: atomic { receiver_sleeps && UNSEEN -> goal_handled = committed; receiver_over = true }
			:: atomic { sender_sleeps && free + ROOM > sent -> goal_sent = sent + 1; sender_over = true }
			:: else -> assert(false) /* both wait for each other */
			fi
		fi
	od
}

init
{
	atomic { run sender(); run receiver() }
}
