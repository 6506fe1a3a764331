package io.axonipc.matrix;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

import io.axonipc.testing.PeerProcess.Language;

/** Prints tables that have the languages across. */
final class Table {

	private final PrintStream out;

	Table(PrintStream out) {
		this.out = out;
	}

	/** A table with the languages down, too. */
	void print(String title, String corner, Function<Pair, String> cells) {
		this.out.printf("%n%s%n%n", title);
		row(corner, Conversation::lower);
		for (Language asks : Language.values()) {
			row(Conversation.lower(asks), (answers) -> cells.apply(new Pair(asks, answers)));
		}
	}

	void row(String head, Function<Language, String> cells) {
		List<String> texts = Arrays.stream(Language.values()).map(cells).toList();
		StringBuilder line = new StringBuilder("%-18s".formatted(head));
		texts.forEach((text) -> line.append("%-15s".formatted(text)));
		this.out.println(line.toString().stripTrailing());
	}

}
