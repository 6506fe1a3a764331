package io.axonipc.matrix;

import java.util.Arrays;
import java.util.List;

import io.axonipc.Role;
import io.axonipc.testing.PeerProcess.Language;

/**
 * Two languages that talk to each other.
 *
 * @param asks the one that asks
 * @param answers the one that answers
 */
record Pair(Language asks, Language answers) {

	/** Every language with every language. */
	static List<Pair> all() {
		return Arrays.stream(Language.values())
			.flatMap((asks) -> Arrays.stream(Language.values()).map((answers) -> new Pair(asks, answers)))
			.toList();
	}

	boolean has(Language language) {
		return this.asks == language || this.answers == language;
	}

	Conversation conversation(Role role) {
		return new Conversation(this.asks, this.answers, role);
	}

	@Override
	public String toString() {
		return Conversation.lower(this.asks) + "-" + Conversation.lower(this.answers);
	}

}
