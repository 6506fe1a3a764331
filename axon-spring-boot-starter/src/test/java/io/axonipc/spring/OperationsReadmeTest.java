package io.axonipc.spring;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.MessageView;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.axonipc.spring.autoconfigure.health.AxonHealthContributorAutoConfiguration;
import io.axonipc.spring.test.AxonTestPeer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs what the README shows of sending, testing and operations. {@link ReadmeTest}
 * compares.
 */
class OperationsReadmeTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("features"), "axon.channels.features.reply-timeout=60s");

	record Crystal(double a, double b, double c) {
	}

	record Volume(String tag, double value) {
	}

	record Measurements(AxonOperations axon) {

		List<Crystal> similar(Crystal crystal) {
			return this.axon.message("similar")
				.channel("features")
				.payload(crystal)
				.timeout(Duration.ofSeconds(2))
				.sendAndReceive(new ParameterizedTypeReference<>() {
				});
		}

		CompletableFuture<Volume> volumeLater(Crystal crystal) {
			return this.axon.sendAndReceiveAsync("crystal", crystal, Volume.class);
		}

		void write(int count) {
			this.axon.message("raw").send(Double.BYTES * count, (buffer) -> {
				for (int i = 0; i < count; i++) {
					buffer.putDouble(0.5 * i);
				}
			});
		}

		double readInPlace(double... vector) {
			return this.axon.message("norm").payload(vector).sendAndReceive((MessageView reply) -> reply.getDouble(0));
		}

	}

	@AxonExchange(channel = "features", timeout = "10s")
	interface Features {

		@AxonExchange("norm")
		double[] norm(double[] vector);

		@AxonExchange("crystal")
		CompletableFuture<Volume> volume(Crystal crystal);

		@AxonExchange
		void log(String line);

	}

	@Configuration(proxyBeanMethods = false)
	static class Clients {

		@Bean
		Features features(AxonClientFactory clients) {
			return clients.create(Features.class);
		}

	}

	record Server(BlockingQueue<String> seen) {

		@AxonListener("similar")
		List<Crystal> similar(Crystal crystal) {
			return List.of(crystal, crystal);
		}

		@AxonListener("crystal")
		Volume volume(Crystal crystal) {
			return new Volume("crystal", crystal.a() * crystal.b() * crystal.c());
		}

		@AxonListener("norm")
		double[] norm(double[] vector) {
			return new double[] { Math.hypot(vector[0], vector[1]) };
		}

		@AxonListener("raw")
		void raw(double[] values) {
			this.seen.add("raw " + values[values.length - 1]);
		}

		@AxonListener("log")
		void log(String line) {
			this.seen.add(line);
		}

	}

	@Test
	void sendingAndTheInterfaceWork() {
		BlockingQueue<String> seen = new LinkedBlockingQueue<>();
		this.runner.withBean(Server.class, () -> new Server(seen))
			.run((server) -> this.runner.withUserConfiguration(Clients.class)
				.withPropertyValues("axon.channels.features.role=client")
				.run((client) -> {
					Crystal crystal = new Crystal(1, 2, 3);
					Measurements measurements = new Measurements(client.getBean(AxonOperations.class));
					assertThat(measurements.volumeLater(crystal)).succeedsWithin(OtherProcess.PATIENCE)
						.isEqualTo(new Volume("crystal", 6));
					assertThat(measurements.similar(crystal)).containsExactly(crystal, crystal);
					assertThat(measurements.readInPlace(3, 4)).isEqualTo(5);
					measurements.write(3);
					assertThat(seen.poll(60, TimeUnit.SECONDS)).isEqualTo("raw 1.0");
					Features features = client.getBean(Features.class);
					assertThat(features.norm(new double[] { 3, 4 })).containsExactly(5);
					assertThat(features.volume(crystal)).succeedsWithin(OtherProcess.PATIENCE)
						.isEqualTo(new Volume("crystal", 6));
					features.log("line");
					assertThat(seen.poll(60, TimeUnit.SECONDS)).isEqualTo("line");
				}));
	}

	@Test
	void readinessIsConfiguredAsShown() throws IOException {
		String snippet = ReadmeTest.snippets("yaml")
			.filter((yaml) -> yaml.contains("axon-peer"))
			.findFirst()
			.orElseThrow();
		PropertySource<?> yaml = new YamlPropertySourceLoader()
			.load("README.md", new ByteArrayResource(snippet.getBytes(StandardCharsets.UTF_8)))
			.get(0);
		this.runner.withConfiguration(AutoConfigurations.of(AxonHealthContributorAutoConfiguration.class))
			.withInitializer((context) -> context.getEnvironment().getPropertySources().addLast(yaml))
			.run((context) -> {
				assertThat(context).hasBean("axonPeerHealthIndicator");
				assertThat(context.getEnvironment().getProperty("management.endpoint.health.group.readiness.include"))
					.endsWith("axonPeer");
			});
	}

}

@SpringBootConfiguration
@EnableAutoConfiguration
@Import(NormService.class)
class NormApplication {

}

record NormService(AxonOperations axon) {

	@AxonListener("norm")
	double norm(double[] vector) {
		double norm = Math.hypot(vector[0], vector[1]);
		this.axon.send("computed", norm + " " + this.axon.sendAndReceive("unit", null, String.class));
		return norm;
	}

}

@SpringBootTest(properties = "axon.channels.norms.name=${random.uuid}")
class NormServiceTest {

	@Test
	void computesTheNormAndSaysSo(@Autowired ApplicationContext application) {
		try (AxonTestPeer peer = AxonTestPeer.of(application, "norms")) {
			peer.reply("unit", "metre");
			double norm = peer.request("norm", new double[] { 3, 4 }, double.class);
			assertThat(norm).isEqualTo(5);
			assertThat(peer.expect("computed").payload(String.class)).isEqualTo("5.0 metre");
		}
	}

}
