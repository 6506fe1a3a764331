package io.axonipc.spring;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.axonipc.spring.AxonListenerContainer.Handler;
import org.jspecify.annotations.Nullable;

/**
 * The handlers of a channel by tag, frozen. An exact tag goes before a pattern, and a
 * longer pattern before a shorter one.
 */
final class ListenerTable {

	private static final String WILDCARD = "*";

	private final Map<String, Handler> exact = new HashMap<>();

	private final List<Pattern> patterns;

	/**
	 * Makes a table.
	 * @param handlers handlers by tag, or by pattern: a prefix and {@code *}
	 */
	ListenerTable(Map<String, Handler> handlers) {
		handlers.forEach((tag, handler) -> {
			if (!tag.endsWith(WILDCARD)) {
				this.exact.put(tag, handler);
			}
		});
		this.patterns = handlers.entrySet()
			.stream()
			.filter((entry) -> entry.getKey().endsWith(WILDCARD))
			.map((entry) -> new Pattern(entry.getKey().substring(0, entry.getKey().length() - 1), entry.getValue()))
			.sorted(Comparator.comparing((Pattern pattern) -> pattern.prefix().length()).reversed())
			.toList();
	}

	private record Pattern(String prefix, Handler handler) {
	}

	/** Allocates nothing. */
	@Nullable Handler find(String tag) {
		Handler handler = this.exact.get(tag);
		if (handler != null) {
			return handler;
		}
		for (int i = 0; i < this.patterns.size(); i++) {
			Pattern pattern = this.patterns.get(i);
			if (tag.startsWith(pattern.prefix())) {
				return pattern.handler();
			}
		}
		return null;
	}

}
