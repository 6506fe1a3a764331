package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.aopalliance.intercept.MethodInterceptor;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.aop.framework.ProxyFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.DefaultLifecycleProcessor;
import org.springframework.core.Ordered;
import org.springframework.validation.Errors;
import org.springframework.validation.Validator;
import org.springframework.validation.annotation.Validated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class AxonListenerLifecycleTest {

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

	@Test
	void listenersRunInAThreadOfTheirChannel() {
		this.runner.withBean(ThreadTeller.class).run((context) -> {
			try (AxonChannel peer = this.names.peer("features")) {
				assertThat(new OtherProcess(peer).request("thread", "")).isEqualTo("axon-features false");
			}
		});
		Awaitility.await()
			.untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
				.doesNotContain("axon-features"));
	}

	static class ThreadTeller {

		@AxonListener("thread")
		String thread() {
			return Thread.currentThread().getName() + " " + Thread.currentThread().isDaemon();
		}

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
					assertThat(new OtherProcess(peer).request("greet", "you")).isEqualTo("hi you");
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
					.supplyAsync(() -> new OtherProcess(peer).request("ask", "question"), THREAD);
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
				OtherProcess other = new OtherProcess(peer);
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
				OtherProcess other = new OtherProcess(peer);
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
					assertThat(new OtherProcess(peer).request("which", "")).isEqualTo(reply);
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
