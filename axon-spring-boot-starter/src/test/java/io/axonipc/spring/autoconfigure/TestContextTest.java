package io.axonipc.spring.autoconfigure;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

import io.axonipc.AxonChannel;
import io.axonipc.MessageView;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.AxonTemplate;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.annotation.DirtiesContext.HierarchyMode;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestContextManager;

import static org.assertj.core.api.Assertions.assertThat;

/** Contexts that Spring's test support keeps, pauses and closes, all with one channel. */
class TestContextTest {

	private static final UniqueNames names = new UniqueNames();

	private static final String NAME = names.next();

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(AxonAutoConfiguration.class)
	static class Application {

		@AxonListener("echo")
		byte[] echo(byte[] payload) {
			return payload;
		}

	}

	@SpringBootTest(classes = Application.class, properties = "test=first")
	static class FirstCase {

		@DynamicPropertySource
		static void name(DynamicPropertyRegistry registry) {
			registry.add("axon.channels.kept.name", () -> NAME);
		}

	}

	@SpringBootTest(classes = Application.class, properties = "test=second")
	static class SecondCase {

		@DynamicPropertySource
		static void name(DynamicPropertyRegistry registry) {
			registry.add("axon.channels.kept.name", () -> NAME);
		}

	}

	@AfterEach
	void nothingIsLeft() throws IOException {
		names.afterEach(null);
	}

	@Test
	void contextsThatAreKeptTakeTurnsWithAChannelUntilTheyAreClosed() throws Exception {
		ApplicationContext first = use(FirstCase.class, false);
		ApplicationContext second = use(SecondCase.class, false);
		assertThat(second).isNotSameAs(first);
		assertThat(use(FirstCase.class, false)).isSameAs(first);
		assertThat(use(SecondCase.class, true)).isSameAs(second);
		assertThat(use(SecondCase.class, true)).isNotSameAs(second);
		assertThat(use(FirstCase.class, true)).isSameAs(first);
		assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName).doesNotContain("axon-kept");
	}

	/** Does as the test framework does for a class with one test. */
	private ApplicationContext use(Class<?> testCase, boolean dirty) throws Exception {
		TestContextManager manager = new TestContextManager(testCase);
		manager.beforeTestClass();
		ApplicationContext context = manager.getTestContext().getApplicationContext();
		try (AxonChannel peer = AxonChannel.open(NAME)) {
			assertThat(peer.request("echo", ByteBuffer.allocate(3), Duration.ofSeconds(60), MessageView::length))
				.isEqualTo(3);
			context.getBean(AxonTemplate.class).send("t", null);
			assertThat(peer.receiver().poll((message) -> {
			}, 1)).isEqualTo(1);
		}
		if (dirty) {
			manager.getTestContext().markApplicationContextDirty(HierarchyMode.EXHAUSTIVE);
		}
		manager.afterTestClass();
		return context;
	}

}
