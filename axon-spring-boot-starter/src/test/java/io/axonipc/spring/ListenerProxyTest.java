package io.axonipc.spring;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Positive;
import org.aopalliance.intercept.MethodInterceptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.aop.framework.autoproxy.BeanNameAutoProxyCreator;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.validation.autoconfigure.ValidationAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.context.support.SimpleThreadScope;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.validation.annotation.Validated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** Listeners behind proxies: of advice, of validation and of scopes. */
class ListenerProxyTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class, ValidationAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"));

	private void run(ApplicationContextRunner runner, Consumer<OtherProcess> test) {
		runner.run((context) -> {
			assertThat(context).hasNotFailed();
			try (AxonChannel peer = this.names.peer("work")) {
				test.accept(new OtherProcess(peer));
			}
		});
	}

	@Configuration(proxyBeanMethods = false)
	static class Advice {

		static final AtomicInteger CALLS = new AtomicInteger();

		@Bean
		static BeanNameAutoProxyCreator creator() {
			BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
			creator.setBeanNames("advised");
			creator.setInterceptorNames("interceptor");
			creator.setProxyTargetClass(true);
			return creator;
		}

		@Bean
		static MethodInterceptor interceptor() {
			return (call) -> {
				CALLS.incrementAndGet();
				return call.proceed();
			};
		}

	}

	static class Advised {

		private final String greeting = "hello ";

		@AxonListener("greet")
		String greet(String name) {
			return this.greeting + name;
		}

	}

	@Test
	void adviceIsCalledAndTheTargetHasItsFields() {
		Advice.CALLS.set(0);
		run(this.runner.withUserConfiguration(Advice.class).withBean("advised", Advised.class), (peer) -> {
			assertThat(peer.request("greet", "you")).isEqualTo("hello you");
			assertThat(Advice.CALLS).hasValue(1);
		});
	}

	static class AdvisedPrivately {

		@AxonListener("greet")
		private String greet(String name) {
			return name;
		}

	}

	@Test
	void privateMethodOfAProxyIsRefused() {
		this.runner.withUserConfiguration(Advice.class)
			.withBean("advised", AdvisedPrivately.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidListenerException.class)
				.hasMessageContaining("cannot be called through the bean's proxy")
				.hasMessageContaining("do not make it private"));
	}

	record Order(@NotBlank String item, @Positive int count) {
	}

	@Validated
	static class Validating {

		@AxonListener("positive")
		int positive(@Positive int number) {
			return number;
		}

	}

	static class PayloadValidating {

		@AxonListener("order")
		String order(@Payload @Valid Order order) {
			return order.item();
		}

	}

	@Test
	void validatedBeanIsValidated() {
		run(this.runner.withBean(Validating.class), (peer) -> {
			assertThat(peer.request("positive", "1")).isEqualTo("1");
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("positive", "-1"))
				.withMessageContaining("greater than 0");
		});
	}

	@Test
	void validPayloadIsValidated() {
		run(this.runner.withBean(PayloadValidating.class), (peer) -> {
			assertThat(peer.request("order", "{\"item\":\"ion\",\"count\":1}")).isEqualTo("ion");
			assertThatExceptionOfType(AxonRemoteException.class)
				.isThrownBy(() -> peer.request("order", "{\"item\":\" \",\"count\":1}"))
				.withMessageContaining("must not be blank");
		});
	}

	@Configuration(proxyBeanMethods = false)
	static class Scopes {

		@Bean
		@Scope(scopeName = "prototype", proxyMode = ScopedProxyMode.TARGET_CLASS)
		Counting eachTime() {
			return new Counting();
		}

	}

	static class Counting {

		private int count;

		@AxonListener("count")
		String count() {
			this.count++;
			return "" + this.count;
		}

	}

	@Test
	void scopedProxyLeadsToAnObjectForEachMessage() {
		run(this.runner.withUserConfiguration(Scopes.class), (peer) -> {
			assertThat(peer.request("count", "")).isEqualTo("1");
			assertThat(peer.request("count", "")).isEqualTo("1");
		});
	}

	@Configuration(proxyBeanMethods = false)
	static class ThreadScope {

		@Bean
		@Scope(scopeName = "thread", proxyMode = ScopedProxyMode.TARGET_CLASS)
		Counting ofTheThread() {
			return new Counting();
		}

	}

	@Test
	void scopeDecidesHowLongTheObjectLives() {
		run(this.runner
			.withInitializer((context) -> context.getBeanFactory().registerScope("thread", new SimpleThreadScope()))
			.withUserConfiguration(ThreadScope.class), (peer) -> {
				assertThat(peer.request("count", "")).isEqualTo("1");
				assertThat(peer.request("count", "")).isEqualTo("2");
			});
	}

}
