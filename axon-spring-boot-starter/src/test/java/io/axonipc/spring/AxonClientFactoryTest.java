package io.axonipc.spring;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.MessageView;
import io.axonipc.RequestTimeoutException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Payload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verifyNoInteractions;

class AxonClientFactoryTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("points"));

	private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

	record Point(int x, int y) {
	}

	record Listener(BlockingQueue<String> seen) {

		@AxonListener({ "mirrored", "placeholder" })
		Point mirrored(Point point) {
			return new Point(point.y(), point.x());
		}

		@AxonListener("points")
		List<Point> points(int count) {
			return Collections.nCopies(count, new Point(count, count));
		}

		@AxonListener("length")
		int length(String text) {
			return text.length();
		}

		@AxonListener("describe")
		String describe(MessageView message) {
			String text = message.tag() + " " + new String(message.toByteArray(), StandardCharsets.UTF_8) + " "
					+ message.isRequest() + " "
					+ ((message.metadata() != null) ? new String(message.metadata(), StandardCharsets.UTF_8) : "");
			this.seen.add(text);
			return text;
		}

		@AxonListener("empty")
		void empty() {
		}

		@AxonListener("fail")
		void fail() {
			throw new IllegalStateException("on purpose");
		}

	}

	@AxonExchange(channel = "${the.channel}", timeout = "10m")
	interface Points {

		@AxonExchange("mirrored")
		Point mirror(Point point);

		@AxonExchange(tag = "${the.tag}")
		Point resolved(Point point);

		@AxonExchange
		List<Point> points(int count);

		@AxonExchange
		int length(String text);

		@AxonExchange("length")
		CompletableFuture<Integer> lengthLater(String text);

		@AxonExchange("points")
		CompletionStage<List<Point>> pointsLater(int count);

		@AxonExchange
		void describe(String text);

		@AxonExchange
		String describe();

		@AxonExchange("?")
		String describe(@Payload String text, @Header(AxonHeaders.TAG) String tag,
				@Header(AxonHeaders.CHANNEL) String channel, @Header(AxonHeaders.METADATA) byte[] metadata);

		@AxonExchange("empty")
		int missing();

		@AxonExchange("empty")
		Void waitUntilEmpty();

		@AxonExchange
		Void fail();

		@AxonExchange("nobody")
		Void impatient(Duration timeout);

		@AxonExchange(tag = "nobody", timeout = "0s")
		Void mostImpatient();

		default int lengthOfTwo(String text) {
			return 2 * length(text);
		}

	}

	@FunctionalInterface
	private interface Action {

		void run(Points points) throws Exception;

	}

	private void asClient(Action action) {
		this.runner.withBean(Listener.class, () -> new Listener(this.seen))
			.run((server) -> this.runner
				.withPropertyValues("axon.channels.points.role=client", "the.channel=points", "the.tag=placeholder")
				.run((client) -> action.run(client.getBean(AxonClientFactory.class).create(Points.class))));
	}

	@Test
	void argumentsAndRepliesAreConverted() {
		asClient((points) -> {
			assertThat(points.mirror(new Point(1, 2))).isEqualTo(new Point(2, 1));
			assertThat(points.resolved(new Point(1, 2))).isEqualTo(new Point(2, 1));
			assertThat(points.points(2)).containsExactly(new Point(2, 2), new Point(2, 2));
			assertThat(points.length("four")).isEqualTo(4);
			assertThat(points.lengthOfTwo("four")).isEqualTo(8);
			assertThat(points.describe()).isEqualTo("describe  true ");
		});
	}

	@Test
	void futuresCompleteLater() {
		asClient((points) -> {
			assertThat(points.lengthLater("four")).succeedsWithin(OtherProcess.PATIENCE).isEqualTo(4);
			assertThat(points.pointsLater(1)).succeedsWithin(OtherProcess.PATIENCE).isEqualTo(List.of(new Point(1, 1)));
		});
	}

	@Test
	void voidSendsAndWaitsForNoReply() {
		asClient((points) -> {
			points.describe("text");
			assertThat(this.seen.poll(60, TimeUnit.SECONDS)).isEqualTo("describe text false ");
		});
	}

	@Test
	void headersAreArguments() {
		asClient((points) -> {
			byte[] metadata = "beside".getBytes(StandardCharsets.UTF_8);
			assertThat(points.describe("text", "describe", "points", metadata)).isEqualTo("describe text true beside");
			assertThatIllegalArgumentException().isThrownBy(() -> points.describe("text", "describe", "lines", null))
				.withMessageContaining("'lines'");
		});
	}

	@Test
	void failuresAreThoseOfRequests() {
		asClient((points) -> {
			assertThatExceptionOfType(AxonRemoteException.class).isThrownBy(points::fail).withMessage("on purpose");
			assertThat(points.waitUntilEmpty()).isNull();
			assertThatIllegalStateException().isThrownBy(points::missing).withMessageContaining("'empty'");
		});
	}

	@Test
	void timeoutsAreArgumentsOrAttributes() {
		this.runner.run((context) -> {
			AxonClientFactory clients = new AxonClientFactory(context.getBean(AxonOperations.class));
			clients.setEmbeddedValueResolver((text) -> text.replace("${the.channel}", "points"));
			Points points = clients.create(Points.class);
			assertThatExceptionOfType(RequestTimeoutException.class)
				.isThrownBy(() -> points.impatient(Duration.ofMillis(1)));
			assertThatExceptionOfType(RequestTimeoutException.class).isThrownBy(points::mostImpatient);
			this.names.peer("points").close();
		});
		AxonChannel.discard(this.names.name("points"));
	}

	@Test
	void methodsOfObjectAreNoExchanges() {
		AxonOperations axon = mock(AxonOperations.class);
		Points points = new AxonClientFactory(axon).create(Points.class);
		assertThat(points).isEqualTo(points).isNotEqualTo(new AxonClientFactory(axon).create(Points.class));
		assertThat(points.hashCode()).isEqualTo(points.hashCode());
		assertThat(points).hasToString("Axon client " + Points.class.getName());
		verifyNoInteractions(axon);
	}

	interface NotAnnotated {

		String call();

	}

	interface TwoPayloads {

		@AxonExchange
		String call(String one, String two);

	}

	interface UnknownHeader {

		@AxonExchange
		String call(@Header("tenant") String tenant);

	}

	interface HeaderOfAnotherType {

		@AxonExchange
		String call(@Header(AxonHeaders.METADATA) String metadata);

	}

	interface OtherFuture {

		@AxonExchange
		Future<String> call();

	}

	interface ReactiveReply {

		@AxonExchange
		Flux<String> call();

	}

	interface NoDuration {

		@AxonExchange(timeout = "soon")
		String call();

	}

	@AxonExchange("tag")
	interface TagForAll {

		@AxonExchange
		String call();

	}

	@ParameterizedTest
	@CsvSource({ "NotAnnotated,is no exchange. Annotate it", "TwoPayloads,one record", "UnknownHeader,tenant",
			"HeaderOfAnotherType,must be a byte[]", "OtherFuture,Return a CompletableFuture",
			"ReactiveReply,returns Flux. Return a CompletableFuture", "NoDuration,soon", "TagForAll,a tag of its own" })
	void methodThatIsNoExchangeIsRefusedWithItsNameAndARemedy(String type, String message) throws Exception {
		Class<?> client = Class.forName(AxonClientFactoryTest.class.getName() + "$" + type);
		assertThatIllegalArgumentException()
			.isThrownBy(() -> new AxonClientFactory(mock(AxonOperations.class)).create(client))
			.withMessageContaining(type + ".call(")
			.withMessageContaining(message);
		assertThatIllegalArgumentException()
			.isThrownBy(() -> new AxonClientFactory(mock(AxonOperations.class)).create(String.class))
			.withMessageContaining("is no interface");
	}

}
