package io.axonipc;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

import io.axonipc.testing.Peer;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.Requirements;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Java against a peer in a process of its own, in each language, under default options.
 */
class CrossProcessTest {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final List<Integer> SIZES = List.of(0, 1, 7, 32, 255, 4096, 262_128, 262_136, 262_144, 1 << 20,
			5_000_001, 64 << 20);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final String name = this.names.next();

	@AfterEach
	void cleanUp() {
		this.threads.shutdownNow();
		AxonChannel.discard(this.name);
	}

	static Stream<Arguments> everyRoleAndOrder() {
		return Stream.of(Language.values())
			.flatMap((language) -> Stream.of(Role.values())
				.flatMap((role) -> Stream.of(true, false).map((first) -> Arguments.of(language, role, first))));
	}

	@ParameterizedTest(name = "{0} peer, Java is {1}, Java first: {2}")
	@MethodSource("everyRoleAndOrder")
	void messagesOfAllSizesGoThereAndBack(Language language, Role role, boolean first) throws Exception {
		PeerProcess.need(language);
		Requirements.sharedMemory(192);
		ChannelOptions options = ChannelOptions.defaults().role(role).openTimeout(PATIENCE);
		Future<AxonChannel> opening = null;
		if (first) {
			opening = this.threads.submit(() -> AxonChannel.open(this.name, options));
			await().until(() -> role == Role.CLIENT || !UniqueNames.files(this.name).isEmpty());
		}
		try (PeerProcess peer = start(language, role.peer(), "echo")) {
			if (!first && role == Role.CLIENT) {
				peer.expect("ready");
			}
			try (AxonChannel channel = first ? opening.get() : AxonChannel.open(this.name, options)) {
				for (int size : SIZES) {
					byte[] payload = Peer.pattern(size, size);
					byte[] reply = channel.request("echo", ByteBuffer.wrap(payload), PATIENCE,
							MessageView::toByteArray);
					assertThat(reply).isEqualTo(payload);
				}
				echoPlainMessage(channel);
				channel.sender().send("quit", new byte[0]);
				if (first || role == Role.SERVER) {
					peer.expect("ready");
				}
				peer.expectExit(0);
			}
		}
		assertThat(UniqueNames.files(this.name)).isEmpty();
	}

	private static void echoPlainMessage(AxonChannel channel) {
		byte[] metadata = { 1, 2, 3 };
		byte[] payload = Peer.pattern(1, 100);
		channel.sender().send(new MessageHeader("\u00fcn\u00efcode", metadata), ByteBuffer.wrap(payload), PATIENCE);
		try (MessageView message = channel.receiver().receive(PATIENCE)) {
			assertThat(message.tag()).isEqualTo("\u00fcn\u00efcode");
			assertThat(message.metadata()).isEqualTo(metadata);
			assertThat(message.toByteArray()).isEqualTo(payload);
		}
	}

	@ParameterizedTest
	@EnumSource
	void aStreamFromJavaArrivesWholeAndInOrder(Language language) throws Exception {
		ChannelOptions options = ChannelOptions.defaults().role(Role.SERVER).sendTimeout(PATIENCE);
		try (AxonChannel channel = AxonChannel.open(this.name, options);
				PeerProcess peer = start(language, Role.CLIENT, "receive")) {
			for (int n = 0; n < 50_000; n++) {
				channel.sender().send("data", Peer.pattern(n, n % 700));
			}
			channel.sender().send("quit", new byte[0]);
			peer.expect("ready");
			peer.expect("received=50000");
			peer.expectExit(0);
		}
	}

	@ParameterizedTest
	@EnumSource
	void aStreamToJavaArrivesWholeAndInOrder(Language language) throws Exception {
		try (AxonChannel channel = AxonChannel.open(this.name, ChannelOptions.defaults().role(Role.SERVER));
				PeerProcess peer = start(language, Role.CLIENT, "send", "50000", "300")) {
			long[] next = new long[1];
			while (next[0] <= 50_000) {
				channel.receiver().poll((message) -> {
					if (next[0] < 50_000) {
						assertThat(message.payload()).isEqualTo(ByteBuffer.wrap(Peer.pattern(next[0], 300)));
					}
					else {
						assertThat(message.tag()).isEqualTo("quit");
					}
					next[0]++;
				}, 1000, PATIENCE);
			}
			peer.expectExit(0);
		}
	}

	@ParameterizedTest
	@EnumSource
	void aPeerThatIsKilledGetsTheMessageInHandAgainAndNoOther(Language language) throws Exception {
		try (AxonChannel channel = AxonChannel.open(this.name, ChannelOptions.defaults().role(Role.SERVER))) {
			channel.sender().send("done", new byte[0]);
			channel.sender().send("in hand", new byte[1000]);
			channel.sender().send("next", new byte[0]);
			try (AxonChannel client = AxonChannel.open(this.name)) {
				client.receiver().poll((message) -> assertThat(message.tag()).isEqualTo("done"), 1);
			}
			for (int deliveries = 1; deliveries <= 2; deliveries++) {
				try (PeerProcess peer = start(language, Role.CLIENT, "hold")) {
					peer.expect("ready");
					peer.expect("held deliveries=" + deliveries);
					assertThat(channel.isPeerAlive()).isTrue();
					peer.kill();
					assertThat(channel.isPeerAlive()).isFalse();
				}
			}
			try (AxonChannel client = AxonChannel.open(this.name)) {
				MessageView message = client.receiver().receive(PATIENCE);
				assertThat(message.tag()).isEqualTo("in hand");
				assertThat(message.deliveries()).isEqualTo(3);
				assertThat(message.isRedelivered()).isTrue();
				assertThat(client.receiver().receive(PATIENCE).isRedelivered()).isFalse();
				assertThat(client.counters().redelivered()).isEqualTo(1);
			}
		}
	}

	private PeerProcess start(Language language, Role role, String... what) throws Exception {
		return PeerProcess.start(language,
				Stream.concat(Stream.of(role.toString().toLowerCase(Locale.ROOT), this.name), Stream.of(what))
					.toArray(String[]::new));
	}

}
