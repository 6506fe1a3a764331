package io.axonipc.spring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelOptions;
import io.axonipc.MessageView;
import io.axonipc.Role;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.stereotype.Component;

import static org.assertj.core.api.Assertions.assertThat;

/** Runs what the README shows. */
class ReadmeTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	@Configuration(proxyBeanMethods = false)
	@Import(FeatureService.class)
	static class Application {

		@Bean
		ApplicationRunner ready(@Qualifier("results") AxonChannel results) {
			return (arguments) -> results.sender().send("ready", new byte[0]);
		}

		@Bean
		AxonMessageRecoverer poisonKeeper(@Value("${my.poison-folder}") Path folder) {
			return (message, channel) -> Files.write(Files.createTempFile(folder, channel, ".bin"),
					message.toByteArray());
		}

	}

	record Client(AxonOperations axon) {

		double norm(double... vector) {
			return this.axon.sendAndReceive("features", "norm", vector, double[].class)[0];
		}

		Volume volume(Crystal crystal) {
			return this.axon.sendAndReceive("crystal", crystal, Volume.class, Duration.ofSeconds(1));
		}

		void log(String line) {
			this.axon.send("log", line);
		}

	}

	@Test
	void snippetsWork() {
		ChannelOptions server = ChannelOptions.defaults().role(Role.SERVER);
		try (AxonChannel results = AxonChannel.open(this.names.name("results"), server)) {
			new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
				.withInitializer((context) -> context.getEnvironment().getPropertySources().addLast(yaml()))
				.withPropertyValues(this.names.property("features"), this.names.property("results"), "my.other-tag=box",
						"my.poison-folder=" + System.getProperty("java.io.tmpdir"))
				.withUserConfiguration(Application.class)
				.run((context) -> {
					context.getBean(ApplicationRunner.class).run(null);
					assertThat(results.receiver().poll((message) -> assertThat(message.tag()).isEqualTo("ready"), 1))
						.isEqualTo(1);
					callFromAnotherApplication();
					Awaitility.await()
						.untilAsserted(() -> assertThat(context.getBean(FeatureService.class).last).isEqualTo(0.5));
					assertThat(context.getBean(AxonListenerEndpointRegistry.class).unhandled("features")).isEqualTo(1);
				});
		}
	}

	private void callFromAnotherApplication() {
		new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
			.withPropertyValues(this.names.property("features"), "axon.channels.features.role=client")
			.run((context) -> {
				Client client = new Client(context.getBean(AxonOperations.class));
				assertThat(client.norm(3, 4)).isEqualTo(5);
				assertThat(client.volume(new Crystal(1, 2, 3))).isEqualTo(new Volume("crystal", 6));
				client.log("line");
				client.axon().send("raw", new double[] { 0.5 });
			});
	}

	private static PropertySource<?> yaml() {
		try {
			String yaml = snippets("yaml").findFirst().orElseThrow();
			return new YamlPropertySourceLoader()
				.load("README.md", new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)))
				.get(0);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	static Stream<String> javaSnippets() throws IOException {
		return snippets("java");
	}

	static Stream<String> snippets(String language) throws IOException {
		Pattern fence = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL);
		return fence.matcher(Files.readString(Path.of("README.md"))).results().map((match) -> match.group(1));
	}

	@ParameterizedTest
	@MethodSource("javaSnippets")
	void snippetIsPartOfATest(String snippet) throws IOException {
		StringBuilder sources = new StringBuilder();
		try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("src/test/java/io/axonipc/spring"),
				"*ReadmeTest.java")) {
			for (Path file : files) {
				sources.append(Files.readString(file));
			}
		}
		assertThat(sources.toString().replaceAll("\\s+", " ")).contains(snippet.strip().replaceAll("\\s+", " "));
	}

}

record Crystal(double a, double b, double c) {
}

record Volume(String tag, double value) {
}

@Component
class FeatureService {

	volatile double last;

	@AxonListener(tag = "norm", channel = "features")
	double[] norm(double[] vector) {
		double sum = Arrays.stream(vector).map((x) -> x * x).sum();
		return new double[] { Math.sqrt(sum) };
	}

	@AxonListener(tag = { "crystal", "${my.other-tag}" }, channel = "features")
	Volume volume(@Payload Crystal crystal, @Header(AxonHeaders.TAG) String tag) {
		return new Volume(tag, crystal.a() * crystal.b() * crystal.c());
	}

	@AxonListener(tag = "raw", channel = "features")
	void raw(MessageView message) {
		this.last = message.getDouble(0);
	}

}
