package io.axonipc;

import io.axonipc.posix.FileStatus;
import io.axonipc.posix.Platform;
import io.axonipc.posix.PosixException;

/**
 * The texts of the errors that need more than one line: what happened, where, and what to
 * do.
 */
final class Errors {

	private Errors() {
	}

	static AxonException system(ChannelNames names, PosixException cause) {
		String what = "Channel '" + names + "': " + cause.getMessage();
		if (cause.isDenied()) {
			return new ChannelAccessException(
					what + ": it probably belongs to another user. Run both processes as one user, "
							+ "or in one group with group access, or choose another name",
					cause);
		}
		if (cause.isOutOfMemory()) {
			return new ChannelMemoryException(what, cause);
		}
		return new AxonException(what, cause);
	}

	static ChannelMemoryException memory(ChannelNames names, String what, long asked, PosixException cause) {
		long available = Platform.availableMemory();
		return new ChannelMemoryException("Channel '" + names + "': no memory for " + what + ": " + asked
				+ " bytes asked for, " + available + " bytes available in /dev/shm"
				+ ((available < asked) ? ". "
						: " now: other files were removed, or it takes no more files (mount option nr_inodes). ")
				+ "Make it larger (Docker: --shm-size; Kubernetes: an emptyDir volume with medium Memory mounted at "
				+ "/dev/shm), or choose a smaller capacity or largeMessageMemory", cause);
	}

	static CorruptChannelException corrupt(ChannelNames names, String what, Throwable cause) {
		return new CorruptChannelException("Channel '" + names + "' is corrupt: " + what
				+ ". Stop both processes, find out who wrote it, and discard the channel", cause);
	}

	static RoleTakenException roleTaken(ChannelNames names, Role role, long pid) {
		return new RoleTakenException("Channel '" + names + "': the role " + role + " is taken by process " + pid
				+ ((pid == ProcessHandle.current().pid())
						? " (this process, or one of that number in another container)" : "")
				+ ". A channel has one server and one client: stop that process, take the other role, or another name",
				pid);
	}

	static RoleTakenException held(ChannelNames names, Role role, long pid) {
		return new RoleTakenException("Channel '" + names + "' cannot be discarded: process " + pid
				+ " is attached to it as " + role + ". Close it there first", pid);
	}

	static ChannelAccessException access(ChannelNames names, String object, FileStatus status, int mode) {
		return new ChannelAccessException(String.format(
				"Channel '%s': %s has owner %d, group %d, mode %04o, %d names%s; required are owner %d%s, at most mode %04o%s, "
						+ "1 name and a regular file. Somebody else made it: have it removed, or choose another name",
				names, object, status.owner(), status.group(), status.mode(), status.links(),
				status.regular() ? "" : " and is no regular file", Platform.user(),
				(mode == 0600) ? "" : " or group " + Platform.group(), mode,
				(mode == 0600) ? " (0660 with group access)" : ""), null);
	}

	static MessageTooLargeException tooLarge(ChannelNames names, String tag, String what, long length, long limit) {
		return new MessageTooLargeException("Channel '" + names + "': the message with tag '" + tag + "' has " + length
				+ " bytes of " + what + ", the channel allows " + limit + ". Send less, or discard the channel and "
				+ "create it with larger capacity, maxMessageSize or largeMessageMemory");
	}

}
