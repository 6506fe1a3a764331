package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.ChannelOptions;
import io.axonipc.MessageHandler;
import io.axonipc.MessageView;
import io.axonipc.RequestTimeoutException;
import io.axonipc.Role;
import io.axonipc.SendTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.messaging.converter.ByteArrayMessageConverter;
import org.springframework.messaging.converter.JacksonJsonMessageConverter;
import org.springframework.messaging.converter.MessageConversionException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class AxonTemplateTest {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private AxonChannels channels;

	private AxonChannel peer;

	private AxonTemplate template;

	record Point(int x, int y) {
	}

	@BeforeEach
	void open() {
		ChannelOptions options = ChannelOptions.defaults()
			.role(Role.SERVER)
			.capacity(4096)
			.sendTimeout(Duration.ofMillis(50))
			.requestTimeout(PATIENCE);
		this.channels = new AxonChannels(List.of(new ChannelDefinition("points", this.names.name("points"), options)));
		this.channels.start();
		this.peer = this.names.peer("points");
		this.template = new AxonTemplate(this.channels, new JacksonJsonMessageConverter(), null);
	}

	@AfterEach
	void close() {
		this.peer.close();
		this.channels.stop();
	}

	@Test
	void sendsBytesStringsArraysAndNothing() {
		this.template.send("points", "t", new byte[] { 1, 2 });
		expect((message) -> assertThat(message.toByteArray()).containsExactly(1, 2));
		this.template.send("t", ByteBuffer.wrap(new byte[] { 3 }));
		expect((message) -> assertThat(message.toByteArray()).containsExactly(3));
		this.template.send("t", "\u20ac");
		expect((message) -> assertThat(message.toByteArray()).isEqualTo("\u20ac".getBytes(StandardCharsets.UTF_8)));
		this.template.send("t", new double[] { 0.5, -1 });
		expect((message) -> {
			assertThat(message.length()).isEqualTo(16);
			assertThat(message.getDouble(8)).isEqualTo(-1);
		});
		this.template.send("t", null);
		expect((message) -> {
			assertThat(message.length()).isZero();
			assertThat(message.isRequest()).isFalse();
		});
	}

	@Test
	void sendsObjectsAsJson() {
		this.template.send("t", new Point(1, 2));
		expect((message) -> assertThat(message.toByteArray()).asString(StandardCharsets.UTF_8)
			.isEqualTo("{\"x\":1,\"y\":2}"));
	}

	@Test
	void arrayTooLargeForTheRingTravelsInOnePiece() {
		double[] values = new double[100_000];
		values[99_999] = 42;
		this.template.send("t", values);
		expect((message) -> assertThat(message.getDouble(8 * 99_999)).isEqualTo(42));
	}

	@Test
	void receivesTheReply() {
		answer((request) -> this.peer.sender().reply(request, request.payload()), () -> {
			assertThat(this.template.sendAndReceive("points", "t", "hello", String.class)).isEqualTo("hello");
			assertThat(this.template.sendAndReceive("t", new long[] { 7 }, long[].class)).containsExactly(7);
			assertThat(this.template.sendAndReceive("t", new Point(3, 4), Point.class)).isEqualTo(new Point(3, 4));
			assertThat(this.template.sendAndReceive("t", "buffer", ByteBuffer.class, PATIENCE))
				.isEqualTo(ByteBuffer.wrap("buffer".getBytes(StandardCharsets.UTF_8)));
			assertThat(this.template.sendAndReceive("points", "t", "{}", byte[].class, PATIENCE)).hasSize(2);
		});
	}

	@Test
	void emptyReplyIsNullOrEmpty() {
		answer((request) -> this.peer.sender().reply(request, ByteBuffer.allocate(0)), () -> {
			assertThat(this.template.sendAndReceive("t", null, Void.class)).isNull();
			assertThat(this.template.sendAndReceive("t", null, Point.class)).isNull();
			assertThat(this.template.sendAndReceive("t", null, String.class)).isEmpty();
		});
	}

	@Test
	void errorOfThePeerIsThrownWithItsText() {
		answer((request) -> this.peer.sender().replyError(request, "no such crystal"),
				() -> assertThatExceptionOfType(AxonRemoteException.class)
					.isThrownBy(() -> this.template.sendAndReceive("t", null, Void.class))
					.withMessageContaining("no such crystal"));
	}

	@Test
	void requestWithoutReplyTimesOut() {
		assertThatExceptionOfType(RequestTimeoutException.class)
			.isThrownBy(() -> this.template.sendAndReceive("t", null, Void.class, Duration.ofMillis(20)));
		expect((message) -> assertThat(message.isRequest()).isTrue());
	}

	@Test
	void fullChannelTimesOut() {
		assertThatExceptionOfType(SendTimeoutException.class).isThrownBy(() -> {
			for (int i = 0; i < 100; i++) {
				this.template.send("t", new byte[900]);
			}
		});
		this.peer.receiver().poll((message) -> {
		}, 100);
	}

	@Test
	void replyThatCannotBeReadSaysWhatWasExpected() {
		answer((request) -> this.peer.sender().reply(request, ByteBuffer.wrap(new byte[] { 1, 2, 3 })), () -> {
			assertThatExceptionOfType(MessageConversionException.class)
				.isThrownBy(() -> this.template.sendAndReceive("t", null, double[].class))
				.withMessageContaining("tag 't' on channel 'points' as double[]")
				.withMessageContaining("3 bytes");
			assertThatExceptionOfType(MessageConversionException.class)
				.isThrownBy(() -> this.template.sendAndReceive("t", null, Point.class))
				.withMessageContaining("tag 't' on channel 'points' as " + Point.class.getName());
		});
	}

	@Test
	void payloadThatCannotBeWrittenSaysWhyAndSendsNothing() {
		AxonTemplate withoutJson = new AxonTemplate(this.channels, new ByteArrayMessageConverter(), null);
		assertThatExceptionOfType(MessageConversionException.class)
			.isThrownBy(() -> withoutJson.send("points", "t", new Point(1, 2)))
			.withMessageContaining(Point.class.getName())
			.withMessageContaining("tag 't' on channel 'points'")
			.withMessageContaining("Jackson");
		assertThat(this.peer.receiver().poll((message) -> {
		}, 1)).isZero();
	}

	@Test
	void unknownChannelIsRefusedWithThoseThereAre() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.template.send("lines", "t", null))
			.withMessageContaining("'lines'")
			.withMessageContaining("[points]");
	}

	@Test
	void channelMustBeNamedWhereThereAreSeveral() {
		AxonChannels two = new AxonChannels(List.of(new ChannelDefinition("a", "a", ChannelOptions.defaults()),
				new ChannelDefinition("b", "b", ChannelOptions.defaults())));
		AxonTemplate template = new AxonTemplate(two, new ByteArrayMessageConverter(), null);
		assertThatIllegalStateException().isThrownBy(() -> template.send("t", null)).withMessageContaining("[a, b]");
	}

	@Test
	void defaultChannelIsUsedWhereNoneIsNamed() {
		AxonTemplate template = new AxonTemplate(this.channels, new ByteArrayMessageConverter(), "points");
		template.send("t", "x");
		expect((message) -> assertThat(message.tag()).isEqualTo("t"));
	}

	private void expect(Consumer<MessageView> check) {
		assertThat(this.peer.receiver().poll(check::accept, 1, PATIENCE)).isEqualTo(1);
	}

	/** Answers requests by another thread while an action runs. */
	private void answer(MessageHandler handler, Runnable action) {
		CompletableFuture<Void> done = new CompletableFuture<>();
		CompletableFuture<Void> answering = CompletableFuture.runAsync(() -> {
			while (!done.isDone()) {
				this.peer.receiver().poll(handler, 1, Duration.ofMillis(20));
			}
		}, (task) -> new Thread(task).start());
		try {
			action.run();
		}
		finally {
			done.complete(null);
			answering.join();
		}
	}

}
