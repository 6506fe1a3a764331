package io.axonipc.spring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Positive;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.validation.autoconfigure.ValidationAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Headers;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.stereotype.Component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** Runs what the README shows of listeners. */
class ListeningReadmeTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	@Configuration(proxyBeanMethods = false)
	@Import({ SensorService.class, Maintenance.class })
	static class Application {

		private final BlockingQueue<byte[]> archived = new LinkedBlockingQueue<>();

		private final List<String> log = new CopyOnWriteArrayList<>();

		@Bean
		AxonListenerErrorHandler errorHandler() {
			return (message, failure) -> {
				if (failure instanceof NoSuchElementException) {
					return new double[] { Double.NaN };
				}
				throw failure;
			};
		}

		@Bean
		SimpleAsyncTaskExecutor archiveExecutor() {
			return new SimpleAsyncTaskExecutor("archive-");
		}

		@AxonListener(tag = "archive", channel = "features", executor = "archiveExecutor")
		void archive(byte[] document) {
			this.archived.add(document);
		}

		@AxonListener(tag = "import", channel = "features", id = "import")
		void doImport(byte[] document) {
			this.archived.add(document);
		}

		@EventListener
		void on(AxonPeerEvent.Up event) {
			this.log.add("peer of " + event.getChannel() + " is there");
		}

		@EventListener
		void on(AxonPeerEvent.Down event) {
			this.log.add("peer of " + event.getChannel() + " is gone");
		}

		@EventListener
		void on(AxonListenerFailedEvent event) {
			this.log.add(event.getChannel() + (event.isFatal() ? " has ended: " : " will be tried again: ")
					+ event.getFailure().getMessage());
		}

	}

	record Maintenance(AxonListenerEndpointRegistry listeners) {

		void begin() {
			this.listeners.getListener("import").pause();
		}

		void end() {
			this.listeners.getListener("import").resume();
		}

	}

	@Test
	void snippetsWork() {
		new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, ValidationAutoConfiguration.class))
			.withInitializer((context) -> context.getEnvironment().getPropertySources().addLast(retryYaml()))
			.withPropertyValues(this.names.property("features"))
			.withUserConfiguration(Application.class)
			.run((context) -> {
				assertThat(context).hasNotFailed();
				assertThat(context.getBean(AxonChannels.class).definition("features").listener().retry()).isNotNull();
				Application application = context.getBean(Application.class);
				try (AxonChannel peer = this.names.peer("features")) {
					OtherProcess other = new OtherProcess(peer);
					measure(other);
					order(other);
					assertThat(other.request("archive", "document")).isEmpty();
					assertThat(application.archived.poll(60, TimeUnit.SECONDS)).asString().isEqualTo("document");
					pause(context.getBean(Maintenance.class), peer, application.archived);
				}
				Awaitility.await()
					.untilAsserted(() -> assertThat(application.log).containsExactly("peer of features is there",
							"peer of features is gone"));
			});
	}

	private static void measure(OtherProcess other) {
		other.request("sensor.1", doubles(1, 2));
		assertThat(other.request("mean", "sensor.1".getBytes(StandardCharsets.UTF_8))).isEqualTo(doubles(1.5));
		assertThat(other.request("mean", "sensor.2".getBytes(StandardCharsets.UTF_8))).as("of the error handler")
			.isEqualTo(doubles(Double.NaN));
	}

	private static void order(OtherProcess other) {
		assertThat(other.request("order", "{\"item\":\"ion\",\"count\":1}")).isEqualTo("ion");
		assertThatExceptionOfType(AxonRemoteException.class)
			.isThrownBy(() -> other.request("order", "{\"item\":\"ion\",\"count\":0}"))
			.withMessageContaining("must be greater than 0");
	}

	private static void pause(Maintenance maintenance, AxonChannel peer, BlockingQueue<byte[]> archived)
			throws InterruptedException {
		maintenance.begin();
		peer.sender().send("import", "later".getBytes(StandardCharsets.UTF_8));
		maintenance.end();
		assertThat(archived.poll(60, TimeUnit.SECONDS)).asString().isEqualTo("later");
	}

	private static byte[] doubles(double... values) {
		ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
		bytes.asDoubleBuffer().put(values);
		return bytes.array();
	}

	private static PropertySource<?> retryYaml() {
		try {
			String yaml = ReadmeTest.snippets("yaml")
				.filter((text) -> text.contains("retry:"))
				.findFirst()
				.orElseThrow();
			return new YamlPropertySourceLoader()
				.load("README.md", new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)))
				.get(0);
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

}

@Component
class SensorService {

	final Map<String, double[]> latest = new ConcurrentHashMap<>();

	@AxonListener(tag = "sensor.*", channel = "features")
	void measured(@Header(AxonHeaders.TAG) String sensor, @Payload double[] values) {
		this.latest.put(sensor, values);
	}

	@AxonListener(tag = "mean", channel = "features")
	CompletableFuture<double[]> mean(String sensor) {
		double[] values = Optional.ofNullable(this.latest.get(sensor)).orElseThrow();
		return CompletableFuture.supplyAsync(() -> new double[] { Arrays.stream(values).average().orElse(0) });
	}

	@AxonListener(tag = "order", channel = "features")
	String order(@Payload @Valid Order order, @Headers Map<String, Object> headers) {
		return order.item() + (headers.get(AxonHeaders.REDELIVERED).equals(true) ? ", again" : "");
	}

}

record Order(@NotBlank String item, @Positive int count) {
}
