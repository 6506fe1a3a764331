package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.MessageView;
import io.axonipc.RequestTimeoutException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** Listeners that make requests of their own channel. */
@ExtendWith(OutputCaptureExtension.class)
class RequestInListenerTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

	private final ApplicationContextRunner server = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"), "axon.channels.work.capacity=64KB",
				"axon.channels.work.send-timeout=10m")
		.withBean(Listener.class);

	record Listener(AxonOperations axon) {

		@AxonListener("ask-back")
		String askBack(String depth) {
			int left = Integer.parseInt(depth);
			return (left == 0) ? "bottom" : this.axon.sendAndReceive("ask-back", "" + (left - 1), String.class);
		}

		@AxonListener("ask")
		String ask(String question) {
			return this.axon.sendAndReceive("answer", question, String.class);
		}

		@AxonListener("note")
		void note() {
		}

		@AxonListener("echo")
		ByteBuffer echo(ByteBuffer payload) {
			return payload;
		}

		@AxonListener("unable")
		void unable() {
			throw new IllegalStateException("x".repeat(400));
		}

		@AxonListener("answer")
		String answer(String question) {
			return question + "!";
		}

	}

	@Test
	void replyIsFoundBehindMessagesThatWaitForTheListener() {
		this.server.withPropertyValues("axon.channels.work.reply-timeout=10m").run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				peer.sender().send("ask", "why".getBytes());
				assertThat(peer.receiver().poll((request) -> {
					for (int i = 0; i < 100; i++) {
						peer.sender().send("note", new byte[100]);
					}
					peer.sender().reply(request, request.payload());
				}, 1, OtherProcess.PATIENCE)).isEqualTo(1);
				assertThat(new OtherProcess(peer).request("answer", "yes")).isEqualTo("yes!");
			}
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).errors("work")).isZero();
		});
	}

	/** Each waits for room that the other makes only when it receives. */
	@ParameterizedTest
	@ValueSource(strings = { "echo", "unable" })
	void applicationsThatFloodEachOtherWithRequestsAnswerThemAll(String tag) {
		ApplicationContextRunner small = this.server.withPropertyValues("axon.channels.work.capacity=4KB",
				"axon.channels.work.reply-timeout=60s");
		small.run((server) -> small.withPropertyValues("axon.channels.work.role=client").run((client) -> {
			List<CompletableFuture<Integer>> askers = new ArrayList<>();
			for (AssertableApplicationContext context : List.of(server, client)) {
				AxonOperations axon = context.getBean(AxonOperations.class);
				for (int i = 0; i < 8; i++) {
					byte[] payload = new byte[900];
					Arrays.fill(payload, (byte) i);
					askers.add(CompletableFuture.supplyAsync(() -> ask(axon, tag, payload, 25),
							(task) -> new Thread(task).start()));
				}
			}
			assertThat(askers).allSatisfy(
					(asker) -> assertThat(asker).succeedsWithin(OtherProcess.PATIENCE.multipliedBy(2)).isEqualTo(25));
		}));
	}

	/**
	 * Nobody receives, and none of them waits for those before it: that would take 90 s.
	 */
	@Test
	void repliesThatFindNoRoomAreGivenUpAfterTheSendTimeout(CapturedOutput output) {
		this.server.withPropertyValues("axon.channels.work.capacity=4KB", "axon.channels.work.send-timeout=3s")
			.run((context) -> {
				AxonListenerEndpointRegistry registry = context.getBean(AxonListenerEndpointRegistry.class);
				try (AxonChannel peer = this.names.peer("work")) {
					AxonChannel channel = context.getBean(AxonChannel.class);
					while (channel.sender().trySend("f", new byte[0])) {
						assertThat(channel.isOpen()).isTrue();
					}
					for (int i = 0; i < 30; i++) {
						assertThatExceptionOfType(RequestTimeoutException.class).isThrownBy(() -> peer.request("echo",
								ByteBuffer.allocate(8), Duration.ofMillis(1), MessageView::tag));
					}
					Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> registry.errors("work") == 30);
					// Or the channel would stay, for who comes next.
					assertThat(peer.receiver().poll((message) -> assertThat(message.tag()).isEqualTo("f"), 1000))
						.isPositive();
				}
			});
		assertThat(output)
			.contains("A request with tag 'echo' from channel 'work' stays without a reply: there was no room for it");
	}

	private static int ask(AxonOperations axon, String tag, byte[] payload, int times) {
		int answered = 0;
		for (int i = 0; i < times; i++) {
			try {
				assertThat(axon.sendAndReceive(tag, payload, byte[].class)).isEqualTo(payload);
			}
			catch (AxonRemoteException ex) {
				assertThat(ex).hasMessage("x".repeat(400));
			}
			answered++;
		}
		return answered;
	}

	@Test
	void listenersThatAskOneAnotherInTurnFailAndGoOn() {
		this.server.withPropertyValues("axon.channels.work.reply-timeout=10m")
			.run((server) -> this.server
				.withPropertyValues("axon.channels.work.role=client", "axon.channels.work.reply-timeout=200ms")
				.run((client) -> {
					AxonOperations axon = client.getBean(AxonOperations.class);
					assertThat(axon.message("ask-back")
						.payload("1")
						.timeout(OtherProcess.PATIENCE)
						.sendAndReceive(String.class)).isEqualTo("bottom");
					assertThatExceptionOfType(AxonRemoteException.class)
						.isThrownBy(() -> axon.message("ask-back")
							.payload("3")
							.timeout(OtherProcess.PATIENCE)
							.sendAndReceive(String.class))
						.withMessageContaining("no reply");
					assertThat(axon.message("answer")
						.payload("yes")
						.timeout(OtherProcess.PATIENCE)
						.sendAndReceive(String.class)).isEqualTo("yes!");
				}));
	}

	@Test
	void replyForWhichThereIsNoRoomFailsTheRequestAndTheListenerGoesOn() {
		this.server.withPropertyValues("axon.channels.work.reply-timeout=1s").run((context) -> {
			try (AxonChannel peer = this.names.peer("work")) {
				peer.sender().send("ask", "why".getBytes());
				assertThat(peer.receiver().poll((request) -> {
					while (peer.sender().trySend("note", new byte[0])) {
						this.seen.add("note");
					}
					// Waits for room, which there is when the listener has given up.
					peer.sender().reply(request, request.payload());
				}, 1, OtherProcess.PATIENCE)).isEqualTo(1);
				assertThat(this.seen.poll(60, TimeUnit.SECONDS)).isEqualTo("note");
				assertThat(new OtherProcess(peer).request("answer", "yes")).isEqualTo("yes!");
			}
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).errors("work")).isEqualTo(1);
			assertThat(context.getBean(AxonChannel.class).counters().repliesDropped()).isEqualTo(1);
		});
	}

}
