package io.axonipc;

import java.util.regex.Pattern;

/** The names that a channel has in the system. See PROTOCOL.md, "Names". */
final class ChannelNames {

	private static final Pattern VALID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

	private final String channel;

	/**
	 * Checks the name of a channel before any system call.
	 * @param channel the name
	 */
	ChannelNames(String channel) {
		if (channel == null || !VALID.matcher(channel).matches()) {
			throw new IllegalArgumentException("'" + channel + "' is not a channel name: 1 to 64 characters, "
					+ "letters, digits, '.', '_' and '-', the first a letter or a digit");
		}
		this.channel = channel;
	}

	String segment() {
		return "/axon." + this.channel;
	}

	String dataSemaphore(int ring) {
		return segment() + "~" + ring + ".data";
	}

	String spaceSemaphore(int ring) {
		return segment() + "~" + ring + ".space";
	}

	String slot(int ring, int slot) {
		return segment() + "~" + ring + "." + ((slot < 10) ? "0" : "") + slot;
	}

	@Override
	public String toString() {
		return this.channel;
	}

}
