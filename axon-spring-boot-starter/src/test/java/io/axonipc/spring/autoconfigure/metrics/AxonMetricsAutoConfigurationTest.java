package io.axonipc.spring.autoconfigure.metrics;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import com.sun.management.ThreadMXBean;
import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.MessageView;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.AxonTemplate;
import io.axonipc.spring.ChannelNames;
import io.axonipc.spring.ListenerTimers;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.simple.SimpleMetricsExportAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class AxonMetricsAutoConfigurationTest {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, AxonMetricsAutoConfiguration.class,
				MetricsAutoConfiguration.class))
		.withBean(MeterRegistry.class, SimpleMeterRegistry::new)
		.withPropertyValues(this.names.property("features"));

	static class Listener {

		@AxonListener("echo")
		byte[] echo(byte[] payload) {
			return payload;
		}

		@AxonListener("fail")
		void fail() {
			throw new IllegalStateException("on purpose");
		}

		@AxonListener("unwritable")
		Object unwritable() {
			return new Unwritable();
		}

	}

	static class Unwritable {

		public int getNumber() {
			throw new IllegalStateException("on purpose");
		}

	}

	@Test
	void countsWhatTheChannelDoes() {
		this.runner.withBean(Listener.class).run((context) -> {
			MeterRegistry meters = context.getBean(MeterRegistry.class);
			assertThat(meters.get("axon.peer.alive").tag("channel", "features").gauge().value()).isZero();
			try (AxonChannel peer = this.names.peer("features")) {
				peer.request("echo", ByteBuffer.allocate(3), PATIENCE, MessageView::toByteArray);
				assertThatExceptionOfType(AxonRemoteException.class)
					.isThrownBy(() -> peer.request("fail", ByteBuffer.allocate(0), PATIENCE, MessageView::toByteArray));
				assertThatExceptionOfType(AxonRemoteException.class)
					.isThrownBy(() -> peer.request("?", ByteBuffer.allocate(0), PATIENCE, MessageView::toByteArray));
				context.getBean(AxonTemplate.class).send("unread", new byte[100]);
				assertThat(meters.get("axon.peer.alive").gauge().value()).isEqualTo(1);
				assertThat(meters.get("axon.ring.used").gauge().value()).isGreaterThanOrEqualTo(100);
				assertThat(count(meters, "axon.messages.sent")).isEqualTo(4);
				assertThat(count(meters, "axon.bytes.sent")).isGreaterThan(103);
				assertThat(count(meters, "axon.messages.unhandled")).isEqualTo(1);
				assertThat(count(meters, "axon.send.blocked")).isZero();
				assertThat(count(meters, "axon.redelivered")).isZero();
				assertThat(count(meters, "axon.wakeups")).isNotNegative();
				peer.receiver().poll((message) -> {
				}, 1);
				context.stop();
				assertThat(count(meters, "axon.messages.received")).isEqualTo(3);
				assertThat(count(meters, "axon.bytes.received")).isEqualTo(3);
				assertThat(meters.get("axon.peer.alive").gauge().value()).isZero();
			}
		});
	}

	@Test
	void requestsArePendingUntilTheirReplies() {
		this.runner.run((context) -> {
			MeterRegistry meters = context.getBean(MeterRegistry.class);
			try (AxonChannel peer = this.names.peer("features")) {
				CompletableFuture<String> reply = context.getBean(AxonTemplate.class)
					.sendAndReceiveAsync("t", null, String.class);
				peer.receiver().poll((request) -> {
					assertThat(meters.get("axon.requests.pending").tag("channel", "features").gauge().value())
						.isEqualTo(1);
					peer.sender().reply(request, request.payload());
				}, 1, PATIENCE);
				assertThat(reply).succeedsWithin(PATIENCE);
			}
			assertThat(meters.get("axon.requests.pending").gauge().value()).isZero();
		});
	}

	@Test
	void listenersAreTimed() {
		this.runner.withBean("listener", Listener.class).run((context) -> {
			MeterRegistry meters = context.getBean(MeterRegistry.class);
			Timer echo = timer(meters, "listener.echo(byte[])", "success", "none");
			assertThat(echo.count()).isZero();
			try (AxonChannel peer = this.names.peer("features")) {
				peer.request("echo", ByteBuffer.allocate(3), PATIENCE, MessageView::toByteArray);
				peer.sender().send("echo", new byte[3]);
				for (int i = 0; i < 2; i++) {
					assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(
							() -> peer.request("fail", ByteBuffer.allocate(0), PATIENCE, MessageView::toByteArray));
				}
				assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(
						() -> peer.request("unwritable", ByteBuffer.allocate(0), PATIENCE, MessageView::toByteArray));
				context.stop();
			}
			assertThat(echo.count()).isEqualTo(2);
			assertThat(echo.totalTime(TimeUnit.NANOSECONDS)).isPositive();
			assertThat(timer(meters, "listener.fail()", "error", "IllegalStateException").count()).isEqualTo(2);
			assertThat(timer(meters, "listener.fail()", "success", "none").count()).isZero();
			assertThat(timer(meters, "listener.unwritable()", "error", "MessageConversionException").count())
				.as("a result that is no reply")
				.isEqualTo(1);
			assertThat(meters.get("axon.listener").timers()).hasSize(5);
		});
	}

	private static Timer timer(MeterRegistry meters, String listener, String result, String exception) {
		Timer timer = meters.get("axon.listener")
			.tags("channel", "features", "listener", listener, "result", result, "exception", exception)
			.timer();
		assertThat(timer.getId().getTags()).hasSize(4);
		return timer;
	}

	@Test
	void timingAllocatesNothing() {
		ListenerTimers.ListenerTimer timer = new AxonListenerTimers(new SimpleMeterRegistry()).timer("c", "listener");
		ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
		int times = 100_000;
		long allocated = 0;
		// The first rounds initialise classes.
		for (int round = 0; round < 3; round++) {
			long before = threads.getCurrentThreadAllocatedBytes();
			for (int i = 0; i < times; i++) {
				timer.record(i, null);
			}
			allocated = threads.getCurrentThreadAllocatedBytes() - before;
		}
		assertThat(allocated).isLessThan(times);
	}

	@Test
	void timersOfTheApplicationAreUsedInstead() {
		this.runner.withBean(ListenerTimers.class, () -> (channel, listener) -> (nanos, failure) -> {
		}).withBean(Listener.class).run((context) -> {
			assertThat(context).hasSingleBean(ListenerTimers.class);
			assertThat(context.getBean(MeterRegistry.class).find("axon.listener").timers()).isEmpty();
		});
	}

	@Test
	void nothingIsTimedWithoutARegistry() {
		new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, AxonMetricsAutoConfiguration.class))
			.withPropertyValues(this.names.property("features"))
			.withBean(Listener.class)
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(ListenerTimers.class));
	}

	@Test
	void registryOfTheAutoConfigurationIsFound() {
		new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, AxonMetricsAutoConfiguration.class,
					MetricsAutoConfiguration.class, CompositeMeterRegistryAutoConfiguration.class,
					SimpleMetricsExportAutoConfiguration.class))
			.withPropertyValues(this.names.property("features"))
			.withBean(Listener.class)
			.run((context) -> assertThat(context.getBean(MeterRegistry.class).get("axon.listener").timers())
				.hasSize(3));
	}

	@Test
	void countsGoOnAfterARestart() {
		this.runner.run((context) -> {
			AxonTemplate template = context.getBean(AxonTemplate.class);
			MeterRegistry meters = context.getBean(MeterRegistry.class);
			try (AxonChannel peer = this.names.peer("features")) {
				template.send("t", null);
				context.stop();
				context.start();
				template.send("t", null);
				assertThat(count(meters, "axon.messages.sent")).isEqualTo(2);
				assertThat(peer.receiver().poll((message) -> {
				}, 2)).isEqualTo(2);
			}
		});
	}

	@Test
	void everyMeterHasTheChannelAsItsOnlyTag() {
		this.runner.withPropertyValues(this.names.property("other")).run((context) -> {
			assertThat(context.getBean(MeterRegistry.class).getMeters())
				.filteredOn((meter) -> meter.getId().getName().startsWith("axon."))
				.hasSize(26)
				.extracting(Meter::getId)
				.allSatisfy((id) -> {
					assertThat(id.getTags()).singleElement().satisfies((tag) -> {
						assertThat(tag.getKey()).isEqualTo("channel");
						assertThat(tag.getValue()).isIn("features", "other");
					});
					assertThat(id.getDescription()).isNotBlank();
				});
		});
	}

	@Test
	void noMetersWithoutMicrometer() {
		new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, AxonMetricsAutoConfiguration.class))
			.withPropertyValues(this.names.property("features"))
			.withBean(Listener.class)
			.withClassLoader(new FilteredClassLoader("io.micrometer"))
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(AxonMetrics.class)
				.doesNotHaveBean(ListenerTimers.class));
	}

	private static double count(MeterRegistry meters, String name) {
		return meters.get(name).tag("channel", "features").functionCounter().count();
	}

}
