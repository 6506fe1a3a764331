package io.axonipc.spring.autoconfigure;

import java.time.Duration;
import java.util.Map;

import io.axonipc.ChannelOptions;
import io.axonipc.Role;
import io.axonipc.WaitStrategy;
import io.axonipc.spring.ChannelDefinition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

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
			.isEqualTo(new ChannelDefinition("features", "features", ChannelOptions.defaults().role(Role.SERVER), 3));
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
				Map.entry("axon.channels.my-channel.listener.redelivery-limit", "31"),
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
		assertThat(properties.definitions())
			.containsExactly(new ChannelDefinition("my-channel", "shared.name", options, 31));
		assertThat(properties.template().defaultChannel()).isEqualTo("my-channel");
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
	@CsvSource({ "capacity,1KB,capacity = 1024 bytes is out of range", "capacity,1GB,capacity",
			"send-timeout,-1s,sendTimeout", "name,a b,'''a b'' is not a channel name'",
			"max-message-size,0B,maxMessageSize", "wait.spin,-1s,spin time",
			"listener.redelivery-limit,32,'.listener.redelivery-limit: 32 is out of range: 1 to 31, or 0'",
			"listener.redelivery-limit,-1,.listener.redelivery-limit: -1 is out of range" })
	void wrongValueIsRefusedWithItsKey(String property, String value, String text) {
		assertThatExceptionOfType(BindException.class)
			.isThrownBy(() -> bind(Map.of("axon.channels.features." + property, value)))
			.havingRootCause()
			.withMessageContaining("axon.channels.features")
			.withMessageContaining(text);
	}

	@ParameterizedTest
	@CsvSource({ "role,boss", "permissions,all" })
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
