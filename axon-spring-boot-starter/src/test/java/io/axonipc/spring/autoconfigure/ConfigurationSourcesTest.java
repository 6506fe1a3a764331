package io.axonipc.spring.autoconfigure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

import io.axonipc.AxonChannel;
import io.axonipc.Role;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.ChannelNames;
import io.axonipc.testing.UniqueNames;
import jakarta.validation.Validator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.validation.autoconfigure.ValidationAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/** Where properties may come from, and what becomes of wrong ones. */
@ExtendWith(OutputCaptureExtension.class)
class ConfigurationSourcesTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, ValidationAutoConfiguration.class));

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(AxonAutoConfiguration.class)
	static class Application {

	}

	@Test
	void profileChoosesTheValue(@TempDir Path folder) throws IOException {
		Files.writeString(folder.resolve("application.yml"), """
				axon.channels.work:
				  name: %s
				  reply-timeout: 1s
				---
				spring.config.activate.on-profile: patient
				axon.channels.work.reply-timeout: 9s
				---
				spring.config.activate.on-profile: quiet
				axon.channels.work.enabled: false
				""".formatted(this.names.name("work")));
		assertThat(replyTimeout(folder, "other")).isEqualTo(Duration.ofSeconds(1));
		assertThat(replyTimeout(folder, "patient")).isEqualTo(Duration.ofSeconds(9));
		try (ConfigurableApplicationContext context = start(folder, "quiet")) {
			assertThat(context.getBean(AxonChannels.class).keys()).isEmpty();
		}
	}

	private static Duration replyTimeout(Path folder, String profile) {
		try (ConfigurableApplicationContext context = start(folder, profile)) {
			return context.getBean(AxonProperties.class).channels().get("work").replyTimeout();
		}
	}

	private static ConfigurableApplicationContext start(Path folder, String profile) {
		SpringApplication application = new SpringApplicationBuilder(Application.class).web(WebApplicationType.NONE)
			.profiles(profile)
			.build();
		return application.run("--spring.config.location=" + folder.toUri());
	}

	@Test
	void environmentVariablesAreRelaxed() {
		Map<String, Object> variables = Map.of("AXON_CHANNELS_WORK_NAME", this.names.name("work"),
				"AXON_CHANNELS_WORK_SENDTIMEOUT", "7s", "AXON_CHANNELS_WORK_WAIT_STRATEGY", "PARK");
		this.runner
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment", variables)))
			.run((context) -> {
				AxonProperties.Channel channel = context.getBean(AxonProperties.class).channels().get("work");
				assertThat(channel.sendTimeout()).isEqualTo(Duration.ofSeconds(7));
				assertThat(channel.waiting().strategy()).isEqualTo(AxonProperties.Wait.Strategy.PARK);
				assertThat(context.getBean(AxonChannel.class).name()).isEqualTo(this.names.name("work"));
			});
	}

	@Test
	void environmentVariableForAKeyWithDashesHasAnUnderscoreForEach() {
		Map<String, Object> variables = Map.of("AXON_CHANNELS_MY_WORK_SEND_TIMEOUT", "7s");
		this.runner.withPropertyValues("axon.channels.my-work.name=" + this.names.name("work"))
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addLast(new SystemEnvironmentPropertySource("test-systemEnvironment", variables)))
			.run((context) -> assertThat(context.getBean(AxonProperties.class).channels().get("my-work").sendTimeout())
				.isEqualTo(Duration.ofSeconds(7)));
	}

	/**
	 * It would be a second channel, and the one that was meant have none of its values.
	 */
	@Test
	void environmentVariableForAKeyWithDashesIsRefused() {
		Map<String, Object> variables = Map.of("AXON_CHANNELS_MYWORK_SENDTIMEOUT", "7s");
		this.runner.withPropertyValues("axon.channels.my-work.name=" + this.names.name("work"))
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addLast(new SystemEnvironmentPropertySource("test-systemEnvironment", variables)))
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("the keys 'my-work' and 'mywork' differ only in dashes"));
		this.runner
			.withPropertyValues("axon.channels.work.name=" + this.names.name("work"), "axon.channels[Work].role=client")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("the keys 'work' and 'Work' differ only in dashes or case"));
	}

	@Test
	void keyWithOtherCharactersStandsInBrackets() {
		this.runner
			.withPropertyValues("axon.channels[My.Key].name=" + this.names.name("work"),
					"axon.channels[My.Off].enabled=false")
			.run((context) -> {
				assertThat(context.getBean(AxonChannels.class).keys()).containsExactly("My.Key");
				assertThat(context.getBean(AxonChannel.class).role()).isEqualTo(Role.SERVER);
			});
	}

	@Test
	void wrongValueIsNamedWithAndWithoutAValidator() {
		ApplicationContextRunner wrong = this.runner.withPropertyValues("axon.channels.work.listener.poll-limit=0");
		wrong.run((context) -> assertThat(context).hasFailed()
			.getFailure()
			.rootCause()
			.hasMessage("axon.channels.work.listener.poll-limit: 0 is less than 1"));
		wrong.withClassLoader(new FilteredClassLoader(Validator.class))
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.hasMessage("axon.channels.work.listener.poll-limit: 0 is less than 1"));
		this.runner.withClassLoader(new FilteredClassLoader(Validator.class))
			.withPropertyValues(this.names.property("work"))
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@Configuration(proxyBeanMethods = false)
	static class TwoOfOneTag {

		@AxonListener("same")
		void one() {
		}

		@AxonListener("same")
		void two() {
		}

	}

	@Test
	void whatIsWrongIsExplainedWithoutAStackTrace(CapturedOutput output) {
		assertThatException()
			.isThrownBy(() -> new SpringApplicationBuilder(Application.class).web(WebApplicationType.NONE)
				.run("--axon.channels.work.listener.poll-limit=0"));
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("axon.channels.work.listener.poll-limit: 0 is less than 1");
		assertThatException().isThrownBy(
				() -> new SpringApplicationBuilder(Application.class, TwoOfOneTag.class).web(WebApplicationType.NONE)
					.run("--" + this.names.property("work")));
		assertThat(output).contains("of bean 'configurationSourcesTest.TwoOfOneTag' handles tag 'same'")
			.contains("Action:\n\nRemove one of the two, or give it another tag or channel.");
	}

	@Nested
	@SpringBootTest(classes = Application.class)
	@DirtiesContext
	class OfATest {

		private static final String NAME = new UniqueNames().next();

		@DynamicPropertySource
		static void properties(DynamicPropertyRegistry registry) {
			registry.add("axon.channels.work.name", () -> NAME);
		}

		@Test
		void dynamicPropertiesMakeChannels(@Autowired AxonChannel channel) {
			assertThat(channel.name()).isEqualTo(NAME);
			assertThat(channel.isOpen()).isTrue();
		}

	}

}
