package io.axonipc.samples.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** The results for programs. */
final class ResultsFile {

	private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

	private ResultsFile() {
	}

	static String json(Results results) {
		List<Map<String, Object>> objects = new ArrayList<>();
		for (Result result : results.all()) {
			Map<String, Object> object = new LinkedHashMap<>();
			object.put("system", result.item().system());
			object.put("scenario", result.item().scenario());
			if (!result.item().ring().isEmpty()) {
				object.put("ring", result.item().ring());
			}
			object.put("metric", result.metric());
			object.put("unit", result.unit());
			object.put("value", result.value());
			object.put("runs", result.runs());
			if (!result.leftOut().isEmpty()) {
				object.put("left_out", result.leftOut());
			}
			objects.add(object);
		}
		return JSON.writeValueAsString(objects);
	}

	static void write(Path file, Object content) {
		JSON.writeValue(file.toFile(), content);
	}

}
