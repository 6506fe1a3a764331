package io.axonipc.spring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.ChannelOptions;
import io.axonipc.MessageView;
import io.axonipc.Role;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.axonipc.spring.autoconfigure.metrics.AxonMetrics;
import io.axonipc.testing.PeerProcess;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class RedeliveryLimitTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"), "axon.channels.work.role=client")
		.withBean(Listener.class, () -> new Listener(this.seen));

	private AxonChannel peer;

	record Listener(BlockingQueue<String> seen) {

		@AxonListener({ "deadly", "next" })
		void listen(MessageView message) {
			this.seen.add("listener " + message.tag() + " " + message.deliveries());
		}

	}

	@BeforeEach
	void open() {
		this.peer = AxonChannel.open(this.names.name("work"), ChannelOptions.defaults().role(Role.SERVER));
	}

	@AfterEach
	void close() {
		this.peer.close();
	}

	@ParameterizedTest
	@CsvSource({ "3,0,listener deadly 1", "3,2,listener deadly 3", "3,3,recoverer work deadly 4",
			"3,5,recoverer work deadly 6", "3,6,", "3,63,", "1,1,recoverer work deadly 2", "1,2,",
			"31,30,listener deadly 31", "31,61,recoverer work deadly 62", "31,62,", "0,63,listener deadly 63" })
	void deathsDecideWhoGetsTheMessage(int limit, int deaths, String expected) throws IOException {
		this.peer.sender().send("deadly", new byte[0]);
		this.peer.sender().send("next", new byte[0]);
		pretendDeaths(deaths);
		AxonMessageRecoverer recoverer = (message, channel) -> this.seen
			.add("recoverer " + channel + " " + message.tag() + " " + message.deliveries());
		this.runner.withPropertyValues("axon.channels.work.listener.redelivery-limit=" + limit)
			.withBean(AxonMessageRecoverer.class, () -> recoverer)
			.run((context) -> {
				if (expected != null) {
					assertThat(take()).isEqualTo(expected);
				}
				assertThat(take()).isEqualTo("listener next 1");
				assertThat(setAside(context)).isEqualTo((expected == null || expected.startsWith("recoverer")) ? 1 : 0);
			});
	}

	@Test
	void withoutARecovererItIsLoggedDiscardedAndAnswered(CapturedOutput output) throws IOException {
		CompletableFuture<String> reply = requestFromTheDead();
		this.runner.run((context) -> {
			assertThat(reply.join()).contains(
					"message with tag 'deadly' on channel 'work' is set aside; processes that died with it in hand: 3");
			assertThat(this.seen).isEmpty();
			AxonListenerEndpointRegistry registry = context.getBean(AxonListenerEndpointRegistry.class);
			assertThat(registry.errors("work")).isZero();
			MeterRegistry meters = new SimpleMeterRegistry();
			new AxonMetrics(context.getBean(AxonChannels.class), registry).bindTo(meters);
			assertThat(meters.get("axon.messages.set.aside").functionCounter().count()).isEqualTo(1);
		});
		assertThat(output).contains("message with tag 'deadly' on channel 'work' is set aside")
			.contains("Its 6 bytes are discarded")
			.doesNotContain("secret");
	}

	@Test
	void recovererThatFailsIsLoggedAndTheRequestAnswered(CapturedOutput output) throws IOException {
		CompletableFuture<String> reply = requestFromTheDead();
		AxonMessageRecoverer recoverer = (message, channel) -> {
			throw new IOException("disk full");
		};
		this.runner.withBean(AxonMessageRecoverer.class, () -> recoverer).run((context) -> {
			assertThat(reply.join()).contains("is set aside");
			this.peer.sender().send("next", new byte[0]);
			assertThat(take()).isEqualTo("listener next 1");
		});
		assertThat(output).contains("message with tag 'deadly' from channel 'work' is discarded")
			.contains("IOException: disk full")
			.doesNotContain("stays without a reply");
	}

	/** A request, as it is found by the successor of three dead. */
	private CompletableFuture<String> requestFromTheDead() throws IOException {
		CompletableFuture<String> reply = CompletableFuture.supplyAsync(() -> {
			try {
				return new OtherProcess(this.peer).request("deadly", "secret");
			}
			catch (AxonRemoteException ex) {
				return ex.getMessage();
			}
		}, (task) -> new Thread(task).start());
		Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> this.peer.counters().ringUsed() > 0);
		pretendDeaths(3);
		return reply;
	}

	@Test
	void messageThatKilledItsReceiverThreeTimesIsNotDeliveredAgain() throws IOException, InterruptedException {
		this.peer.sender().send("deadly", new byte[0]);
		this.peer.sender().send("echo", "next".getBytes(StandardCharsets.UTF_8));
		for (int delivery = 1; delivery <= 3; delivery++) {
			try (PeerProcess application = start()) {
				application.expect("deadly " + delivery);
				application.expectExit(3);
			}
		}
		try (PeerProcess application = start()) {
			application.expect("echo next");
			assertThat(new OtherProcess(this.peer).request("echo", "later")).isEqualTo("later");
			application.expect("echo later");
			application.signal("TERM");
			application.expectExit(143);
		}
	}

	/**
	 * Leaves what so many clients leave that die with the first message in hand: see
	 * "handled" in PROTOCOL.md.
	 */
	private void pretendDeaths(int deaths) throws IOException {
		ByteBuffer handled = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, deaths);
		Path segment = Path.of("/dev/shm/axon." + this.names.name("work"));
		try (FileChannel file = FileChannel.open(segment, StandardOpenOption.WRITE)) {
			file.write(handled, 4096 + 256);
		}
	}

	private PeerProcess start() throws IOException {
		return PeerProcess.start(TestApplication.class, "--axon.channels.work.name=" + this.names.name("work"),
				"--axon.channels.work.role=client");
	}

	private String take() throws InterruptedException {
		return this.seen.poll(60, TimeUnit.SECONDS);
	}

	private static long setAside(AssertableApplicationContext context) {
		return context.getBean(AxonListenerEndpointRegistry.class).setAside("work");
	}

}
