package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;

import io.axonipc.MessageView;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

import org.springframework.aop.framework.ProxyFactory;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.annotation.Header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class InvalidListenerTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("features"));

	private <T> void assertInvalid(ApplicationContextRunner runner, Class<T> listener, String... texts) {
		runner.withBean("mine", listener).run((context) -> {
			assertThat(NestedExceptionUtils.getMostSpecificCause(context.getStartupFailure()))
				.isInstanceOf(InvalidListenerException.class)
				.hasMessageContaining("'mine'")
				.hasMessageContaining(listener.getSimpleName())
				.hasMessageContainingAll(texts);
		});
	}

	@Test
	void twoListenersOfOneTag() {
		assertInvalid(this.runner, SameTag.class, "tag 'same' of channel 'features'", "mine.", "Remove one");
	}

	static class SameTag {

		@AxonListener("same")
		void one() {
		}

		@AxonListener("same")
		void two() {
		}

	}

	@Test
	void unknownChannel() {
		assertInvalid(this.runner, UnknownChannel.class, "channel 'featurs'", "[features]",
				"Define axon.channels.featurs");
	}

	static class UnknownChannel {

		@AxonListener(tag = "t", channel = "featurs")
		void listen() {
		}

	}

	@Test
	void noChannelNamedAndSeveralThere() {
		assertInvalid(this.runner.withPropertyValues(this.names.property("other")), NoChannel.class, "names no channel",
				"[features, other]", "'channel'");
	}

	@Test
	void noChannelAtAll() {
		assertInvalid(
				new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class)),
				NoChannel.class, "has no channel to listen to", "Define a channel as axon.channels.<key>");
	}

	static class NoChannel {

		@AxonListener("t")
		void listen() {
		}

	}

	@Test
	void twoPayloads() {
		assertInvalid(this.runner, TwoPayloads.class, "2 parameters for one payload", "@Header");
	}

	static class TwoPayloads {

		@AxonListener("t")
		void listen(String one, String two) {
		}

	}

	@Test
	void viewAndSomethingElse() {
		assertInvalid(this.runner, ViewAndHeader.class, "MessageView together with something else", "only parameter");
	}

	static class ViewAndHeader {

		@AxonListener("t")
		void listen(MessageView view, @Header(AxonHeaders.TAG) String tag) {
		}

	}

	@Test
	void replyThatIsNoCompletableFuture() {
		assertInvalid(this.runner, FutureReply.class, "returns Future", "a CompletableFuture of it");
		assertInvalid(this.runner, PublisherReply.class, "returns Publisher", "a CompletableFuture of it");
		assertInvalid(this.runner, ReactiveReply.class, "returns Mono", "a CompletableFuture of it");
	}

	@Test
	void futureOfWhatIsNoReply() {
		assertInvalid(this.runner, FutureOfMessage.class, "returns Message", "Return the payload of the reply itself");
		assertInvalid(this.runner, FutureOfFuture.class, "returns CompletableFuture");
	}

	static class FutureOfMessage {

		@AxonListener("t")
		CompletableFuture<Message<String>> listen() {
			return null;
		}

	}

	static class FutureOfFuture {

		@AxonListener("t")
		CompletionStage<CompletableFuture<String>> listen() {
			return null;
		}

	}

	static class FutureReply {

		@AxonListener("t")
		Future<String> listen() {
			return null;
		}

	}

	static class PublisherReply {

		@AxonListener("t")
		Flow.Publisher<String> listen() {
			return null;
		}

	}

	static class ReactiveReply {

		@AxonListener("t")
		Mono<String> listen() {
			return null;
		}

	}

	@Test
	void viewThatAFutureMayNeedLater() {
		assertInvalid(this.runner, FutureOfView.class, "takes a MessageView", "returns a CompletionStage",
				"Take a byte[] or a ByteBuffer");
	}

	static class FutureOfView {

		@AxonListener("t")
		CompletionStage<String> listen(MessageView view) {
			return null;
		}

	}

	@ParameterizedTest
	@ValueSource(classes = { HandedOverView.class, HandedOverBuffer.class })
	void zeroCopyParameterOnAnExecutor(Class<?> listener) {
		assertInvalid(
				this.runner.withPropertyValues("axon.channels.features.listener.executor=pool")
					.withBean("pool", Executor.class, () -> Runnable::run),
				listener, "shows the message in place", "Take a byte[], or set its executor to 'direct'");
	}

	static class HandedOverView {

		@AxonListener("t")
		void listen(MessageView view) {
		}

	}

	static class HandedOverBuffer {

		@AxonListener("t")
		void listen(ByteBuffer buffer) {
		}

	}

	@Test
	void unknownExecutorAndErrorHandler() {
		assertInvalid(this.runner, UnknownExecutor.class, "executor 'pool'", "'pool' available", "'virtual'");
		assertInvalid(this.runner, UnknownErrorHandler.class, "error handler 'mine'", "AxonListenerErrorHandler");
	}

	static class UnknownExecutor {

		@AxonListener(tag = "t", executor = "pool")
		void listen() {
		}

	}

	static class UnknownErrorHandler {

		/** The bean itself has this name. */
		@AxonListener(tag = "t", errorHandler = "mine")
		void listen() {
		}

	}

	@Test
	void autoStartupThatIsNeitherTrueNorFalse() {
		assertInvalid(this.runner, AutoStartup.class, "autoStartup 'perhaps'", "'true' or 'false'");
	}

	static class AutoStartup {

		@AxonListener(tag = "t", autoStartup = "perhaps")
		void listen() {
		}

	}

	@Test
	void twoListenersOfOnePattern() {
		assertInvalid(this.runner, SamePattern.class, "tag 'sensor.*' of channel 'features'");
	}

	static class SamePattern {

		@AxonListener("sensor.*")
		void one() {
		}

		@AxonListener({ "*", "sensor.*" })
		void two() {
		}

	}

	@Test
	void noTag() {
		assertInvalid(this.runner, NoTag.class, "has no tag", "@AxonListener(\"tag\")");
	}

	static class NoTag {

		@AxonListener
		void listen() {
		}

	}

	@Test
	void tagOfTheWrongLength() {
		assertInvalid(this.runner.withPropertyValues("my.tag="), PlaceholderTag.class, "tag of 0 bytes");
		assertInvalid(this.runner.withPropertyValues("my.tag=" + "\u20ac".repeat(86)), PlaceholderTag.class,
				"tag of 258 bytes", "1 to 255 bytes");
	}

	static class PlaceholderTag {

		@AxonListener("${my.tag}")
		void listen() {
		}

	}

	@Test
	void idOfAnother() {
		assertInvalid(this.runner, SameId.class, "the id 'me'");
	}

	static class SameId {

		@AxonListener(tag = "one", id = "me")
		void one() {
		}

		@AxonListener(tag = "two", id = "me")
		void two() {
		}

	}

	@Test
	void methodThatTheProxyDoesNotHave() {
		this.runner.withBean("mine", Runnable.class, () -> {
			ProxyFactory factory = new ProxyFactory(new Hidden());
			return (Runnable) factory.getProxy();
		})
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidListenerException.class)
				.hasMessageContaining("proxy"));
	}

	static class Hidden implements Runnable {

		@Override
		public void run() {
		}

		@AxonListener("t")
		public void listen() {
		}

	}

	@Test
	void beanThatIsMadeTwice() {
		this.runner
			.withBean("mine", NoChannel.class, NoChannel::new,
					(definition) -> definition.setScope(BeanDefinition.SCOPE_PROTOTYPE))
			.withBean("first", Holder.class)
			.withBean("second", Holder.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidListenerException.class)
				.hasMessageContaining("is there more than once, as its bean is no singleton")
				.hasMessageContaining("give its scope a proxy"));
	}

	record Holder(NoChannel listener) {
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void beanThatNobodyMakes(boolean lazy) {
		this.runner.withBean("mine", NoChannel.class, NoChannel::new, (definition) -> {
			definition.setLazyInit(lazy);
			definition.setScope(lazy ? BeanDefinition.SCOPE_SINGLETON : BeanDefinition.SCOPE_PROTOTYPE);
		})
			.run((context) -> assertThat(context).getFailure()
				.isInstanceOf(InvalidListenerException.class)
				.hasMessageContaining("would never be called, as its bean is lazy or no singleton")
				.hasMessageContaining("Make the bean a singleton that is not lazy"));
	}

	@Test
	void lazyBeanThatAnotherOneNeeds() {
		this.runner.withBean("mine", NoChannel.class, NoChannel::new, (definition) -> definition.setLazyInit(true))
			.withBean("holder", Holder.class)
			.run((context) -> assertThat(context.getBean(AxonListenerEndpointRegistry.class).getListeners())
				.singleElement());
	}

	@Test
	void beanThatIsMadeTooLate() {
		this.runner.run((context) -> {
			((GenericApplicationContext) context.getSourceApplicationContext()).registerBean("late", NoChannel.class);
			assertThatExceptionOfType(RuntimeException.class).isThrownBy(() -> context.getBean("late"))
				.havingRootCause()
				.isInstanceOf(InvalidListenerException.class)
				.withMessageContaining("too late");
		});
	}

}
