package io.axonipc.spring;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import com.sun.management.ThreadMXBean;
import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.ChannelClosedException;
import io.axonipc.MessageView;
import io.axonipc.RequestTimeoutException;
import io.axonipc.SendTimeoutException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.mockito.Answers;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.converter.JacksonJsonMessageConverter;
import org.springframework.messaging.converter.MessageConversionException;
import org.springframework.messaging.converter.StringMessageConverter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;

class AxonMessageSpecTest {

	private static final ParameterizedTypeReference<List<Point>> POINTS = new ParameterizedTypeReference<>() {
	};

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner server = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("points"), "axon.channels.points.capacity=4KB",
				"axon.channels.points.reply-timeout=10m");

	private final Listener listener = new Listener();

	record Point(int x, int y) {
	}

	static class Listener {

		final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

		final CountDownLatch release = new CountDownLatch(1);

		@AxonListener("mirrored")
		List<Point> mirrored(List<Point> points) {
			return points.stream().map((point) -> new Point(point.y(), point.x())).toList();
		}

		@AxonListener("describe")
		String describe(MessageView message) {
			String text = message.length() + " "
					+ ((message.metadata() != null) ? new String(message.metadata(), StandardCharsets.UTF_8) : "");
			this.seen.add(text);
			return text;
		}

		@AxonListener("number")
		long[] number(long[] numbers) {
			this.seen.add("number " + numbers[0]);
			return numbers;
		}

		@AxonListener("wait")
		String waiting() throws InterruptedException {
			this.seen.add("waiting");
			this.release.await();
			return "done";
		}

		@AxonListener("fail")
		void fail() {
			throw new IllegalStateException("on purpose");
		}

	}

	@FunctionalInterface
	private interface Action {

		void run(AxonTemplate axon) throws Exception;

	}

	/** Runs an action as the client of an application that listens. */
	private void asClient(Action action, String... properties) {
		this.server.withBean(Listener.class, () -> this.listener)
			.run((server) -> this.server.withPropertyValues("axon.channels.points.role=client")
				.withPropertyValues(properties)
				.run((client) -> action.run(client.getBean(AxonTemplate.class))));
	}

	@Test
	void repliesOfGenericTypes() {
		asClient((axon) -> {
			List<Point> points = List.of(new Point(1, 2));
			assertThat(axon.sendAndReceive("mirrored", points, POINTS)).containsExactly(new Point(2, 1));
			assertThat(axon.message("mirrored").channel("points").payload(points).sendAndReceiveAsync(POINTS))
				.succeedsWithin(OtherProcess.PATIENCE)
				.isEqualTo(List.of(new Point(2, 1)));
		});
	}

	@Test
	void genericTypeThatAConverterIsNotAskedForIsRefused() {
		asClient((axon) -> assertThatExceptionOfType(MessageConversionException.class)
			.isThrownBy(() -> axon.message("mirrored")
				.payload(List.of(new Point(1, 2)))
				.converter(new JacksonJsonMessageConverter())
				.sendAndReceive(POINTS))
			.withMessageContaining("DirectMessageConverter"));
	}

	@Test
	void converterOfAMessageReplacesTheApplications() {
		asClient((axon) -> {
			AxonMessageSpec message = axon.message("describe")
				.payload(new StringBuilder("four"))
				.converter(new StringBuilderConverter());
			assertThat(message.sendAndReceive(String.class)).isEqualTo("4 ");
		});
	}

	static class StringBuilderConverter extends StringMessageConverter {

		@Override
		protected boolean supports(Class<?> type) {
			return type == StringBuilder.class;
		}

		@Override
		protected Object convertToInternal(Object payload, MessageHeaders headers, Object hint) {
			return payload.toString().getBytes(StandardCharsets.UTF_8);
		}

	}

	@Test
	void metadataTravelsWithMessagesClaimsAndRequests() {
		asClient((axon) -> {
			byte[] metadata = "beside".getBytes(StandardCharsets.UTF_8);
			assertThat(axon.message("describe").metadata(metadata).sendAndReceive(String.class)).isEqualTo("0 beside");
			axon.message("describe").metadata(metadata).payload("abc").send();
			axon.message("describe").metadata(metadata).send(2, (buffer) -> buffer.put(new byte[2]));
			axon.message("describe").send();
			for (String expected : new String[] { "0 beside", "3 beside", "2 beside", "0 " }) {
				assertThat(this.listener.seen.poll(60, TimeUnit.SECONDS)).isEqualTo(expected);
			}
		});
	}

	@Test
	void payloadIsWrittenAndReplyReadInPlace() {
		asClient((axon) -> {
			axon.message("number").send(8, (buffer) -> buffer.putLong(42));
			assertThat(this.listener.seen.poll(60, TimeUnit.SECONDS)).isEqualTo("number 42");
			long number = axon.message("number")
				.payload(new long[] { 7 })
				.sendAndReceive((MessageView reply) -> reply.getLong(0));
			assertThat(number).isEqualTo(7);
		});
	}

	@Test
	void writerThatThrowsSendsNothing() {
		this.server.run((context) -> {
			AxonTemplate axon = context.getBean(AxonTemplate.class);
			assertThatIllegalStateException().isThrownBy(() -> axon.message("t").send(8, (buffer) -> {
				throw new IllegalStateException("on purpose");
			})).withMessage("on purpose");
			assertThatIllegalStateException().isThrownBy(() -> axon.message("t").payload("x").send(8, (buffer) -> {
			})).withMessageContaining("'t'");
			axon.send("t", "next");
			try (AxonChannel peer = this.names.peer("points")) {
				assertThat(peer.receiver().poll((message) -> assertThat(message.length()).isEqualTo(4), 2))
					.isEqualTo(1);
			}
		});
	}

	@Test
	void fullChannelIsSeenAtOnceWithATimeoutOfZero() {
		this.server.withPropertyValues("axon.channels.points.send-timeout=10m").run((context) -> {
			AxonTemplate axon = context.getBean(AxonTemplate.class);
			assertThatExceptionOfType(SendTimeoutException.class).isThrownBy(() -> {
				while (true) {
					axon.message("t").payload(new byte[900]).timeout(Duration.ZERO).send();
				}
			});
			try (AxonChannel peer = this.names.peer("points")) {
				assertThat(peer.receiver().poll((message) -> {
				}, 100)).isPositive();
			}
		});
	}

	@Test
	void sendingBytesAllocatesNothing() {
		this.server.run((context) -> {
			AxonTemplate axon = context.getBean(AxonTemplate.class);
			ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
			byte[] payload = new byte[16];
			int times = 20_000;
			long allocated = 0;
			try (AxonChannel peer = this.names.peer("points")) {
				// The first rounds initialise classes.
				for (int round = 0; round < 3; round++) {
					long before = threads.getCurrentThreadAllocatedBytes();
					for (int i = 0; i < times; i++) {
						axon.send("points", "t", payload);
						peer.receiver().poll(MessageView::length, 1);
					}
					allocated = threads.getCurrentThreadAllocatedBytes() - before;
				}
			}
			assertThat(allocated).isLessThan(times);
		});
	}

	@Test
	void asynchronousRequestsRunSideBySideAndCompleteAsTheirRepliesCome() {
		asClient((axon) -> {
			CompletableFuture<String> waiting = axon.sendAndReceiveAsync("wait", null, String.class);
			CompletableFuture<String> behind = axon.sendAndReceiveAsync("points", "describe", "abc", String.class);
			assertThat(this.listener.seen.poll(60, TimeUnit.SECONDS)).isIn("waiting", "3 ");
			this.listener.release.countDown();
			assertThat(waiting).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("done");
			assertThat(behind).succeedsWithin(OtherProcess.PATIENCE).isEqualTo("3 ");
			assertThat(axon.sendAndReceiveAsync("fail", null, Void.class)).failsWithin(OtherProcess.PATIENCE)
				.withThrowableThat()
				.withCauseInstanceOf(AxonRemoteException.class)
				.withMessageContaining("on purpose");
		});
	}

	@Test
	void asynchronousRequestTimesOut() {
		this.server.run((context) -> {
			AxonTemplate axon = context.getBean(AxonTemplate.class);
			assertThat(axon.message("t").timeout(Duration.ofMillis(1)).sendAndReceiveAsync(String.class))
				.failsWithin(OtherProcess.PATIENCE)
				.withThrowableThat()
				.withCauseInstanceOf(RequestTimeoutException.class);
			try (AxonChannel peer = this.names.peer("points")) {
				assertThat(peer.receiver().poll((message) -> {
				}, 2)).isEqualTo(1);
			}
		});
	}

	@Test
	void cancelledRequestIsGivenUpAndItsReplyDropped() {
		this.server.withBean(Listener.class, () -> this.listener)
			.run((server) -> this.server.withPropertyValues("axon.channels.points.role=client").run((client) -> {
				AxonTemplate axon = client.getBean(AxonTemplate.class);
				CompletableFuture<String> cancelled = axon.sendAndReceiveAsync("wait", null, String.class);
				assertThat(this.listener.seen.poll(60, TimeUnit.SECONDS)).isEqualTo("waiting");
				assertThat(requestThreads()).isNotZero();
				assertThat(cancelled.cancel(true)).isTrue();
				Awaitility.await().atMost(OtherProcess.PATIENCE).until(() -> requestThreads() == 0);
				this.listener.release.countDown();
				assertThat(axon.sendAndReceive("describe", "abc", String.class)).isEqualTo("3 ");
				assertThat(client.getBean(AxonChannel.class).counters().repliesDropped()).isEqualTo(1);
			}));
	}

	private static long requestThreads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().startsWith("axon-request-"))
			.count();
	}

	@Test
	void asynchronousPayloadIsConvertedBeforeTheCallReturns() {
		asClient((axon) -> {
			long[] numbers = { 1 };
			CompletableFuture<long[]> reply = axon.sendAndReceiveAsync("number", numbers, long[].class);
			numbers[0] = 2;
			assertThat(reply).succeedsWithin(OtherProcess.PATIENCE).isEqualTo(new long[] { 1 });
			assertThatExceptionOfType(MessageConversionException.class)
				.isThrownBy(() -> axon.sendAndReceiveAsync("describe", new Unwritable(), String.class));
		});
	}

	static class Unwritable {

		public int getNumber() {
			throw new IllegalStateException("on purpose");
		}

	}

	@Test
	void closeEndsAsynchronousRequests() {
		this.server.run((context) -> {
			AxonTemplate axon = context.getBean(AxonTemplate.class);
			try (AxonChannel peer = this.names.peer("points")) {
				CompletableFuture<String> reply = axon.sendAndReceiveAsync("question", null, String.class);
				assertThat(peer.receiver().poll((message) -> {
				}, 1, OtherProcess.PATIENCE)).isEqualTo(1);
				context.close();
				assertThat(reply).failsWithin(OtherProcess.PATIENCE)
					.withThrowableThat()
					.withCauseInstanceOf(ChannelClosedException.class);
			}
		});
		assertThat(requestThreads()).isZero();
	}

	@Test
	void operationsMockWell() {
		AxonOperations axon = mock(AxonOperations.class);
		AxonMessageSpec message = mock(AxonMessageSpec.class, Answers.RETURNS_SELF);
		given(axon.sendAndReceive("norm", "x", Double.class)).willReturn(5.0);
		given(axon.message("mirrored")).willReturn(message);
		given(message.sendAndReceive(POINTS)).willReturn(List.of(new Point(1, 2)));
		assertThat(axon.sendAndReceive("norm", "x", Double.class)).isEqualTo(5);
		assertThat(axon.message("mirrored").timeout(Duration.ZERO).payload("x").sendAndReceive(POINTS)).hasSize(1);
		axon.send("note", "x");
		then(axon).should().send("note", "x");
		then(message).should().payload("x");
	}

	@Test
	void worksWhereVirtualThreadsAreOn() {
		asClient((axon) -> assertThat(axon.sendAndReceiveAsync("describe", "abc", String.class))
			.succeedsWithin(OtherProcess.PATIENCE)
			.isEqualTo("3 "), "spring.threads.virtual.enabled=true");
	}

}
