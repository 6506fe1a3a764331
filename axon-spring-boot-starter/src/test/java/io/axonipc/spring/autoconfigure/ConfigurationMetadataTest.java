package io.axonipc.spring.autoconfigure;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

import io.axonipc.spring.ListenerOptions;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;

import static org.assertj.core.api.Assertions.assertThat;

class ConfigurationMetadataTest {

	@Test
	void propertiesAreDescribed() throws IOException {
		assertThat(property("axon.channels")).hasValueSatisfying((channels) -> {
			assertThat(channels.get("type").asString())
				.isEqualTo("java.util.Map<java.lang.String,io.axonipc.spring.autoconfigure.AxonProperties$Channel>");
			assertThat(channels.get("description").asString()).isNotBlank();
		});
		assertThat(property("axon.template.default-channel"))
			.hasValueSatisfying((channel) -> assertThat(channel.get("description").asString()).isNotBlank());
	}

	/**
	 * The keys of a map have no metadata of their own, but the type of its values has.
	 */
	@Test
	void propertiesOfAChannelAreDescribedAndHaveDefaults() throws IOException {
		String file = "META-INF/spring/configuration-metadata/" + AxonProperties.Channel.class.getName() + ".json";
		try (InputStream stream = getClass().getClassLoader().getResourceAsStream(file)) {
			JsonNode metadata = JsonMapper.builder().build().readTree(stream);
			JsonNode properties = metadata.get("properties");
			assertThat(properties).hasSizeGreaterThan(20)
				.allSatisfy((property) -> assertThat(property.get("description").asString()).isNotBlank());
			assertThat(properties).filteredOn((property) -> !property.has("defaultValue"))
				.extracting((property) -> property.get("name").asString())
				.containsExactlyInAnyOrder("name", "wait.spin");
			assertThat(properties).extracting((property) -> property.get("name").asString())
				.contains("enabled", "on-open", "auto-startup", "listener.executor", "listener.retry.max-retries");
			assertThat(metadata.get("hints")).singleElement().satisfies((hint) -> {
				assertThat(hint.get("name").asString()).isEqualTo("listener.executor");
				assertThat(hint.get("values")).extracting((value) -> value.get("value").asString())
					.containsExactly(ListenerOptions.DIRECT, ListenerOptions.VIRTUAL);
			});
		}
	}

	@Test
	void observationAndHealthAreDescribed() throws IOException {
		String[] names = { "axon.observation-enabled", "management.health.axon.enabled",
				"management.health.axon-peer.enabled" };
		for (String name : names) {
			assertThat(property(name)).as(name).hasValueSatisfying((switched) -> {
				assertThat(switched.get("type").asString()).isEqualTo("java.lang.Boolean");
				assertThat(switched.get("description").asString()).startsWith("Whether ");
				assertThat(switched.get("defaultValue").isBoolean()).isTrue();
			});
		}
	}

	@Test
	void autoConfigurationsAreListed() {
		assertThat(ImportCandidates.load(AutoConfiguration.class, null)).contains(AxonAutoConfiguration.class.getName(),
				"io.axonipc.spring.autoconfigure.endpoint.AxonEndpointAutoConfiguration",
				"io.axonipc.spring.autoconfigure.health.AxonHealthContributorAutoConfiguration",
				"io.axonipc.spring.autoconfigure.metrics.AxonMetricsAutoConfiguration",
				"io.axonipc.spring.autoconfigure.metrics.AxonObservationAutoConfiguration");
	}

	private static Optional<JsonNode> property(String name) throws IOException {
		List<URL> all = Collections.list(ConfigurationMetadataTest.class.getClassLoader()
			.getResources("META-INF/spring-configuration-metadata.json"));
		for (URL url : all) {
			try (InputStream stream = url.openStream()) {
				for (JsonNode property : JsonMapper.builder().build().readTree(stream).get("properties")) {
					if (property.get("name").asString().equals(name)) {
						return Optional.of(property);
					}
				}
			}
		}
		return Optional.empty();
	}

}
