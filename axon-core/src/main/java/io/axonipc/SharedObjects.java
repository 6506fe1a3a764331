package io.axonipc;

import java.nio.LongBuffer;

import io.axonipc.posix.FileStatus;
import io.axonipc.posix.NamedSemaphore;
import io.axonipc.posix.Platform;
import io.axonipc.posix.PosixException;
import io.axonipc.posix.SharedMemory;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.ring.Words;

/**
 * The files of a channel: who may have made them, with which permissions, and how they
 * are removed.
 */
final class SharedObjects {

	/**
	 * The size of a named semaphore's file is that of {@code sem_t}: 32 bytes with glibc.
	 */
	private static final int MIN_SEMAPHORE = 16;

	private static final int MODE_LOOKS = 100;

	private static final long MODE_PAUSE_NANOS = 1_000_000;

	private SharedObjects() {
	}

	/** The permissions of all objects of a channel. */
	static int mode(boolean group) {
		return group ? 0660 : 0600;
	}

	/**
	 * Opens an object, and refuses what another user prepared, or could write.
	 * @return the object, or null when there is none
	 */
	static SharedMemory open(ChannelNames names, String object, boolean group) {
		SharedMemory opened = null;
		for (int looks = 1; opened == null; looks++) {
			try {
				opened = SharedMemory.open(object);
				if (opened == null) {
					return null;
				}
			}
			catch (PosixException ex) {
				FileStatus found = SharedMemory.status(object);
				if (found != null && !isAllowed(found, group)) {
					throw Errors.access(names, object, found, mode(group));
				}
				if (!ex.isDenied() || looks >= MODE_LOOKS) {
					throw ex;
				}
				// A group-mate may have made it, and not yet set its mode.
				Pause.nanos(MODE_PAUSE_NANOS);
			}
		}
		FileStatus found = opened.status();
		if (!isAllowed(found, group)) {
			opened.close();
			throw Errors.access(names, object, found, mode(group));
		}
		return opened;
	}

	/**
	 * A second name could make this process take another file of its own for a channel's.
	 */
	private static boolean isAllowed(FileStatus found, boolean group) {
		boolean ours = found.owner() == Platform.user() || (group && found.group() == Platform.group());
		return found.regular() && ours && (found.mode() & ~mode(group)) == 0 && found.links() <= 1;
	}

	/**
	 * Opens a semaphore.
	 * @param first whether no endpoint is attached: then it is made anew, so that no
	 * stale permit is left
	 */
	static NamedSemaphore openSemaphore(ChannelNames names, String name, boolean group, boolean first) {
		boolean created = first && createSemaphore(names, name, mode(group));
		try (SharedMemory file = open(names, NamedSemaphore.file(name), group)) {
			boolean whole = file != null && file.status().size() >= MIN_SEMAPHORE;
			NamedSemaphore semaphore = whole ? NamedSemaphore.open(name) : null;
			if (semaphore == null) {
				throw Errors.corrupt(names, "semaphore " + name + " was removed or cut short", null);
			}
			if (first && !created) {
				semaphore.drain();
			}
			return semaphore;
		}
	}

	/** Returns false where somebody else has the name. */
	private static boolean createSemaphore(ChannelNames names, String name, int mode) {
		try {
			NamedSemaphore.unlink(name);
			return NamedSemaphore.create(name, mode);
		}
		catch (PosixException ex) {
			throw ex.isOutOfMemory() ? Errors.memory(names, "semaphore " + name, SegmentLayout.PAGE, ex) : ex;
		}
	}

	/**
	 * Removes a channel with what lies in it. First the segment is made half-made: should
	 * this process be killed before the last name is gone, nobody may find messages whose
	 * slots are missing.
	 * @param size bytes of the segment
	 * @return false when the segment is somebody else's, who alone may remove it
	 */
	static boolean unlinkWithMessages(ChannelNames names, long size) {
		try (SharedMemory segment = SharedMemory.open(names.segment())) {
			if (segment == null || size < SegmentLayout.PAGE) {
				return unlinkAll(names);
			}
			LongBuffer words = segment.map(SegmentLayout.PAGE).asLongBuffer();
			long ready = Words.get(words, SegmentLayout.MAGIC_OFFSET);
			Words.putRelease(words, SegmentLayout.MAGIC_OFFSET, 0);
			boolean unlinked = unlinkAll(names);
			if (!unlinked) {
				Words.putRelease(words, SegmentLayout.MAGIC_OFFSET, ready);
			}
			return unlinked;
		}
	}

	/** The segment goes last: whoever finds it finds a channel to clean up. */
	static boolean unlinkAll(ChannelNames names) {
		for (int ring = 0; ring < 2; ring++) {
			NamedSemaphore.unlink(names.dataSemaphore(ring));
			NamedSemaphore.unlink(names.spaceSemaphore(ring));
			for (int slot = 0; slot < SegmentLayout.SLOTS; slot++) {
				SharedMemory.unlink(names.slot(ring, slot));
			}
		}
		return SharedMemory.unlink(names.segment());
	}

}
