package io.axonipc.spring.autoconfigure;

import java.time.Duration;
import java.util.Map;
import java.util.stream.LongStream;

import io.axonipc.ChannelOptions;
import io.axonipc.Role;
import io.axonipc.WaitStrategy;
import io.axonipc.spring.ChannelDefinition;
import io.axonipc.spring.ListenerOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.util.backoff.BackOffExecution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class AxonPropertiesTest {

	@Test
	void withoutPropertiesThereIsNoChannel() {
		AxonProperties properties = bind(Map.of());
		assertThat(properties.channels()).isEmpty();
		assertThat(properties.template().defaultChannel()).isNull();
	}

	@Test
	void defaultsAreTheCoresExceptForTheRole() {
		ChannelDefinition definition = bind(Map.of("axon.channels.features.role", "server")).definitions().get(0);
		assertThat(definition)
			.isEqualTo(new ChannelDefinition("features", "features", ChannelOptions.defaults().role(Role.SERVER)));
		assertThat(bind(Map.of("axon.channels.features.name", "x")).channels().get("features").role())
			.isEqualTo(Role.SERVER);
	}

	@Test
	void everyPropertyIsBound() {
		AxonProperties properties = bind(Map.ofEntries(Map.entry("axon.channels.my-channel.name", "shared.name"),
				Map.entry("axon.channels.my-channel.role", "CLIENT"),
				Map.entry("axon.channels.my-channel.capacity", "64KB"),
				Map.entry("axon.channels.my-channel.max-message-size", "1MB"),
				Map.entry("axon.channels.my-channel.largeMessageMemory", "2MB"),
				Map.entry("axon.channels.my-channel.open-timeout", "1s"),
				Map.entry("axon.channels.my-channel.send_timeout", "2s"),
				Map.entry("axon.channels.my-channel.reply-timeout", "3s"),
				Map.entry("axon.channels.my-channel.wait.strategy", "spin-then-park"),
				Map.entry("axon.channels.my-channel.wait.spin", "50us"),
				Map.entry("axon.channels.my-channel.permissions", "group"),
				Map.entry("axon.channels.my-channel.enabled", "false"),
				Map.entry("axon.channels.my-channel.auto-startup", "false"),
				Map.entry("axon.channels.my-channel.on-open", "discard"),
				Map.entry("axon.channels.my-channel.listener.poll-limit", "16"),
				Map.entry("axon.channels.my-channel.listener.redelivery-limit", "31"),
				Map.entry("axon.channels.my-channel.listener.executor", "virtual"),
				Map.entry("axon.channels.my-channel.listener.unhandled-tags", "ignore"),
				Map.entry("axon.template.default-channel", "my-channel")));
		ChannelOptions options = ChannelOptions.defaults()
			.role(Role.CLIENT)
			.capacity(64 * 1024)
			.maxMessageSize(1 << 20)
			.largeMessageMemory(2 << 20)
			.openTimeout(Duration.ofSeconds(1))
			.sendTimeout(Duration.ofSeconds(2))
			.requestTimeout(Duration.ofSeconds(3))
			.waitStrategy(WaitStrategy.spinThenPark(Duration.ofNanos(50_000)))
			.groupAccess(true);
		assertThat(properties.definitions()).containsExactly(new ChannelDefinition("my-channel", "shared.name", options,
				new ChannelDefinition.Opening(false, false, true),
				new ListenerOptions(16, 31, ListenerOptions.VIRTUAL, null, false)));
		assertThat(properties.template().defaultChannel()).isEqualTo("my-channel");
	}

	@Test
	void retryIsOffUnlessItsNumberIsSaid() {
		assertThat(retry(Map.of("axon.channels.a.listener.retry.initial-interval", "5ms"))).isNull();
		RetryPolicy policy = retry(Map.of("axon.channels.a.listener.retry.max-retries", "4",
				"axon.channels.a.listener.retry.initial-interval", "5ms", "axon.channels.a.listener.retry.multiplier",
				"2", "axon.channels.a.listener.retry.max-interval", "15ms"));
		BackOffExecution intervals = policy.getBackOff().start();
		assertThat(LongStream.generate(intervals::nextBackOff).limit(5)).containsExactly(5L, 10L, 15L, 15L,
				BackOffExecution.STOP);
	}

	private RetryPolicy retry(Map<String, String> properties) {
		return bind(properties).definitions().get(0).listener().retry();
	}

	@Test
	void waitStrategies() {
		assertThat(strategy("park")).isEqualTo(WaitStrategy.park());
		assertThat(strategy("spin")).isEqualTo(WaitStrategy.spin());
		assertThat(strategy("spin-then-park")).isEqualTo(WaitStrategy.defaultStrategy());
	}

	private WaitStrategy strategy(String value) {
		return bind(Map.of("axon.channels.a.wait.strategy", value)).definitions().get(0).options().waitStrategy();
	}

	@ParameterizedTest
	@CsvSource({ "capacity,1KB,1024 bytes is out of range", "capacity,1GB,out of range",
			"name,a b,'''a b'' is not a channel name'", "max-message-size,0B,out of range",
			"large-message-memory,2TB,out of range", "open-timeout,-1s,negative", "send-timeout,-1s,negative",
			"reply-timeout,-1s,negative", "wait.spin,-1s,spin time", "listener.poll-limit,0,0 is less than 1",
			"listener.redelivery-limit,32,'32 is out of range: 1 to 31, or 0'",
			"listener.redelivery-limit,-1,-1 is out of range", "listener.executor,'',is empty",
			"listener.retry.max-retries,-1,-1 is negative", "listener.retry.initial-interval,0s,PT0S is less than 1ms",
			"listener.retry.multiplier,0.5,0.5 is less than 1",
			"listener.retry.max-interval,1ms,'PT0.001S is less than initial-interval, PT1S'" })
	void wrongValueIsRefusedWithItsKey(String property, String value, String text) {
		assertThatExceptionOfType(BindException.class)
			.isThrownBy(() -> bind(Map.of("axon.channels.features." + property, value)))
			.havingRootCause()
			.withMessageContaining("axon.channels.features." + property + ": ")
			.withMessageContaining(text);
	}

	@ParameterizedTest
	@CsvSource({ "role,boss", "permissions,all", "on-open,wipe", "listener.unhandled-tags,drop", "capacity,much" })
	void unknownNameIsRefusedWithItsKey(String property, String value) {
		String key = "axon.channels.features." + property;
		assertThatExceptionOfType(BindException.class).isThrownBy(() -> bind(Map.of(key, value)))
			.withStackTraceContaining(key);
	}

	@Test
	void defaultChannelMustExist() {
		assertThatExceptionOfType(BindException.class)
			.isThrownBy(() -> bind(Map.of("axon.template.default-channel", "x", "axon.channels.a.role", "client")))
			.havingRootCause()
			.withMessageContaining("axon.template.default-channel")
			.withMessageContaining("[a]");
	}

	private static AxonProperties bind(Map<String, String> properties) {
		return new Binder(new MapConfigurationPropertySource(properties)).bindOrCreate("axon", AxonProperties.class);
	}

}
