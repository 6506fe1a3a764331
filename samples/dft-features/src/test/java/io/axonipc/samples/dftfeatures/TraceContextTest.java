package io.axonipc.samples.dftfeatures;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.axonipc.spring.AxonOperations;
import io.axonipc.testing.Requirements;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.SenderContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Python sees the trace context of a message, by the lines that the starter's page shows.
 */
@SpringBootTest(properties = "axon.observation-enabled=true")
class TraceContextTest {

	private static final String CHANNEL = "trace-context-test-" + ProcessHandle.current().pid();

	private static final String TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

	@DynamicPropertySource
	static void sharedName(DynamicPropertyRegistry registry) {
		registry.add("axon.channels.features.name", () -> CHANNEL);
	}

	@BeforeAll
	static void buildBinding() throws Exception {
		PythonTest.buildBinding();
	}

	@TestConfiguration(proxyBeanMethods = false)
	static class Observed {

		@Bean
		ObservationRegistry observations() {
			ObservationRegistry registry = ObservationRegistry.create();
			registry.observationConfig().observationHandler(new Tracer());
			return registry;
		}

	}

	/** Does to what is sent what a tracer does. */
	private static final class Tracer implements ObservationHandler<SenderContext<Object>> {

		@Override
		public void onStart(SenderContext<Object> context) {
			context.getSetter().set(context.getCarrier(), "traceparent", TRACEPARENT);
			context.getSetter().set(context.getCarrier(), "tracestate", "a=b: c");
		}

		@Override
		public boolean supportsContext(Observation.Context context) {
			return context instanceof SenderContext;
		}

	}

	@Test
	void pythonReadsTheTraceparent(@Autowired AxonOperations axon) throws Exception {
		axon.send("traced", "x");
		axon.message("untraced").metadata(new byte[0]).send();
		String program = snippet() + """
				import sys, axon
				with axon.open(sys.argv[1]) as channel:
				    for message in channel:
				        print(message.tag, trace_of(message))
				        if message.tag == "untraced":
				            break
				""";
		assertThat(PythonTest.run(Requirements.python().toString(), "-c", program, CHANNEL).lines())
			.containsExactly("traced " + TRACEPARENT, "untraced None");
	}

	private static String snippet() throws Exception {
		String page = Files.readString(Path.of("../../axon-spring-boot-starter/README.md"));
		Matcher snippet = Pattern.compile("```python\n(.*?)```", Pattern.DOTALL).matcher(page);
		assertThat(snippet.find()).isTrue();
		return snippet.group(1);
	}

}
