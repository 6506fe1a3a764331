package io.axonipc;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

import io.axonipc.posix.PosixException;
import io.axonipc.ring.CorruptRingException;
import io.axonipc.ring.RingConsumer;
import io.axonipc.ring.RingProducer;

/**
 * One end of a channel: a named duplex link between two processes of one host.
 * Thread-safe.
 * <p>
 * The other process opens the same name in the other {@link Role role}; either may start
 * first, and either may send first. What is not yet received survives the end of either
 * process, until it is received or {@link #discard discarded}.
 *
 * <pre>
 * try (AxonChannel channel = AxonChannel.open("orders", ChannelOptions.defaults().role(Role.SERVER))) {
 *     channel.sender().send("greeting", "hello".getBytes(UTF_8));
 *     channel.receiver().poll((message) -> System.out.println(message.tag()), 10, Duration.ofSeconds(1));
 * }
 * </pre>
 *
 * After {@link #close()} every call throws {@link ChannelClosedException}. Shared memory
 * stays mapped until no buffer cut from it is reachable, so a buffer kept too long shows
 * other bytes; only where /dev/shm is full at that moment, reading it may give an
 * {@link InternalError}.
 */
public final class AxonChannel implements AutoCloseable {

	/**
	 * The longest single wait on a semaphore; the peer's death is noticed at its end. The
	 * property is for tests that look for waits which end so.
	 */
	static final long BOUNDED_WAIT_NANOS = Math.max(TimeUnit.MILLISECONDS.toNanos(1),
			Long.getLong("io.axonipc.boundedWaitNanos", TimeUnit.MILLISECONDS.toNanos(100)));

	/**
	 * How long a thread that is about to park keeps looking. See PROTOCOL.md, "Waiting".
	 */
	static final long GRACE_NANOS = 2_000;

	/**
	 * The same where the last wait was in vain: costs an idle thread less than a
	 * {@link #FIRST_WAIT_NANOS first wait}.
	 */
	static final long LONG_GRACE_NANOS = 50_000;

	/**
	 * The longest first wait on a semaphore. After it a thread looks again: by then every
	 * store has become visible whose thread did not see the flag.
	 */
	static final long FIRST_WAIT_NANOS = 1_000_000;

	private final Endpoint endpoint;

	private final ChannelOptions options;

	private final Outbox outbox;

	private final Sender sender;

	private final Receiver receiver;

	private final Inbox inbox;

	private final SlotPool slots;

	private final Requester requester;

	private final ChannelCounters counters;

	private final AtomicBoolean closing = new AtomicBoolean();

	private final AtomicBoolean detached = new AtomicBoolean();

	private volatile boolean closed;

	private volatile boolean deferred;

	private volatile CorruptChannelException failure;

	private AxonChannel(Endpoint endpoint, ChannelOptions options) {
		this.endpoint = endpoint;
		this.options = options;
		int incoming = endpoint.control(endpoint.incoming());
		RingConsumer consumer = new RingConsumer(endpoint.memory, incoming, endpoint.capacity);
		int outgoing = endpoint.control(endpoint.outgoing());
		RingProducer producer = new RingProducer(endpoint.memory, outgoing, endpoint.capacity);
		this.counters = new ChannelCounters(producer);
		this.slots = new SlotPool(endpoint, producer);
		SlotMappings mappings = new SlotMappings(endpoint);
		this.outbox = new Outbox(this, producer, this.slots, this.counters);
		this.sender = new Sender(this, this.outbox);
		this.inbox = new Inbox(this, consumer, this.counters);
		this.receiver = new Receiver(this, this.inbox, mappings, this.counters);
		this.requester = new Requester(this, this.inbox, mappings);
	}

	/**
	 * Opens a channel as client with the defaults.
	 * @param name 1 to 64 characters: letters, digits, {@code .}, {@code _}, {@code -}
	 * @return the channel, to be closed
	 * @see #open(String, ChannelOptions)
	 */
	public static AxonChannel open(String name) {
		return open(name, ChannelOptions.defaults());
	}

	/**
	 * Opens a channel. The server creates it; a client waits until it exists.
	 * @param name 1 to 64 characters: letters, digits, {@code .}, {@code _}, {@code -}
	 * @param options role, sizes, time-outs
	 * @return the channel, to be closed
	 * @throws ChannelNotFoundException when no server made it within the open time-out
	 * @throws RoleTakenException when another process, or this one, holds the role
	 * @throws ChannelMemoryException when /dev/shm is too small
	 * @throws ChannelAccessException when it belongs to another user
	 * @throws IncompatibleChannelException when it has another version
	 * @throws CorruptChannelException when what it holds breaks the protocol
	 */
	public static AxonChannel open(String name, ChannelOptions options) {
		ChannelNames names = new ChannelNames(name);
		Endpoint endpoint = Endpoint.open(names, options);
		boolean announced = false;
		try {
			AxonChannel channel = new AxonChannel(endpoint, options);
			endpoint.announce();
			announced = true;
			return channel;
		}
		catch (CorruptRingException ex) {
			throw Errors.corrupt(names, ex.getMessage(), ex);
		}
		catch (PosixException ex) {
			throw Errors.system(names, ex);
		}
		finally {
			if (!announced) {
				endpoint.abandon();
			}
		}
	}

	/**
	 * Removes a channel that nobody holds, with the messages in it.
	 * @param name the channel's name
	 * @return false when there is none
	 * @throws RoleTakenException when a process holds it
	 */
	public static boolean discard(String name) {
		return Endpoint.discard(new ChannelNames(name));
	}

	/**
	 * The channel's name.
	 * @return the name
	 */
	public String name() {
		return this.endpoint.names.toString();
	}

	/**
	 * Which end this is.
	 * @return the role
	 */
	public Role role() {
		return this.endpoint.role;
	}

	/**
	 * The capacity of each ring, as its creator chose it.
	 * @return bytes, a power of two
	 */
	public int capacity() {
		return this.endpoint.capacity;
	}

	/**
	 * The sending side.
	 * @return always the same object
	 */
	public Sender sender() {
		return this.sender;
	}

	/**
	 * The receiving side.
	 * @return always the same object
	 */
	public Receiver receiver() {
		return this.receiver;
	}

	/**
	 * What this endpoint has done.
	 * @return always the same object
	 */
	public ChannelCounters counters() {
		return this.counters;
	}

	/**
	 * Sends a request and waits for its reply.
	 * @param tag the request's name, 1 to 255 bytes of UTF-8
	 * @param payload the bytes from position to limit
	 * @param timeout the longest wait for room and reply, null for the channel's
	 * @param onReply turns the reply, which is valid only until this returns, into the
	 * result
	 * @param <R> the type of the result
	 * @return what {@code onReply} returned
	 * @see #request(MessageHeader, ByteBuffer, Duration, Function)
	 */
	public <R> R request(String tag, ByteBuffer payload, Duration timeout,
			Function<? super MessageView, ? extends R> onReply) {
		return request(new MessageHeader(tag), payload, timeout, onReply);
	}

	/**
	 * Sends a request and waits for its reply, in any thread, also within a handler of
	 * this channel. The reply is found among messages that nobody asked for; those stay
	 * for the receiver.
	 * @param header tag and metadata
	 * @param payload the bytes from position to limit
	 * @param timeout the longest wait for room and reply, null for the channel's
	 * @param onReply turns the reply, which is valid only until this returns, into the
	 * result
	 * @param <R> the type of the result
	 * @return what {@code onReply} returned
	 * @throws AxonRemoteException when the peer answered with an error
	 * @throws PeerDiedException when the peer that was there went away
	 * @throws RequestTimeoutException when no reply came in time
	 * @throws SendTimeoutException when there was no room in time
	 */
	public <R> R request(MessageHeader header, ByteBuffer payload, Duration timeout,
			Function<? super MessageView, ? extends R> onReply) {
		Duration patience = (timeout != null) ? timeout : this.options.requestTimeout();
		return this.requester.request(header, payload, Math.max(0, patience.toNanos()), onReply);
	}

	/**
	 * Whether this end can be used.
	 * @return false after {@link #close()} or when the channel was found corrupt
	 */
	public boolean isOpen() {
		return !this.closed;
	}

	/**
	 * Whether a process holds the other role now; a system call.
	 * @return true when the peer lives
	 */
	public boolean isPeerAlive() {
		try {
			return !this.detached.get() && this.endpoint.isPeerAlive();
		}
		catch (PosixException ex) {
			if (this.closed) {
				return false;
			}
			throw Errors.system(this.endpoint.names, ex);
		}
	}

	/**
	 * Lets go of the channel. Wakes the threads that wait on it, which get a
	 * {@link ChannelClosedException}, and waits until sends, handlers and claims under
	 * way have ended. Called from within a handler, it takes effect when that has
	 * returned. The last clean close of an empty channel removes it from the system; an
	 * unread message keeps it. Does nothing the second time.
	 */
	@Override
	public void close() {
		if (!this.closing.compareAndSet(false, true)) {
			return;
		}
		this.closed = true;
		wakeAll();
		if (this.inbox.consuming.isMine() || this.inbox.isRequesting(Thread.currentThread())) {
			this.deferred = true;
			return;
		}
		detach();
	}

	/** Called by each operation of the receiving side when it ends. */
	void closeIfDeferred() {
		if (this.deferred && !this.inbox.consuming.isMine() && !this.inbox.isRequesting(Thread.currentThread())) {
			detach();
		}
	}

	private void detach() {
		if (!this.detached.compareAndSet(false, true)) {
			return;
		}
		try {
			this.sender.abortOwnClaim();
			this.outbox.shut();
			this.inbox.shut();
			if (this.failure == null) {
				this.receiver.releaseInHand();
				// Steps over replies taken out of turn, for the peer to see.
				this.inbox.isEmpty();
				this.slots.close();
			}
		}
		catch (CorruptRingException | InternalError ex) {
			fail(ex);
		}
		finally {
			this.counters.detach();
			this.endpoint.close(() -> this.failure == null && this.inbox.isEmpty() && this.outbox.isEmpty());
		}
	}

	private void wakeAll() {
		this.inbox.wake();
		this.outbox.wake();
	}

	Endpoint endpoint() {
		return this.endpoint;
	}

	long spinNanos() {
		return this.options.waitStrategy().spinNanos();
	}

	long sendTimeoutNanos() {
		return this.options.sendTimeout().toNanos();
	}

	void ensureOpen() {
		if (this.closed) {
			throw new ChannelClosedException("Channel '" + name() + "' is closed; open it again", this.failure);
		}
	}

	/**
	 * What was handled is published before a thread waits for the peer, or both might
	 * wait.
	 */
	void publishHandled() {
		this.inbox.publish();
	}

	void ensureNotInterrupted(String what) {
		if (Thread.currentThread().isInterrupted()) {
			throw new WaitInterruptedException("Channel '" + name() + "': interrupted while waiting for " + what);
		}
	}

	/**
	 * At each bounded wait: somebody may have removed the names, and then no peer can
	 * come; and the peer may have died, which requests ask for.
	 */
	void lookAround() {
		try {
			// Asked again: a close removes the names itself.
			if (!this.closed && this.endpoint.isUnlinked() && !this.closed) {
				throw fail(new CorruptRingException("its names were removed from /dev/shm while it was in use"));
			}
			isPeerAlive();
		}
		catch (PosixException ex) {
			if (!this.closed) {
				throw Errors.system(this.endpoint.names, ex);
			}
		}
	}

	/**
	 * Closes the channel for use, with an error. The role is let go of by
	 * {@link #close()}.
	 * @param cause what was found; or a fault of memory, which is thrown on unless the
	 * segment was cut short
	 */
	CorruptChannelException fail(Throwable cause) {
		String what = cause.getMessage();
		if (cause instanceof InternalError fault) {
			this.endpoint.requireCutShort(fault);
			what = "its segment was cut short";
		}
		CorruptChannelException error = Errors.corrupt(this.endpoint.names, what, cause);
		this.failure = error;
		this.closed = true;
		wakeAll();
		return error;
	}

}
