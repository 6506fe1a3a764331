package io.axonipc;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

class LifecycleTest {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final ChannelOptions SERVER = ChannelOptions.defaults().role(Role.SERVER).capacity(4096);

	private static final ChannelOptions CLIENT = ChannelOptions.defaults();

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final String name = this.names.next();

	private final List<AxonChannel> open = new ArrayList<>();

	@AfterEach
	void close() {
		this.open.forEach(AxonChannel::close);
		this.threads.shutdownNow();
		AxonChannel.discard(this.name);
	}

	private AxonChannel open(ChannelOptions options) {
		AxonChannel channel = AxonChannel.open(this.name, options);
		this.open.add(channel);
		return channel;
	}

	@ParameterizedTest
	@ValueSource(strings = { "", ".hidden", "-x", "a/b", "a~b", "a b", "\u00e4", "../etc", "x\0y" })
	void aBadNameIsRefused(String bad) {
		assertThatIllegalArgumentException().isThrownBy(() -> AxonChannel.open(bad, SERVER))
			.withMessageContaining("'" + bad + "' is not a channel name");
		assertThatIllegalArgumentException().isThrownBy(() -> AxonChannel.discard(bad));
	}

	@Test
	void theLongestNameHas64Characters() {
		assertThatIllegalArgumentException().isThrownBy(() -> AxonChannel.open("x".repeat(65), SERVER));
		String longest = this.names.next() + "-".repeat(64);
		AxonChannel.open(longest.substring(0, 64), SERVER).close();
	}

	@Test
	void badSizesAreRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> SERVER.capacity(4095))
			.withMessageContaining("capacity = 4095")
			.withMessageContaining("4096 to 536870912");
		assertThatIllegalArgumentException().isThrownBy(() -> SERVER.capacity((512L << 20) + 1));
		assertThatIllegalArgumentException().isThrownBy(() -> SERVER.maxMessageSize(Integer.MAX_VALUE));
		assertThatIllegalArgumentException().isThrownBy(() -> SERVER.sendTimeout(Duration.ofMillis(-1)));
		assertThatIllegalArgumentException().isThrownBy(() -> WaitStrategy.spinThenPark(Duration.ofMillis(-1)));
	}

	@Test
	void capacityIsRoundedUpAndHoldsForBothEnds() {
		AxonChannel server = open(SERVER.capacity(5000));
		assertThat(server.capacity()).isEqualTo(8192);
		assertThat(open(CLIENT.capacity(1 << 20)).capacity()).isEqualTo(8192);
		assertThat(server.role()).isEqualTo(Role.SERVER);
		assertThat(server.name()).isEqualTo(this.name);
	}

	@Test
	void aClientMayStartFirst() throws Exception {
		Future<AxonChannel> opening = this.threads.submit(() -> open(CLIENT.openTimeout(PATIENCE)));
		AxonChannel server = open(SERVER);
		AxonChannel client = opening.get();
		client.sender().send("t", new byte[0]);
		assertThat(MessageTest.tags(server)).containsExactly("t");
	}

	@Test
	void aMissingChannelIsAnErrorAfterTheTimeOut() {
		assertThatThrownBy(() -> open(CLIENT.openTimeout(Duration.ofMillis(30))))
			.isInstanceOf(ChannelNotFoundException.class)
			.hasMessageContaining("'" + this.name + "' does not exist")
			.hasMessageContaining("PT0.03S");
	}

	@ParameterizedTest
	@ValueSource(strings = { "SERVER", "CLIENT" })
	void aRoleHasOneHolder(Role role) {
		open(SERVER);
		open(CLIENT);
		assertThatThrownBy(() -> open(SERVER.role(role))).isInstanceOf(RoleTakenException.class)
			.hasMessageContaining("the role " + role + " is taken by process " + ProcessHandle.current().pid())
			.extracting("pid")
			.isEqualTo(ProcessHandle.current().pid());
	}

	@Test
	void theLastCleanCloseOfAnEmptyChannelRemovesIt() {
		AxonChannel server = open(SERVER);
		AxonChannel client = open(CLIENT);
		assertThat(UniqueNames.files(this.name)).hasSize(5);
		server.sender().send("large", new byte[5000]);
		assertThat(UniqueNames.files(this.name)).hasSize(6);
		assertThat(MessageTest.tags(client)).containsExactly("large");
		server.close();
		assertThat(UniqueNames.files(this.name)).isNotEmpty();
		client.close();
		assertThat(UniqueNames.files(this.name)).isEmpty();
	}

	@Test
	void whatLiesUnreadSurvivesTheEndOfBoth() {
		AxonChannel server = open(SERVER);
		server.sender().send("small", new byte[] { 1 });
		server.sender().send("large", new byte[5000]);
		server.close();
		AxonChannel client = open(CLIENT);
		client.sender().send("back", new byte[0]);
		client.close();
		server = open(SERVER);
		server.sender().send("third", new byte[0]);
		client = open(CLIENT);
		assertThat(MessageTest.tags(client)).containsExactly("small", "large", "third");
		assertThat(MessageTest.tags(server)).containsExactly("back");
	}

	@Test
	void eitherEndMayCloseAndComeBack() {
		AxonChannel server = open(SERVER);
		AxonChannel client = open(CLIENT);
		for (int i = 0; i < 5; i++) {
			assertThat(client.isPeerAlive()).isTrue();
			server.close();
			assertThat(client.isPeerAlive()).isFalse();
			client.sender().send("to server", new byte[0]);
			server = open(SERVER);
			assertThat(MessageTest.tags(server)).containsExactly("to server");
			client.close();
			assertThat(server.isPeerAlive()).isFalse();
			client = open(CLIENT);
		}
	}

	@Test
	void aMessageHeldAtACleanCloseIsAcknowledged() {
		AxonChannel server = open(SERVER);
		AxonChannel client = open(CLIENT);
		server.sender().send("held", new byte[0]);
		server.sender().send("next", new byte[0]);
		assertThat(client.receiver().receive(PATIENCE).tag()).isEqualTo("held");
		client.close();
		assertThat(MessageTest.tags(open(CLIENT))).containsExactly("next");
	}

	@Test
	void discardRemovesWhatNobodyHolds() {
		assertThat(AxonChannel.discard(this.name)).isFalse();
		AxonChannel server = open(SERVER);
		server.sender().send("unread", new byte[5000]);
		assertThatThrownBy(() -> AxonChannel.discard(this.name)).isInstanceOf(RoleTakenException.class)
			.hasMessageContaining("process " + ProcessHandle.current().pid());
		server.close();
		assertThat(UniqueNames.files(this.name)).isNotEmpty();
		assertThat(AxonChannel.discard(this.name)).isTrue();
		assertThat(UniqueNames.files(this.name)).isEmpty();
	}

	@Test
	void aDiscardLeavesNoMessagesWithoutTheirSlotsWhereverItBreaksOff() throws IOException {
		AxonChannel server = open(SERVER);
		server.sender().send("large", new byte[5000]);
		server.close();
		try (FileChannel segment = FileChannel.open(Path.of("/dev/shm/axon." + this.name), StandardOpenOption.READ)) {
			assertThat(AxonChannel.discard(this.name)).isTrue();
			ByteBuffer readiness = ByteBuffer.allocate(8);
			segment.read(readiness, 0);
			assertThat(readiness.getLong(0)).as("half-made from the first step on").isZero();
		}
	}

	@Test
	void everyCallOnAClosedChannelSaysSo() {
		AxonChannel server = open(SERVER);
		server.close();
		server.close();
		assertThat(server.isOpen()).isFalse();
		assertThat(server.isPeerAlive()).isFalse();
		assertThat(server.counters().messagesSent()).isZero();
		assertThatThrownBy(() -> server.sender().trySend("t", new byte[0])).isInstanceOf(ChannelClosedException.class)
			.hasMessageContaining(this.name);
		assertThatThrownBy(() -> server.sender().claim("t", 1)).isInstanceOf(ChannelClosedException.class);
		assertThatThrownBy(() -> server.receiver().poll((message) -> {
		}, 1)).isInstanceOf(ChannelClosedException.class);
		assertThatThrownBy(() -> server.receiver().receive(PATIENCE)).isInstanceOf(ChannelClosedException.class);
		assertThatThrownBy(() -> server.request("t", ByteBuffer.allocate(0), PATIENCE, (reply) -> null))
			.isInstanceOf(ChannelClosedException.class);
	}

	@Test
	void closingWakesAReceiverAndASender() {
		AxonChannel server = open(SERVER);
		Future<?> receiving = this.threads.submit(() -> server.receiver().receive(PATIENCE));
		Future<?> sending = this.threads.submit(() -> {
			while (true) {
				server.sender().send("t", new byte[100]);
			}
		});
		await().until(() -> server.counters().parks() > 1);
		server.close();
		assertThatThrownBy(receiving::get).hasCauseInstanceOf(ChannelClosedException.class);
		assertThatThrownBy(sending::get).hasCauseInstanceOf(ChannelClosedException.class);
	}

	@Test
	void closingEndsASendThatWaitsBehindAnotherThreadsClaim() throws Exception {
		AxonChannel server = open(SERVER);
		server.sender().claim("claimed", 8);
		Thread[] sender = new Thread[1];
		Future<?> sending = this.threads.submit(() -> {
			sender[0] = Thread.currentThread();
			server.sender().send(new MessageHeader("t"), ByteBuffer.allocate(8), PATIENCE);
		});
		await().until(() -> sender[0] != null && sender[0].getState() == Thread.State.TIMED_WAITING);
		server.close();
		assertThatThrownBy(sending::get).hasCauseInstanceOf(ChannelClosedException.class);
	}

	@Test
	void aForgedIncarnationDoesNotLoseTheRole() throws IOException {
		AxonChannel server = open(SERVER);
		server.sender().send("unread", new byte[0]);
		server.close();
		try (RandomAccessFile segment = new RandomAccessFile("/dev/shm/axon." + this.name, "rw")) {
			segment.seek(128);
			segment.writeLong(-1);
		}
		open(SERVER);
		assertThat(open(CLIENT).isPeerAlive()).isTrue();
		assertThatThrownBy(() -> open(SERVER)).isInstanceOf(RoleTakenException.class);
	}

	@Test
	void aPeerThatWasKilledEarlierIsNotThere() throws IOException {
		AxonChannel server = open(SERVER);
		server.sender().send("unread", new byte[0]);
		server.close();
		try (RandomAccessFile segment = new RandomAccessFile("/dev/shm/axon." + this.name, "rw")) {
			segment.seek(136);
			segment.write(new byte[] { 0x42, 0x42 });
		}
		AxonChannel client = open(CLIENT);
		assertThatThrownBy(() -> client.request("t", ByteBuffer.allocate(0), Duration.ofMillis(250), (reply) -> null))
			.as("waits for the next one")
			.isInstanceOf(RequestTimeoutException.class);
	}

	@Test
	void aStrangeFileUnderASlotsNameIsRemoved() throws IOException {
		Path slot = Path.of("/dev/shm/axon." + this.name + "~0.00");
		Files.createFile(slot, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
		AxonChannel server = open(SERVER);
		assertThat(slot).doesNotExist();
		server.sender().send("large", new byte[5000]);
		assertThat(MessageTest.tags(open(CLIENT))).containsExactly("large");
	}

	@Test
	void aHandlerMayCloseItsChannel() {
		AxonChannel server = open(SERVER);
		AxonChannel client = open(CLIENT);
		client.sender().send("quit", new byte[0]);
		client.sender().send("kept", new byte[0]);
		assertThat(server.receiver().poll((message) -> {
			server.close();
			assertThat(message.tag()).isEqualTo("quit");
			assertThatThrownBy(() -> server.sender().trySend("t", new byte[0]))
				.isInstanceOf(ChannelClosedException.class);
			assertThat(client.isPeerAlive()).as("until the handler has returned").isTrue();
		}, 10)).isEqualTo(1);
		assertThat(client.isPeerAlive()).isFalse();
		assertThat(MessageTest.tags(open(SERVER))).containsExactly("kept");
	}

	@Test
	void aBufferKeptAfterCloseDoesNotFault() {
		AxonChannel server = open(SERVER);
		AxonChannel client = open(CLIENT);
		server.sender().send("t", new byte[] { 9 });
		var kept = client.receiver().receive(PATIENCE).payload();
		client.close();
		server.close();
		assertThatCode(() -> kept.get(0)).doesNotThrowAnyException();
	}

	@Test
	void aHalfMadeSegmentIsMadeAgainByTheServer() throws IOException {
		Path segment = Path.of("/dev/shm/axon." + this.name);
		Files.createFile(segment, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
		Files.write(segment, new byte[100_000]);
		assertThatThrownBy(() -> open(CLIENT.openTimeout(Duration.ofMillis(20))))
			.isInstanceOf(ChannelNotFoundException.class);
		AxonChannel server = open(SERVER);
		open(CLIENT).sender().send("t", new byte[0]);
		assertThat(MessageTest.tags(server)).containsExactly("t");
	}

	@ParameterizedTest
	@ValueSource(ints = { 4, 8, 16, 24, 40, 48 })
	void aHeaderThatDoesNotFitIsRefused(int offset) throws IOException {
		AxonChannel server = open(SERVER);
		server.sender().send("unread", new byte[0]);
		server.close();
		try (RandomAccessFile segment = new RandomAccessFile("/dev/shm/axon." + this.name, "rw")) {
			segment.seek(offset);
			segment.write(new byte[] { 77, 77, 77, 77, 77, 77, 77, -77 }, 0, (offset == 4) ? 4 : 8);
		}
		assertThatThrownBy(() -> open(SERVER))
			.isInstanceOfAny(CorruptChannelException.class, IncompatibleChannelException.class)
			.hasMessageContaining(this.name)
			.hasMessageMatching(".*(version 1296911693|C library 1296911693|= -5526676173308998323).*");
		assertThat(AxonChannel.discard(this.name)).isTrue();
	}

	@Test
	void aSegmentOfTheWrongSizeIsRefused() throws IOException {
		AxonChannel server = open(SERVER);
		server.sender().send("unread", new byte[0]);
		server.close();
		try (RandomAccessFile segment = new RandomAccessFile("/dev/shm/axon." + this.name, "rw")) {
			segment.setLength(segment.length() + 4096);
		}
		assertThatThrownBy(() -> open(SERVER)).isInstanceOf(CorruptChannelException.class)
			.hasMessageContaining("size = 20480");
	}

	@Test
	void aSegmentThatOthersMayWriteIsRefused() throws IOException {
		AxonChannel server = open(SERVER);
		server.sender().send("unread", new byte[0]);
		server.close();
		Path segment = Path.of("/dev/shm/axon." + this.name);
		Files.setPosixFilePermissions(segment, PosixFilePermissions.fromString("rw-rw-rw-"));
		assertThatThrownBy(() -> open(SERVER)).isInstanceOf(ChannelAccessException.class)
			.hasMessageContaining("mode 0666")
			.hasMessageContaining("at most mode 0600");
		Files.setPosixFilePermissions(segment, PosixFilePermissions.fromString("rw-------"));
	}

	@Test
	void groupAccessGivesExactlyMode0660() throws IOException {
		AxonChannel server = open(SERVER.groupAccess(true));
		server.sender().send("t", new byte[5000]);
		for (String file : UniqueNames.files(this.name)) {
			assertThat(Files.getPosixFilePermissions(Path.of("/dev/shm", file))).as(file)
				.isEqualTo(PosixFilePermissions.fromString("rw-rw----"));
		}
		assertThat(MessageTest.tags(open(CLIENT.groupAccess(true)))).containsExactly("t");
	}

	@Test
	void namesRemovedUnderALivingChannelCloseItWithAnError() throws IOException {
		AxonChannel server = open(SERVER);
		for (String file : UniqueNames.files(this.name)) {
			Files.delete(Path.of("/dev/shm", file));
		}
		assertThatThrownBy(() -> server.receiver().receive(PATIENCE)).isInstanceOf(CorruptChannelException.class)
			.hasMessageContaining("names were removed");
		assertThatThrownBy(() -> server.sender().trySend("t", new byte[0])).isInstanceOf(ChannelClosedException.class)
			.hasCauseInstanceOf(CorruptChannelException.class);
	}

}
