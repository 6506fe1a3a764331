package io.axonipc.spring.autoconfigure;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.axonipc.AxonChannel;
import io.axonipc.MessageView;
import io.axonipc.Role;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.AxonOperations;
import io.axonipc.spring.AxonTemplate;
import io.axonipc.spring.ChannelNames;
import io.axonipc.spring.DirectMessageConverter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.converter.AbstractMessageConverter;
import org.springframework.messaging.converter.MessageConversionException;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.converter.StringMessageConverter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.mockito.Mockito.mock;

class AxonAutoConfigurationTest {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner withoutChannels = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class));

	private final ApplicationContextRunner runner = this.withoutChannels
		.withPropertyValues(this.names.property("features"));

	record CamelCase(int twoWords) {
	}

	@Test
	void withoutChannelsNothingIsOpened() {
		this.withoutChannels.run((context) -> {
			assertThat(context).hasSingleBean(AxonTemplate.class).doesNotHaveBean(AxonChannel.class);
			assertThatIllegalStateException().isThrownBy(() -> context.getBean(AxonTemplate.class).send("t", null))
				.withMessageContaining("axon.channels.<key>");
		});
	}

	@Test
	void oneChannelNeedsNoQualifier() {
		this.runner.run((context) -> {
			AxonChannel channel = context.getBean(AxonChannel.class);
			assertThat(channel.name()).isEqualTo(this.names.name("features"));
			assertThat(channel.role()).isEqualTo(Role.SERVER);
			assertThat(channel).isSameAs(context.getBean(AxonChannels.class).channel("features"));
		});
	}

	@Test
	void severalChannelsAreInjectedByKey() {
		this.runner.withPropertyValues(this.names.property("other"), "axon.channels.other.capacity=8KB")
			.withUserConfiguration(TwoChannels.class)
			.run((context) -> {
				TwoChannels channels = context.getBean(TwoChannels.class);
				assertThat(channels.features.name()).isEqualTo(this.names.name("features"));
				assertThat(channels.other.name()).isEqualTo(this.names.name("other"));
				assertThat(channels.other.capacity()).isEqualTo(8192);
			});
	}

	@Configuration(proxyBeanMethods = false)
	static class TwoChannels {

		@Autowired
		@Qualifier("features")
		AxonChannel features;

		@Autowired
		@Qualifier("other")
		AxonChannel other;

		/** Named like a channel: both must be there. */
		@Bean
		String features() {
			return "a user's bean";
		}

	}

	@Test
	void placeholdersAndRelaxedNamesAreResolved() {
		this.withoutChannels
			.withPropertyValues("axon.channels.features.name=${shared}", "shared=" + this.names.name("placeholder"))
			.withSystemProperties("axon.channels.features.maxMessageSize=1KB")
			.run((context) -> {
				assertThat(context.getBean(AxonChannel.class).name()).isEqualTo(this.names.name("placeholder"));
				assertThat(context.getBean(AxonProperties.class).channels().get("features").maxMessageSize())
					.hasToString("1024B");
			});
	}

	@Test
	void channelMayHaveNothingButDefaults() throws IOException {
		String yaml = "axon:\n  channels:\n    " + this.names.name("bare") + ":\n";
		PropertySource<?> source = new YamlPropertySourceLoader()
			.load("yaml", new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)))
			.get(0);
		this.withoutChannels.withInitializer((context) -> context.getEnvironment().getPropertySources().addLast(source))
			.run((context) -> assertThat(context.getBean(AxonChannel.class).name()).isEqualTo(this.names.name("bare")));
	}

	@Test
	void wrongValueFailsTheStartWithItsKey() {
		this.runner.withPropertyValues("axon.channels.features.capacity=1KB")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("axon.channels.features.capacity: capacity = 1024 bytes"));
	}

	static class Listener {

		@AxonListener("t")
		void listen() {
		}

	}

	@Test
	void listenersListenWhenAllBeansAreLazy() {
		this.runner.withBean(Listener.class)
			.withBean(LazyInitializationBeanFactoryPostProcessor.class)
			.run((context) -> {
				try (AxonChannel peer = this.names.peer("features")) {
					assertThat(peer.request("t", ByteBuffer.allocate(0), PATIENCE, MessageView::length)).isZero();
				}
			});
	}

	@Test
	void usersTemplateReplacesOurs() {
		AxonOperations mine = mock(AxonOperations.class);
		this.withoutChannels.withBean(AxonOperations.class, () -> mine)
			.run((context) -> assertThat(context).hasSingleBean(AxonOperations.class)
				.doesNotHaveBean(AxonTemplate.class));
	}

	@Test
	void usersConverterReplacesOursByName() {
		this.runner.withBean("axonMessageConverter", MessageConverter.class, Upper::new).run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				context.getBean(AxonTemplate.class).send("t", List.of("a", "b"));
				assertThat(peer.receiver()
					.poll((message) -> assertThat(message.toByteArray()).asString().isEqualTo("[A, B]"), 1))
					.isEqualTo(1);
			}
		});
	}

	@Test
	void otherConvertersAreLeftAlone() {
		this.runner.withBean(StringMessageConverter.class).run((context) -> {
			assertThat(context.getBean(MessageConverter.class)).isInstanceOf(StringMessageConverter.class);
			assertThat(context).hasBean("axonMessageConverter");
		});
	}

	static class Upper extends AbstractMessageConverter {

		@Override
		protected boolean supports(Class<?> type) {
			return true;
		}

		@Override
		protected Object convertToInternal(Object payload, MessageHeaders headers, Object hint) {
			return payload.toString().toUpperCase(Locale.ROOT);
		}

	}

	@Test
	void jsonMapperOfTheApplicationIsUsed() {
		this.runner.withConfiguration(AutoConfigurations.of(JacksonAutoConfiguration.class))
			.withPropertyValues("spring.jackson.property-naming-strategy=SNAKE_CASE")
			.run((context) -> assertJson(context.getBean(AxonTemplate.class), "{\"two_words\":1}"));
		JsonMapper mapper = JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE).build();
		this.runner.withBean(JsonMapper.class, () -> mapper)
			.run((context) -> assertJson(context.getBean(AxonTemplate.class), "{\"two-words\":1}"));
		this.runner.run((context) -> assertJson(context.getBean(AxonTemplate.class), "{\"twoWords\":1}"));
	}

	private void assertJson(AxonTemplate template, String json) {
		try (AxonChannel peer = this.names.peer("features")) {
			template.send("t", new CamelCase(1));
			peer.receiver().poll((message) -> assertThat(message.toByteArray()).asString().isEqualTo(json), 1);
		}
	}

	@Test
	void jsonTakesAndMakesMessagesToo() {
		this.runner.run((context) -> {
			MessageConverter converter = context.getBean("axonMessageConverter", MessageConverter.class);
			Message<?> message = converter.toMessage(new CamelCase(1), null);
			assertThat(message.getPayload()).isEqualTo(((DirectMessageConverter) converter).write(new CamelCase(1)));
			assertThat(converter.fromMessage(message, CamelCase.class)).isEqualTo(new CamelCase(1));
		});
	}

	@Test
	void repliesAreReadFromJson() {
		this.runner.withPropertyValues("axon.channels.features.reply-timeout=10s").run((context) -> {
			AxonTemplate template = context.getBean(AxonTemplate.class);
			assertThat(reply(template, "{\"twoWords\":2}")).isEqualTo(new CamelCase(2));
			assertThat(reply(template, "null")).isNull();
			assertThat(reply(template, "")).isNull();
			assertThatExceptionOfType(MessageConversionException.class).isThrownBy(() -> reply(template, "{"))
				.withMessageContaining("tag 't' on channel 'features' as " + CamelCase.class.getName())
				.withMessageContaining("Could not read JSON");
			assertThatExceptionOfType(MessageConversionException.class)
				.isThrownBy(() -> template.send("t", List.of(new Unwritable())))
				.withMessageContaining("Cannot write java.util.ImmutableCollections")
				.withMessageContaining("as a payload of tag 't' on channel 'features'")
				.withMessageContaining("Could not write JSON: on purpose");
		});
	}

	static class Unwritable {

		public int getNumber() {
			throw new IllegalStateException("on purpose");
		}

	}

	private CamelCase reply(AxonTemplate template, String json) {
		ByteBuffer bytes = ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8));
		try (AxonChannel peer = this.names.peer("features")) {
			CompletableFuture<Integer> answered = CompletableFuture
				.supplyAsync(() -> peer.receiver().poll((request) -> peer.sender().reply(request, bytes), 1, PATIENCE));
			try {
				return template.sendAndReceive("t", new CamelCase(1), CamelCase.class);
			}
			finally {
				assertThat(answered.join()).isEqualTo(1);
			}
		}
	}

	@Test
	void worksWithoutJackson() {
		this.runner.withClassLoader(new FilteredClassLoader(JsonMapper.class)).run((context) -> {
			AxonTemplate template = context.getBean(AxonTemplate.class);
			try (AxonChannel peer = this.names.peer("features")) {
				template.send("t", "text");
				assertThat(peer.receiver().poll((message) -> {
				}, 1)).isEqualTo(1);
			}
			assertThatExceptionOfType(MessageConversionException.class)
				.isThrownBy(() -> template.send("t", Map.of("a", 1)))
				.withMessageContaining("channel 'features'");
		});
	}

	@Test
	void invalidListenerIsExplained() {
		this.withoutChannels.withBean(Listener.class).run((context) -> {
			FailureAnalysis analysis = new InvalidListenerFailureAnalyzer().analyze(context.getStartupFailure());
			assertThat(analysis.getDescription()).contains("has no channel to listen to").contains("Listener.listen()");
			assertThat(analysis.getAction()).isEqualTo("Define a channel as axon.channels.<key>.");
		});
	}

}
