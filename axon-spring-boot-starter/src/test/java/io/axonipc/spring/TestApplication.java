package io.axonipc.spring;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;

import io.axonipc.MessageView;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;

/**
 * A Spring application in a process of its own, for tests that end processes. Says on its
 * output what its listeners are given.
 */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration(AxonAutoConfiguration.class)
public class TestApplication {

	private final CountDownLatch closed = new CountDownLatch(1);

	/**
	 * Starts it.
	 * @param arguments properties, as Spring Boot takes them
	 */
	public static void main(String[] arguments) {
		SpringApplication application = new SpringApplication(TestApplication.class);
		System.setProperty("logging.threshold.console", "off");
		System.setProperty("spring.main.banner-mode", "off");
		application.run(arguments);
	}

	@AxonListener("echo")
	String echo(String payload) {
		System.out.println("echo " + payload);
		return payload;
	}

	@AxonListener("deadly")
	void die(MessageView message) {
		System.out.println("deadly " + message.deliveries());
		Runtime.getRuntime().halt(3);
	}

	@Bean
	Executor pool() {
		return (task) -> {
			Thread thread = new Thread(task);
			thread.setDaemon(true);
			thread.start();
		};
	}

	@AxonListener(tag = "hold", executor = "${hold.executor:direct}")
	void hold(byte[] payload) throws InterruptedException {
		System.out.println("hold " + payload.length);
		new CountDownLatch(1).await();
	}

	@AxonListener("until-closed")
	String untilClosed() throws InterruptedException {
		System.out.println("until-closed");
		this.closed.await();
		return "closed";
	}

	@EventListener(ContextClosedEvent.class)
	void close() {
		this.closed.countDown();
	}

}
