package io.axonipc;

import io.axonipc.posix.FileStatus;
import io.axonipc.posix.Platform;
import io.axonipc.posix.PosixException;
import io.axonipc.posix.SharedMemory;

/** Who may have made the objects of a channel, and with which permissions. */
final class SharedObjects {

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
		SharedMemory opened;
		try {
			opened = SharedMemory.open(object);
		}
		catch (PosixException ex) {
			FileStatus found = SharedMemory.status(object);
			if (found != null && !isAllowed(found, group)) {
				throw Errors.access(names, object, found, mode(group));
			}
			throw ex;
		}
		if (opened != null) {
			FileStatus found = opened.status();
			if (!isAllowed(found, group)) {
				opened.close();
				throw Errors.access(names, object, found, mode(group));
			}
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

}
