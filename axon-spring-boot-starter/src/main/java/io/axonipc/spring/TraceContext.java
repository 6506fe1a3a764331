package io.axonipc.spring;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * Trace context in a message's metadata: lines of UTF-8, each the name of a header, a
 * colon, a space, its value and a line feed, such as
 * {@code traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01}. Names and
 * values are those of W3C Trace Context, or what else the tracer sends.
 */
public final class TraceContext {

	private TraceContext() {
	}

	/**
	 * Makes metadata of headers.
	 * @param headers the headers, whose values have no line feeds
	 * @return the metadata, or null if there are no headers
	 */
	public static byte @Nullable [] write(Map<String, String> headers) {
		if (headers.isEmpty()) {
			return null;
		}
		StringBuilder lines = new StringBuilder();
		headers.forEach((name, value) -> lines.append(name).append(": ").append(value).append('\n'));
		return lines.toString().getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * Reads headers from metadata. What is no such line is left out: metadata may be
	 * anything.
	 * @param metadata the metadata, or null
	 * @return the headers; empty if there are none
	 */
	public static Map<String, String> read(byte @Nullable [] metadata) {
		if (metadata == null) {
			return Map.of();
		}
		Map<String, String> headers = new LinkedHashMap<>();
		new String(metadata, StandardCharsets.UTF_8).lines().forEach((line) -> {
			int colon = line.indexOf(": ");
			if (colon > 0) {
				headers.put(line.substring(0, colon), line.substring(colon + 2));
			}
		});
		return headers;
	}

}
