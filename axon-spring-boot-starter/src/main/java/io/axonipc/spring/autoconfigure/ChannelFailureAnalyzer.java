package io.axonipc.spring.autoconfigure;

import io.axonipc.AxonException;
import io.axonipc.ChannelAccessException;
import io.axonipc.ChannelMemoryException;
import io.axonipc.ChannelNotFoundException;
import io.axonipc.CorruptChannelException;
import io.axonipc.IncompatibleChannelException;
import io.axonipc.RoleTakenException;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says what to do about a channel that cannot be opened. */
class ChannelFailureAnalyzer extends AbstractFailureAnalyzer<AxonException> {

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure, AxonException cause) {
		String action = action(cause);
		return (action != null) ? new FailureAnalysis(cause.getMessage() + ".", action, cause) : null;
	}

	private static @Nullable String action(AxonException cause) {
		if (cause instanceof RoleTakenException taken) {
			return "Stop process " + taken.pid() + ", which may be another instance of this application, or give "
					+ "this one the other end with axon.channels.<key>.role, or another channel with "
					+ "axon.channels.<key>.name.";
		}
		if (cause instanceof ChannelMemoryException) {
			return "Make /dev/shm larger (Docker: --shm-size=1g; Kubernetes: an emptyDir volume with medium Memory, "
					+ "mounted at /dev/shm), remove what lies in it, or lower axon.channels.<key>.capacity or "
					+ "axon.channels.<key>.large-message-memory.";
		}
		if (cause instanceof ChannelAccessException) {
			return "Run both processes as one user; or as members of one group, with "
					+ "axon.channels.<key>.permissions=group and the same on the other side; or choose another "
					+ "axon.channels.<key>.name.";
		}
		if (cause instanceof IncompatibleChannelException) {
			return "Use one version of Axon and one C library (glibc or musl) on both sides. A channel that an older "
					+ "version left behind goes away when its files are deleted from /dev/shm while no process uses "
					+ "them.";
		}
		if (cause instanceof ChannelNotFoundException) {
			return "Start the server, which creates the channel, or wait for it longer with "
					+ "axon.channels.<key>.open-timeout. If this process is the one to create it, set "
					+ "axon.channels.<key>.role=server.";
		}
		if (cause instanceof CorruptChannelException) {
			return "Stop both processes, and delete the channel's files from /dev/shm, with what is unread in them. "
					+ "If it happens again, look for who else writes them.";
		}
		return null;
	}

}
