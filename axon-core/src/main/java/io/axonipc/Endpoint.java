package io.axonipc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import io.axonipc.posix.FileStatus;
import io.axonipc.posix.Mappings;
import io.axonipc.posix.NamedSemaphore;
import io.axonipc.posix.Platform;
import io.axonipc.posix.PosixException;
import io.axonipc.posix.SharedMemory;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.ring.Words;

/**
 * One attached end of a channel: its segment, semaphores and locks. Opening, closing and
 * discarding follow PROTOCOL.md, "Creating, attaching, closing, removing", step by step.
 */
final class Endpoint {

	/** How long a close or a discard waits for others to open or close. */
	private static final long SETUP_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

	final ChannelNames names;

	final Role role;

	final ByteBuffer memory;

	/** The same memory. */
	final LongBuffer words;

	final ByteBuffer readOnly;

	final int capacity;

	/** The largest record of the ring whose payload is within the largest message. */
	final int maxInRing;

	final int maxMessage;

	final long largeMemory;

	final long channelId;

	final int mode;

	private final SharedMemory lock;

	private NamedSemaphore[] semaphores;

	private long incarnation;

	/** The peer's incarnation that was found dead. */
	private volatile long deadPeer;

	/**
	 * An endpoint that is not attached yet.
	 * @param header a copy of the segment's header, checked
	 */
	private Endpoint(ChannelNames names, ChannelOptions options, SharedMemory lock, ByteBuffer header,
			ByteBuffer memory) {
		this.names = names;
		this.role = options.role();
		this.mode = SharedObjects.mode(options.groupAccess());
		this.lock = lock;
		this.memory = memory;
		this.words = memory.asLongBuffer();
		this.readOnly = memory.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
		this.capacity = (int) header.getLong(SegmentLayout.CAPACITY);
		this.maxMessage = (int) header.getLong(SegmentLayout.MAX_MESSAGE);
		this.maxInRing = Math.min(this.capacity / 4, this.maxMessage);
		this.largeMemory = (header.getLong(SegmentLayout.LARGE_MEMORY) + SegmentLayout.PAGE - 1) & -SegmentLayout.PAGE;
		this.channelId = header.getLong(SegmentLayout.CHANNEL_ID);
	}

	/**
	 * Steps 1 to 7 of opening; step 8 is {@link #announce}, after the rings are
	 * recovered.
	 */
	static Endpoint open(ChannelNames names, ChannelOptions options) {
		long deadline = System.nanoTime() + options.openTimeout().toNanos();
		Mappings.collect();
		for (long pause = 100_000;; pause = Math.min(2 * pause, TimeUnit.MILLISECONDS.toNanos(10))) {
			try {
				Endpoint endpoint = tryOpen(names, options, deadline);
				if (endpoint != null) {
					return endpoint;
				}
			}
			catch (PosixException ex) {
				throw Errors.system(names, ex);
			}
			if (System.nanoTime() - deadline >= 0) {
				throw new ChannelNotFoundException("Channel '" + names + "' "
						+ ((options.role() == Role.CLIENT) ? "does not exist, and no server made it within "
								: "is being opened or closed by another process, for longer than ")
						+ options.openTimeout() + ": start the server, or give openTimeout more");
			}
			Pause.nanos(pause);
			ensureNotInterrupted(names, "a server");
		}
	}

	private static void ensureNotInterrupted(ChannelNames names, String what) {
		if (Thread.currentThread().isInterrupted()) {
			throw new WaitInterruptedException("Channel '" + names + "': interrupted while waiting for " + what);
		}
	}

	/** Returns null when there is nothing to attach to yet. */
	private static Endpoint tryOpen(ChannelNames names, ChannelOptions options, long deadline) {
		SharedMemory lock = SharedObjects.open(names, names.segment(), options.groupAccess());
		if (lock == null && options.role() == Role.SERVER) {
			lock = create(names, options);
		}
		if (lock == null) {
			return null;
		}
		Endpoint endpoint = null;
		try {
			lockSetup(names, lock, deadline);
			endpoint = attach(names, options, lock);
			return endpoint;
		}
		finally {
			if (endpoint == null) {
				lock.close();
			}
		}
	}

	private static SharedMemory create(ChannelNames names, ChannelOptions options) {
		try {
			return SharedMemory.create(names.segment(), SharedObjects.mode(options.groupAccess()));
		}
		catch (PosixException ex) {
			throw ex.isOutOfMemory() ? Errors.memory(names, "its segment", SegmentLayout.PAGE, ex) : ex;
		}
	}

	private static Endpoint attach(ChannelNames names, ChannelOptions options, SharedMemory lock) {
		FileStatus status = lock.status();
		if (status.links() == 0) {
			return null;
		}
		try (SharedMemory segment = SharedMemory.open(names.segment())) {
			if (segment == null || segment.status().inode() != status.inode()) {
				return null;
			}
			ByteBuffer header = segment.read(SegmentLayout.PAGE);
			boolean ready = header.getLong(SegmentLayout.MAGIC_OFFSET) != 0;
			if (!ready && options.role() == Role.CLIENT) {
				return null;
			}
			lockRole(names, options.role(), lock);
			if (ready) {
				SegmentHeader.check(names, header, status.size());
				Endpoint endpoint = new Endpoint(names, options, lock, header, segment.map(status.size()));
				endpoint.openSemaphores();
				return endpoint;
			}
			if (lock.isLocked(SegmentLayout.endpointLock(options.role().peer().ordinal()))) {
				// To make it again would take the memory from under the peer.
				throw Errors.corrupt(names, "its first word is 0 although process "
						+ storedPid(lock, options.role().peer()) + " is attached", null);
			}
			return make(names, options, lock, segment);
		}
	}

	/** Makes a new or half-made segment; whatever goes wrong, nothing of it is left. */
	private static Endpoint make(ChannelNames names, ChannelOptions options, SharedMemory lock, SharedMemory segment) {
		boolean made = false;
		try {
			ByteBuffer header = SegmentHeader.of(options);
			long size = header.getLong(SegmentLayout.SIZE);
			reserve(names, segment, size, SharedObjects.mode(options.groupAccess()));
			ByteBuffer memory = segment.map(size);
			memory.put(0, header, 0, SegmentLayout.PAGE);
			Endpoint endpoint = new Endpoint(names, options, lock, header, memory);
			endpoint.openSemaphores();
			Words.putRelease(endpoint.words, SegmentLayout.MAGIC_OFFSET, SegmentLayout.MAGIC);
			made = true;
			return endpoint;
		}
		finally {
			if (!made && lock.status().links() != 0) {
				SharedObjects.unlinkAll(names);
				lock.releaseIfUnlinked();
			}
		}
	}

	private static void reserve(ChannelNames names, SharedMemory segment, long size, int mode) {
		try {
			// It may be a group-mate's, who had set it.
			if (segment.status().mode() != mode) {
				segment.setMode(mode);
			}
			segment.allocate(size);
		}
		catch (PosixException ex) {
			throw ex.isOutOfMemory() ? Errors.memory(names, "its segment", size, ex) : ex;
		}
	}

	private static boolean tryLockSetup(SharedMemory lock, long deadline) {
		while (!lock.tryLock(SegmentLayout.SETUP_LOCK)) {
			if (System.nanoTime() - deadline >= 0) {
				return false;
			}
			Pause.nanos(100_000);
		}
		return true;
	}

	private static void lockSetup(ChannelNames names, SharedMemory lock, long deadline) {
		while (!lock.tryLock(SegmentLayout.SETUP_LOCK)) {
			ensureNotInterrupted(names, "another process to set it up");
			if (System.nanoTime() - deadline >= 0) {
				throw new ChannelNotFoundException(
						"Channel '" + names + "' is being set up by another process, and that did not end in time");
			}
			Pause.nanos(100_000);
		}
	}

	private static void lockRole(ChannelNames names, Role role, SharedMemory lock) {
		if (!lock.tryLock(SegmentLayout.endpointLock(role.ordinal()))) {
			throw Errors.roleTaken(names, role, storedPid(lock, role));
		}
	}

	/**
	 * Step 6: made anew while no endpoint is attached, so that no stale permit is left.
	 */
	private void openSemaphores() {
		boolean first = !isPeerAlive();
		if (first) {
			// A peer that was killed has left its pid: nobody is there.
			Words.put(this.words, SegmentLayout.incarnation(this.role.peer().ordinal()) + 8, 0);
		}
		List<NamedSemaphore> opened = new ArrayList<>();
		try {
			for (int ring = 0; ring < 2; ring++) {
				opened.add(SharedObjects.openSemaphore(this.names, this.names.dataSemaphore(ring), isGroup(), first));
				opened.add(SharedObjects.openSemaphore(this.names, this.names.spaceSemaphore(ring), isGroup(), first));
			}
			this.semaphores = opened.toArray(NamedSemaphore[]::new);
		}
		finally {
			if (this.semaphores == null) {
				opened.forEach(NamedSemaphore::close);
			}
		}
	}

	/** Step 8: from here on the peer sees this endpoint. Lets the set-up lock go. */
	void announce() {
		int offset = SegmentLayout.incarnation(this.role.ordinal());
		this.incarnation = Words.get(this.words, offset) + 1;
		Words.putRelease(this.words, offset, this.incarnation);
		// Last: with its predecessor's number it would seem to die in its first moment.
		Words.putRelease(this.words, offset + 8, ProcessHandle.current().pid());
		this.lock.unlock(SegmentLayout.SETUP_LOCK);
	}

	/** Gives up an attach that failed before {@link #announce}. */
	void abandon() {
		this.lock.close();
	}

	/**
	 * Lets go of the role. Removes the channel's names when nobody else is attached and
	 * nothing is left in it.
	 * @param empty whether both rings are empty; asked when the peer is known to be gone
	 */
	void close(BooleanSupplier empty) {
		try {
			boolean locked = tryLockSetup(this.lock, System.nanoTime() + SETUP_PATIENCE_NANOS);
			Words.putRelease(this.words, SegmentLayout.incarnation(this.role.ordinal()) + 8, 0);
			if (locked && !isPeerAlive() && !isUnlinked() && empty.getAsBoolean()) {
				SharedObjects.unlinkAll(this.names);
				this.lock.releaseIfUnlinked();
			}
		}
		catch (InternalError ex) {
			requireCutShort(ex);
		}
		finally {
			this.lock.close();
		}
	}

	/**
	 * Access to memory faults where the file was cut short. The JVM tells it with an
	 * error, which may have other causes, and may come late.
	 */
	void requireCutShort(InternalError fault) {
		if (this.lock.status().size() >= this.memory.capacity()) {
			throw fault;
		}
	}

	static boolean discard(ChannelNames names) {
		try (SharedMemory lock = SharedObjects.open(names, names.segment(), true)) {
			if (lock == null) {
				return false;
			}
			lockSetup(names, lock, System.nanoTime() + SETUP_PATIENCE_NANOS);
			FileStatus status = lock.status();
			if (status.links() == 0) {
				return false;
			}
			for (Role role : Role.values()) {
				if (lock.isLocked(SegmentLayout.endpointLock(role.ordinal()))) {
					throw Errors.held(names, role, storedPid(lock, role));
				}
			}
			// The directory is sticky: nothing must be gone if not all can be.
			boolean removable = status.owner() == Platform.user() || Platform.user() == 0;
			if (!removable || !SharedObjects.unlinkWithMessages(names, status.size())) {
				throw Errors.access(names, names.segment(), status, SharedObjects.mode(false));
			}
			return true;
		}
		catch (PosixException ex) {
			throw Errors.system(names, ex);
		}
	}

	private static long storedPid(SharedMemory segment, Role role) {
		return segment.read(SegmentLayout.PAGE).getLong(SegmentLayout.incarnation(role.ordinal()) + 8);
	}

	boolean isGroup() {
		return this.mode != SharedObjects.mode(false);
	}

	/** The ring's number this endpoint writes; the other one is read. */
	int outgoing() {
		return this.role.ordinal();
	}

	int incoming() {
		return 1 - this.role.ordinal();
	}

	int control(int ring) {
		return SegmentLayout.control(ring, this.capacity);
	}

	NamedSemaphore data(int ring) {
		return this.semaphores[2 * ring];
	}

	NamedSemaphore space(int ring) {
		return this.semaphores[2 * ring + 1];
	}

	long incarnation() {
		return this.incarnation;
	}

	long peerIncarnation() {
		return Words.getAcquire(this.words, SegmentLayout.incarnation(this.role.peer().ordinal()));
	}

	/** The process id that an endpoint stored; 0 when it detached cleanly. */
	long pid(Role role) {
		return Words.get(this.words, SegmentLayout.incarnation(role.ordinal()) + 8);
	}

	/**
	 * The incarnation of the peer that seems to be attached, by shared memory alone; 0
	 * for none. One that {@link #isPeerAlive} found dead is not.
	 */
	long attachedPeer() {
		long incarnation = peerIncarnation();
		return (pid(this.role.peer()) != 0 && incarnation != this.deadPeer) ? incarnation : 0;
	}

	/** Whether one later than that is known to be dead, or has a successor. */
	boolean hasPeerComeAndGone(long last) {
		long incarnation = peerIncarnation();
		return incarnation != last && (incarnation != last + 1 || incarnation == this.deadPeer);
	}

	boolean isPeerAlive() {
		// Before the lock is looked at: a successor that comes meanwhile is not meant.
		long incarnation = peerIncarnation();
		boolean alive = this.lock.isLocked(SegmentLayout.endpointLock(this.role.peer().ordinal()));
		if (!alive) {
			this.deadPeer = incarnation;
		}
		return alive;
	}

	boolean isUnlinked() {
		return this.lock.status().links() == 0;
	}

}
