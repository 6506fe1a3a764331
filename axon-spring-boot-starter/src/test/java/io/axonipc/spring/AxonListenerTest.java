package io.axonipc.spring;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.MessageHeader;
import io.axonipc.MessageView;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.annotation.AliasFor;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Headers;
import org.springframework.messaging.handler.annotation.Payload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@ExtendWith(OutputCaptureExtension.class)
class AxonListenerTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("features"), "tags.greeting=hello");

	private final Listeners listeners = new Listeners();

	private AxonListenerEndpointRegistry registry;

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

		@AxonListener("object")
		Object object(Object payload) {
			return payload;
		}

		@AxonListener("elements")
		Long elements(List<Long> payload) {
			return payload.get(0);
		}

		@AxonListener("count")
		int count(int payload) {
			return payload + 1;
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

		@AxonListener("own-channel")
		String channel(AxonChannel channel, @Payload String text) {
			return channel.role() + " " + text;
		}

		@AxonListener("only-channel")
		String channelOnly(AxonChannel channel) {
			return channel.role().toString();
		}

		@AxonListener("metadata")
		String metadata(@Header(name = AxonHeaders.METADATA, required = false) byte[] metadata,
				@Headers Map<String, Object> headers) {
			return ((metadata != null) ? new String(metadata, StandardCharsets.UTF_8) : "none") + " "
					+ headers.get(AxonHeaders.TAG);
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

	}

	private void withListeners(Consumer<OtherProcess> test) {
		withListeners(this.runner, test);
	}

	private void withListeners(ApplicationContextRunner runner, Consumer<OtherProcess> test) {
		runner.withBean(Listeners.class, () -> this.listeners).run((context) -> {
			assertThat(context).hasNotFailed();
			this.registry = context.getBean(AxonListenerEndpointRegistry.class);
			try (AxonChannel peer = this.names.peer("features")) {
				test.accept(new OtherProcess(peer));
			}
		});
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
			assertThat(this.listeners.seen).containsExactly(List.of(true, true, ByteOrder.LITTLE_ENDIAN));
		});
	}

	@Test
	void voidMakesAnEmptyReply() {
		withListeners((peer) -> {
			assertThat(peer.request("nothing")).isEmpty();
			assertThat(this.listeners.seen).containsExactly("nothing");
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
	void objectIsWhatMessagingMakesOfIt() {
		withListeners((peer) -> {
			assertThat(peer.request("object", "text")).isEqualTo("text");
			assertThat(peer.request("elements", "[5]")).isEqualTo("5");
			assertThat(peer.request("count", "41")).isEqualTo("42");
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
	void channelIsAParameter() {
		withListeners((peer) -> {
			assertThat(peer.request("own-channel", "text")).isEqualTo("server text");
			assertThat(peer.request("only-channel", "text")).isEqualTo("server");
		});
	}

	@Test
	void metadataIsAHeader() {
		withListeners((peer) -> {
			assertThat(peer.request("metadata", "")).isEqualTo("none metadata");
			MessageHeader header = new MessageHeader("metadata", "trace".getBytes(StandardCharsets.UTF_8));
			assertThat(peer.channel()
				.request(header, ByteBuffer.allocate(0), OtherProcess.PATIENCE, MessageView::toByteArray)).asString()
				.isEqualTo("trace metadata");
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
			assertThat(this.registry.errors("features")).isEqualTo(1);
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
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("json", "{"))
				.withMessageContaining("Could not read JSON");
			for (String nothing : List.of("", "null")) {
				assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(() -> peer.request("json", nothing))
					.withMessageContaining("empty or null and has to be " + Point.class.getName());
			}
			assertThat(this.registry.errors("features")).isEqualTo(4);
		});
	}

}
