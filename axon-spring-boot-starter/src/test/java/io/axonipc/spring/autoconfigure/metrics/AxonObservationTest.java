package io.axonipc.spring.autoconfigure.metrics;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.MessageHeader;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.AxonTemplate;
import io.axonipc.spring.ChannelNames;
import io.axonipc.spring.ListenerTimers;
import io.axonipc.spring.TraceContext;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingReceiverTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingSenderTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelPropagator;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/** Two applications, each with a tracer of its own: what links them is the metadata. */
class AxonObservationTest {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, AxonMetricsAutoConfiguration.class,
				AxonObservationAutoConfiguration.class, MetricsAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"), "axon.observation-enabled=true",
				"axon.channels.work.reply-timeout=10m");

	private final Traced here = new Traced();

	private final Traced there = new Traced();

	/** What one application records. */
	static final class Traced {

		final InMemorySpanExporter spans = InMemorySpanExporter.create();

		final MeterRegistry meters = new SimpleMeterRegistry();

		final ObservationRegistry observations = ObservationRegistry.create();

		Traced() {
			SdkTracerProvider provider = SdkTracerProvider.builder()
				.addSpanProcessor(SimpleSpanProcessor.create(this.spans))
				.build();
			Tracer tracer = provider.get("test");
			OtelTracer bridge = new OtelTracer(tracer, new OtelCurrentTraceContext(), (event) -> {
			});
			OtelPropagator propagator = new OtelPropagator(
					ContextPropagators.create(W3CTraceContextPropagator.getInstance()), tracer);
			this.observations.observationConfig()
				.observationHandler(new DefaultMeterObservationHandler(this.meters))
				.observationHandler(new ObservationHandler.FirstMatchingCompositeObservationHandler(
						new PropagatingSenderTracingObservationHandler<>(bridge, propagator),
						new PropagatingReceiverTracingObservationHandler<>(bridge, propagator),
						new DefaultTracingObservationHandler(bridge)));
		}

		SpanData span(String name) {
			return Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> this.spans.getFinishedSpanItems()
					.stream()
					.filter((span) -> span.getName().equals(name))
					.findFirst()
					.orElse(null), (span) -> span != null);
		}

	}

	static class Listener {

		private final ObservationRegistry observations;

		final AtomicReference<String> current = new AtomicReference<>();

		Listener(ObservationRegistry observations) {
			this.observations = observations;
		}

		@AxonListener({ "ask", "note" })
		void listen() {
			this.current.set(this.observations.getCurrentObservation().getContext().getName());
		}

		@AxonListener("fail")
		void fail() {
			throw new IllegalStateException("on purpose");
		}

	}

	@FunctionalInterface
	private interface Action {

		void run(AxonTemplate axon, Listener listener);

	}

	private void betweenApplications(Action action) {
		Listener listener = new Listener(this.there.observations);
		application(this.there).withBean("listener", Listener.class, () -> listener)
			.run((server) -> application(this.here).withPropertyValues("axon.channels.work.role=client")
				.run((client) -> action.run(client.getBean(AxonTemplate.class), listener)));
	}

	private ApplicationContextRunner application(Traced traced) {
		return this.runner.withBean(ObservationRegistry.class, () -> traced.observations)
			.withBean(MeterRegistry.class, () -> traced.meters);
	}

	@Test
	void traceGoesOnInTheListenerOfTheOtherApplication() {
		betweenApplications((axon, listener) -> {
			Observation.createNotStarted("work", this.here.observations)
				.observe(() -> axon.sendAndReceive("ask", null, Void.class));
			SpanData outer = this.here.span("work");
			SpanData request = this.here.span("ask request");
			SpanData handled = this.there.span("ask listen");
			assertThat(request.getKind()).isEqualTo(SpanKind.CLIENT);
			assertThat(request.getParentSpanId()).isEqualTo(outer.getSpanId());
			assertThat(handled.getKind()).isEqualTo(SpanKind.SERVER);
			assertThat(handled.getTraceId()).isEqualTo(outer.getTraceId());
			assertThat(handled.getParentSpanId()).isEqualTo(request.getSpanId());
			assertThat(listener.current).hasValue("axon.listener");
		});
		assertThat(this.here.observations.getCurrentObservation()).isNull();
	}

	@Test
	void messagesClaimsAndAsynchronousRequestsCarryTheTrace() {
		betweenApplications((axon, listener) -> {
			List<String> parents = new ArrayList<>();
			Observation.createNotStarted("work", this.here.observations).observe(() -> {
				axon.send("note", new byte[] { 1 });
				assertThat(axon.sendAndReceiveAsync("ask", null, Void.class)).succeedsWithin(PATIENCE);
				axon.message("fail").send(1, (buffer) -> buffer.put((byte) 1));
			});
			String trace = this.here.span("work").getTraceId();
			for (String tag : new String[] { "note", "ask", "fail" }) {
				SpanData handled = this.there.span(tag + " listen");
				assertThat(handled.getTraceId()).isEqualTo(trace);
				parents.add(handled.getParentSpanId());
			}
			assertThat(parents).containsExactly(this.here.span("note send").getSpanId(),
					this.here.span("ask request").getSpanId(), this.here.span("fail send").getSpanId());
			assertThat(this.there.span("note listen").getKind()).isEqualTo(SpanKind.CONSUMER);
		});
	}

	static class HandedOver {

		@AxonListener(tag = "handed", executor = "worker")
		void listen() {
		}

	}

	@Test
	void traceGoesOnInTheExecutorOfAListener() {
		application(this.there).withBean("listener", HandedOver.class)
			.withBean("worker", Executor.class, () -> (task) -> new Thread(task).start())
			.run((server) -> application(this.here).withPropertyValues("axon.channels.work.role=client")
				.run((client) -> {
					client.getBean(AxonTemplate.class).send("handed", null);
					SpanData handled = this.there.span("handed listen");
					assertThat(handled.getParentSpanId()).isEqualTo(this.here.span("handed send").getSpanId());
					Awaitility.await()
						.atMost(PATIENCE)
						.untilAsserted(() -> assertThat(this.there.meters.get("axon.listener")
							.tag("listener", "listener.listen()")
							.timer()
							.count()).isEqualTo(1));
				}));
		assertThat(this.there.observations.getCurrentObservation()).isNull();
	}

	static class Later {

		private final ObservationRegistry observations;

		final BlockingQueue<CompletableFuture<Void>> futures = new LinkedBlockingQueue<>();

		final BlockingQueue<Optional<Observation.Scope>> outer = new LinkedBlockingQueue<>();

		Later(ObservationRegistry observations) {
			this.observations = observations;
		}

		@AxonListener(tag = "later", id = "later")
		CompletableFuture<Void> listen() {
			Observation.Scope current = this.observations.getCurrentObservationScope();
			this.outer.add(Optional.ofNullable(current.getPreviousObservationScope()));
			CompletableFuture<Void> future = new CompletableFuture<>();
			this.futures.add(future);
			return future;
		}

	}

	@Test
	void observationOfAFutureEndsWithItAndItsScopeWithTheMethod() {
		Later listener = new Later(this.there.observations);
		application(this.there).withBean(Later.class, () -> listener)
			.run((server) -> application(this.here).withPropertyValues("axon.channels.work.role=client")
				.run((client) -> {
					AxonTemplate axon = client.getBean(AxonTemplate.class);
					CompletableFuture<Void> one = axon.sendAndReceiveAsync("later", null, Void.class);
					CompletableFuture<Void> two = axon.sendAndReceiveAsync("later", null, Void.class);
					CompletableFuture<Void> first = listener.futures.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
					CompletableFuture<Void> second = listener.futures.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
					assertThat(listener.outer).hasSize(2).allSatisfy((scope) -> assertThat(scope).isEmpty());
					assertThat(this.there.spans.getFinishedSpanItems()).isEmpty();
					first.completeExceptionally(new IllegalStateException("on purpose"));
					second.completeExceptionally(new IllegalStateException("on purpose"));
					assertThat(CompletableFuture.allOf(one, two)).failsWithin(PATIENCE);
					Awaitility.await()
						.atMost(PATIENCE)
						.untilAsserted(() -> assertThat(this.there.meters.get("axon.listener")
							.tags("listener", "later", "result", "error", "exception", "IllegalStateException")
							.timer()
							.count()).isEqualTo(2));
				}));
	}

	static class LeavesAScopeOpen {

		private final ObservationRegistry observations;

		final BlockingQueue<Optional<Observation.Scope>> outer = new LinkedBlockingQueue<>();

		LeavesAScopeOpen(ObservationRegistry observations) {
			this.observations = observations;
		}

		@AxonListener("note")
		void listen() {
			Observation.Scope current = this.observations.getCurrentObservationScope();
			this.outer.add(Optional.ofNullable(current.getPreviousObservationScope()));
			Observation.start("own", this.observations).openScope();
		}

	}

	@ParameterizedTest
	@ValueSource(strings = { "axon.listener", "own", "neither" })
	void noScopeOutlivesItsMessage(String refused) {
		this.there.observations.observationConfig().observationPredicate((name, observed) -> !name.equals(refused));
		assertThatNoScopeOutlivesItsMessage();
		assertThat(this.there.spans.getFinishedSpanItems())
			.allSatisfy((span) -> assertThat(span.getParentSpanContext().isValid()).as(span.getName()).isFalse());
	}

	@ParameterizedTest
	@ValueSource(strings = { "axon.listener", "own" })
	void norWhenAHandlerFailsToCloseIt(String failing) {
		this.there.observations.observationConfig().observationHandler(new ObservationHandler<>() {

			@Override
			public void onScopeClosed(Observation.Context context) {
				if (context.getName().equals(failing)) {
					throw new IllegalStateException("on purpose");
				}
			}

			@Override
			public boolean supportsContext(Observation.Context context) {
				return true;
			}

		});
		assertThatNoScopeOutlivesItsMessage();
	}

	private void assertThatNoScopeOutlivesItsMessage() {
		LeavesAScopeOpen listener = new LeavesAScopeOpen(this.there.observations);
		application(this.there).withBean(LeavesAScopeOpen.class, () -> listener).run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				for (int i = 0; i < 3; i++) {
					peer.sender().send("note", new byte[0]);
					assertThat(listener.outer.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEmpty();
				}
			}
		});
	}

	@Test
	void observationReplacesTheTimerWithTheSameKeys() {
		betweenApplications((axon, listener) -> {
			axon.sendAndReceive("ask", null, Void.class);
			assertThatExceptionOfType(AxonRemoteException.class)
				.isThrownBy(() -> axon.sendAndReceive("fail", null, Void.class));
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(this.there.meters.get("axon.listener")
					.tags("channel", "work", "listener", "listener.fail()", "result", "error", "exception",
							"IllegalStateException")
					.timer()
					.count()).isEqualTo(1));
			assertThat(this.there.meters.get("axon.listener")
				.tags("listener", "listener.listen()", "result", "success", "exception", "none")
				.timer()
				.totalTime(TimeUnit.NANOSECONDS)).isPositive();
			assertThat(this.there.meters.getMeters())
				.filteredOn(
						(meter) -> List.of("axon.listener", "axon.listener.active").contains(meter.getId().getName()))
				.isNotEmpty()
				.extracting(Meter::getId)
				.allSatisfy((id) -> assertThat(id.getTags()).extracting(Tag::getKey)
					.containsExactlyInAnyOrder("channel", "listener", "result", "exception"));
			assertThat(this.here.meters.get("axon.template")
				.tags("channel", "work", "operation", "request", "error", "AxonRemoteException")
				.timer()
				.count()).isEqualTo(1);
		});
	}

	@Test
	void unknownChannelIsNotObserved() {
		application(this.here).run((context) -> {
			AxonTemplate axon = context.getBean(AxonTemplate.class);
			assertThatIllegalArgumentException().isThrownBy(() -> axon.send("unknown", "note", null));
			assertThatIllegalArgumentException()
				.isThrownBy(() -> axon.sendAndReceive("unknown", "ask", null, Void.class));
			assertThat(this.here.meters.find("axon.template").meters()).isEmpty();
		});
	}

	@Test
	void traceparentIsALineOfTheMetadata() {
		application(this.here).run((context) -> {
			AxonTemplate axon = context.getBean(AxonTemplate.class);
			axon.send("note", null);
			axon.message("note").metadata("mine".getBytes(StandardCharsets.UTF_8)).send();
			List<String> seen = new ArrayList<>();
			try (AxonChannel peer = this.names.peer("work")) {
				peer.receiver().poll((message) -> seen.add(new String(message.metadata(), StandardCharsets.UTF_8)), 2);
			}
			SpanData span = this.here.span("note send");
			assertThat(seen).containsExactly("traceparent: 00-" + span.getTraceId() + "-" + span.getSpanId() + "-"
					+ span.getSpanContext().getTraceFlags().asHex() + "\n", "mine");
		});
	}

	@Test
	void traceOfAPeerInAnyLanguageGoesOn() {
		application(this.there).withBean(Listener.class, () -> new Listener(this.there.observations)).run((context) -> {
			byte[] trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n"
				.getBytes(StandardCharsets.UTF_8);
			try (AxonChannel peer = this.names.peer("work")) {
				peer.sender().send(new MessageHeader("note", trace), ByteBuffer.allocate(0), PATIENCE);
				SpanData handled = this.there.span("note listen");
				assertThat(handled.getTraceId()).isEqualTo("0af7651916cd43dd8448eb211c80319c");
				assertThat(handled.getParentSpanId()).isEqualTo("b7ad6b7169203331");
			}
		});
	}

	@Test
	void foreignMetadataIsNoTrace() {
		betweenApplications((axon, listener) -> {
			axon.message("ask").metadata(new byte[] { -1, 0, '\n', 58 }).sendAndReceive(Void.class);
			assertThat(this.there.span("ask listen").getParentSpanContext().isValid()).isFalse();
		});
		assertThat(TraceContext.read(null)).isEmpty();
		Map<String, String> headers = Map.of("traceparent", "00-a: b", "baggage", "");
		assertThat(TraceContext.read(TraceContext.write(headers))).isEqualTo(headers);
	}

	@Test
	void nothingIsObservedUnlessAskedFor() {
		application(this.here).withPropertyValues("axon.observation-enabled=false")
			.withBean(Listener.class, () -> new Listener(this.here.observations))
			.run((context) -> {
				assertThat(context.getBean(ListenerTimers.class)).isInstanceOf(AxonListenerTimers.class);
				context.getBean(AxonTemplate.class).send("note", null);
				try (AxonChannel peer = this.names.peer("work")) {
					peer.receiver().poll((message) -> assertThat(message.metadata()).isNull(), 1);
				}
			});
		assertThat(this.here.spans.getFinishedSpanItems()).isEmpty();
	}

}
