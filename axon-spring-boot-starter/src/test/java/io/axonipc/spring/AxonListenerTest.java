package io.axonipc.spring;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.MessageView;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.aopalliance.intercept.MethodInterceptor;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.aop.framework.ProxyFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.DefaultLifecycleProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.AliasFor;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.validation.Errors;
import org.springframework.validation.Validator;
import org.springframework.validation.annotation.Validated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@ExtendWith(OutputCaptureExtension.class)
class AxonListenerTest {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	/** The common pool has one thread on a machine with two processors. */
	private static final Executor THREAD = (task) -> new Thread(task).start();

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("features"), "tags.greeting=hello");

	record Point(int x, int y) {
	}

	@Retention(RetentionPolicy.RUNTIME)
	@AxonListener(channel = "features")
	@interface FeaturesListener {

		@AliasFor(annotation = AxonListener.class, attribute = "tag")
		String tag();

	}

	static class Listeners {

		final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();

		@AxonListener("bytes")
		byte[] bytes(byte[] payload) {
			return new byte[] { payload[1], payload[0] };
		}

		@AxonListener("buffer")
		ByteBuffer buffer(ByteBuffer payload) {
			this.seen.add(List.of(payload.isReadOnly(), payload.isDirect(), payload.order()));
			return payload;
		}

		@AxonListener("view")
		int[] view(MessageView message) {
			return new int[] { message.getInt(0) + 1 };
		}

		@AxonListener(tag = "${tags.greeting}", channel = "#{'features'}", id = "greeter")
		String text(String payload) {
			return payload + "!";
		}

		@AxonListener({ "sum", "total" })
		double[] sum(double... values) {
			double sum = 0;
			for (double value : values) {
				sum += value;
			}
			return new double[] { sum };
		}

		@AxonListener("nothing")
		void nothing() {
			this.seen.add("nothing");
		}

		@AxonListener("json")
		Point json(Point point) {
			return new Point(point.y(), point.x());
		}

		@AxonListener("jsons")
		int jsons(List<Point> points) {
			return points.stream().mapToInt(Point::x).sum();
		}

		@AxonListener("headers")
		String headers(@Payload String text, @Header(AxonHeaders.TAG) String tag,
				@Header(AxonHeaders.CHANNEL) String channel, @Header(AxonHeaders.REDELIVERED) boolean redelivered,
				@Header(name = AxonHeaders.CORRELATION_ID, required = false) Long correlationId) {
			return String.join(" ", text, tag, channel, "" + redelivered, "" + (correlationId != null));
		}

		@AxonListener("message")
		String message(Message<Point> message) {
			return message.getPayload() + " " + message.getHeaders().get(AxonHeaders.TAG);
		}

		@FeaturesListener(tag = "meta")
		private String meta(String payload) {
			return "meta " + payload;
		}

		@AxonListener("fail")
		void fail(String payload) {
			throw new IllegalStateException("cannot do " + payload);
		}

		@AxonListener("error")
		void error() {
			throw new AssertionError();
		}

		@AxonListener("interrupt")
		String interrupt() {
			Thread.currentThread().interrupt();
			return "interrupted";
		}

		@AxonListener("interrupted")
		String interrupted() {
			return "" + Thread.currentThread().isInterrupted();
		}

		@AxonListener("thread")
		String thread() {
			return Thread.currentThread().getName() + " " + Thread.currentThread().isDaemon();
		}

	}

	private void withListeners(Consumer<OtherProcess> test) {
		Listeners listeners = new Listeners();
		this.runner.withBean(Listeners.class, () -> listeners).run((context) -> {
			assertThat(context).hasNotFailed();
			try (AxonChannel peer = this.names.peer("features")) {
				test.accept(new OtherProcess(peer, listeners, context.getBean(AxonListenerEndpointRegistry.class)));
			}
		});
	}

	/** The other process. */
	record OtherProcess(AxonChannel channel, Listeners listeners, AxonListenerEndpointRegistry registry) {

		byte[] request(String tag, byte... payload) {
			return this.channel.request(tag, ByteBuffer.wrap(payload), PATIENCE, MessageView::toByteArray);
		}

		String request(String tag, String payload) {
			return new String(request(tag, payload.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
		}

	}

	@Test
	void simplePayloadsAreTakenAndReturned() {
		withListeners((peer) -> {
			assertThat(peer.request("bytes", (byte) 1, (byte) 2)).containsExactly(2, 1);
			assertThat(peer.request("view", (byte) 1, (byte) 1, (byte) 0, (byte) 0)).containsExactly(2, 1, 0, 0);
			assertThat(peer.request("hello", "h\u00e9")).isEqualTo("h\u00e9!");
			byte[] values = PayloadCodec.outgoing(new double[] { 1, 2, 0.5 }).toBuffer().array();
			byte[] sum = PayloadCodec.outgoing(new double[] { 3.5 }).toBuffer().array();
			assertThat(peer.request("sum", values)).isEqualTo(sum);
			assertThat(peer.request("total", values)).isEqualTo(sum);
		});
	}

	@Test
	void bufferShowsSharedMemory() {
		withListeners((peer) -> {
			assertThat(peer.request("buffer", "in place")).isEqualTo("in place");
			assertThat(peer.listeners().seen).containsExactly(List.of(true, true, ByteOrder.LITTLE_ENDIAN));
		});
	}

	@Test
	void voidMakesAnEmptyReply() {
		withListeners((peer) -> {
			assertThat(peer.request("nothing")).isEmpty();
			assertThat(peer.listeners().seen).containsExactly("nothing");
		});
	}

	@Test
	void messageThatIsNoRequestGetsNoReply() {
		withListeners((peer) -> {
			peer.channel().sender().send("hello", new byte[0]);
			assertThat(peer.request("nothing")).isEmpty();
			assertThat(peer.channel().receiver().poll((message) -> {
			}, 1)).isZero();
		});
	}

	@Test
	void objectsAreJson() {
		withListeners((peer) -> {
			assertThat(peer.request("json", "{\"x\":1,\"y\":2}")).isEqualTo("{\"x\":2,\"y\":1}");
			assertThat(peer.request("jsons", "[{\"x\":1,\"y\":2},{\"x\":3,\"y\":4}]")).isEqualTo("4");
		});
	}

	@Test
	void headersAndMessagesAreSpringMessagings() {
		withListeners((peer) -> {
			assertThat(peer.request("headers", "text")).isEqualTo("text headers features false true");
			assertThat(peer.request("message", "{\"x\":1,\"y\":2}")).isEqualTo("Point[x=1, y=2] message");
		});
	}

	@Test
	void annotationMakesOtherAnnotations() {
		withListeners((peer) -> assertThat(peer.request("meta", "x")).isEqualTo("meta x"));
	}

	@Test
	void exceptionIsLoggedCountedAndAnswered(CapturedOutput output) {
		withListeners((peer) -> {
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("fail", "it"))
				.withMessageContaining("cannot do it");
			assertThat(peer.registry().errors("features")).isEqualTo(1);
			assertThat(peer.request("hello", "still")).isEqualTo("still!");
		});
		assertThat(output).contains("IllegalStateException: cannot do it")
			.contains("Listeners.fail(String)' failed on a message with tag 'fail' from channel 'features'");
	}

	@Test
	void errorAndInterruptDoNotEndTheThread(CapturedOutput output) {
		withListeners((peer) -> {
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("error"))
				.withMessageContaining("AssertionError");
			assertThat(peer.request("interrupt", "")).isEqualTo("interrupted");
			assertThat(peer.request("interrupted", "")).isEqualTo("false");
			assertThat(peer.request("hello", "still")).isEqualTo("still!");
		});
		assertThat(output).contains("java.lang.AssertionError");
	}

	@Test
	void payloadThatCannotBeReadIsAnswered() {
		withListeners((peer) -> {
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("sum", "123"))
				.withMessageContaining("3 bytes");
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("json", "{"));
			assertThat(peer.registry().errors("features")).isEqualTo(2);
		});
	}

	@Test
	void tagWithoutListenerIsCountedAnsweredAndLoggedOnce(CapturedOutput output) {
		withListeners((peer) -> {
			for (int i = 0; i < 3; i++) {
				assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("unknown"))
					.withMessageContaining("No listener for tag 'unknown' on channel 'features'");
			}
			assertThat(peer.registry().unhandled("features")).isEqualTo(3);
			assertThat(peer.registry().errors("features")).isZero();
		});
		assertThat(output.getOut().split("No listener for tag 'unknown'", -1)).hasSize(2);
	}

	@Test
	void listenersRunInAThreadOfTheirChannel() {
		withListeners((peer) -> assertThat(peer.request("thread", "")).isEqualTo("axon-features false"));
		Awaitility.await()
			.untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
				.doesNotContain("axon-features"));
	}

	@Test
	void noThreadWithoutListeners() {
		this.runner.run((context) -> assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
			.doesNotContain("axon-features"));
	}

	@Test
	void callsGoThroughProxies() {
		BlockingQueue<String> calls = new LinkedBlockingQueue<>();
		Greeter target = new GreeterImpl();
		this.runner.withBean("greeter", Greeter.class, () -> target)
			.withBean("wrapper", Wrapper.class, () -> new Wrapper(calls))
			.run((context) -> {
				try (AxonChannel peer = this.names.peer("features")) {
					assertThat(new OtherProcess(peer, null, null).request("greet", "you")).isEqualTo("hi you");
				}
				assertThat(calls).containsExactly("greet");
			});
	}

	interface Greeter {

		String greet(String name);

	}

	static class GreeterImpl implements Greeter {

		@Override
		@AxonListener("greet")
		public String greet(String name) {
			return "hi " + name;
		}

	}

	record Wrapper(BlockingQueue<String> calls) implements BeanPostProcessor, Ordered {

		@Override
		public int getOrder() {
			return HIGHEST_PRECEDENCE;
		}

		@Override
		public Object postProcessAfterInitialization(Object bean, String beanName) {
			if (!(bean instanceof Greeter)) {
				return bean;
			}
			ProxyFactory factory = new ProxyFactory(bean);
			factory.addAdvice((MethodInterceptor) (call) -> {
				this.calls.add(call.getMethod().getName());
				return call.proceed();
			});
			return factory.getProxy();
		}

	}

	@Test
	void listenerMayRequestFromItsOwnChannel() {
		this.runner.withUserConfiguration(AskingBack.class).run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				CompletableFuture<String> reply = CompletableFuture
					.supplyAsync(() -> new OtherProcess(peer, null, null).request("ask", "question"), THREAD);
				assertThat(peer.receiver()
					.poll((message) -> peer.sender().reply(message, ByteBuffer.wrap(new byte[] { 'y', 'e', 's' })), 1,
							PATIENCE))
					.isEqualTo(1);
				assertThat(reply.get(10, TimeUnit.SECONDS)).isEqualTo("question? yes");
			}
		});
	}

	@Configuration(proxyBeanMethods = false)
	static class AskingBack {

		@Bean
		Object asker(AxonOperations axon) {
			return new Object() {

				@AxonListener("ask")
				String ask(String question) {
					return question + "? " + axon.sendAndReceive("back", question, String.class);
				}

			};
		}

	}

	@Test
	void validatedPayloadsAreValidated() {
		this.runner.withBean(Validating.class).withBean(Validator.class, PointValidator::new).run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				OtherProcess other = new OtherProcess(peer, null, null);
				assertThat(other.request("valid", "{\"x\":1,\"y\":2}")).isEqualTo("1");
				assertThatExceptionOfType(AxonRemoteException.class)
					.isThrownBy(() -> other.request("valid", "{\"x\":-1,\"y\":2}"))
					.withMessageContaining("negative");
			}
		});
	}

	static class Validating {

		@AxonListener("valid")
		int valid(@Validated Point point) {
			return point.x();
		}

	}

	static class PointValidator implements Validator {

		@Override
		public boolean supports(Class<?> type) {
			return type == Point.class;
		}

		@Override
		public void validate(Object target, Errors errors) {
			if (((Point) target).x() < 0) {
				errors.reject("negative", "negative");
			}
		}

	}

	@Test
	void stopFinishesTheMessageInHandAndLeavesTheRest() {
		Blocking blocking = new Blocking();
		this.runner.withBean(Blocking.class, () -> blocking).run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				OtherProcess other = new OtherProcess(peer, null, null);
				CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> other.request("block", "1"),
						THREAD);
				assertThat(blocking.entered.await(10, TimeUnit.SECONDS)).isTrue();
				peer.sender().send("block", "2".getBytes(StandardCharsets.UTF_8));
				// The request may hold the only thread of the common pool.
				CompletableFuture<Void> stopped = CompletableFuture.runAsync(context::stop,
						(stop) -> new Thread(stop).start());
				Awaitility.await().until(() -> !context.getBean(AxonListenerEndpointRegistry.class).isRunning());
				assertThat(stopped).isNotDone();
				blocking.release.countDown();
				assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo("1");
				stopped.get(10, TimeUnit.SECONDS);
				assertThat(peer.isPeerAlive()).isFalse();
				assertThat(blocking.seen).containsExactly("1");
				context.start();
				Awaitility.await().untilAsserted(() -> assertThat(blocking.seen).containsExactly("1", "2"));
				assertThat(other.request("block", "3")).isEqualTo("3");
			}
		});
	}

	static class Blocking {

		final CountDownLatch entered = new CountDownLatch(1);

		final CountDownLatch release = new CountDownLatch(1);

		final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

		@AxonListener("block")
		String block(String payload) throws InterruptedException {
			this.seen.add(payload);
			this.entered.countDown();
			this.release.await();
			return payload;
		}

	}

	@Test
	void contextDoesNotWaitForeverForAListener() {
		DefaultLifecycleProcessor lifecycle = new DefaultLifecycleProcessor();
		lifecycle.setTimeoutPerShutdownPhase(50);
		Blocking blocking = new Blocking();
		this.runner.withBean("lifecycleProcessor", DefaultLifecycleProcessor.class, () -> lifecycle)
			.withBean(Blocking.class, () -> blocking)
			.run((context) -> {
				try (AxonChannel peer = this.names.peer("features")) {
					peer.sender().send("block", new byte[0]);
					assertThat(blocking.entered.await(10, TimeUnit.SECONDS)).isTrue();
					context.close();
					assertThat(peer.isPeerAlive()).isTrue();
					blocking.release.countDown();
					Awaitility.await().until(() -> !peer.isPeerAlive());
				}
			});
	}

	@Test
	void listenerMayStopTheContext() {
		this.runner.withUserConfiguration(Stopping.class).run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				peer.sender().send("stop", new byte[0]);
				Awaitility.await().until(() -> !peer.isPeerAlive());
				assertThat(context.isRunning()).isFalse();
			}
		});
	}

	@Configuration(proxyBeanMethods = false)
	static class Stopping {

		@Bean
		Object stopper(ConfigurableApplicationContext context) {
			return new Object() {

				@AxonListener("stop")
				void stop() {
					context.close();
				}

			};
		}

	}

	@Test
	void eachChannelHasItsOwnListeners() {
		this.runner.withPropertyValues(this.names.property("other")).withBean(TwoChannels.class).run((context) -> {
			Map<String, String> expected = Map.of("features", "one", "other", "two");
			expected.forEach((key, reply) -> {
				try (AxonChannel peer = this.names.peer(key)) {
					assertThat(new OtherProcess(peer, null, null).request("which", "")).isEqualTo(reply);
				}
			});
		});
	}

	static class TwoChannels {

		@AxonListener(tag = "which", channel = "features")
		String one() {
			return "one";
		}

		@AxonListener(tag = "which", channel = "other")
		String two() {
			return "two";
		}

	}

}
