package io.axonipc;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.axonipc.posix.NamedSemaphore;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * Who holds a role, as long as it lives and no longer, and what a death on the way
 * leaves.
 */
class OwnershipTest {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final ChannelOptions SERVER = ChannelOptions.defaults()
		.role(Role.SERVER)
		.capacity(4096)
		.openTimeout(PATIENCE);

	private static final ChannelOptions CLIENT = ChannelOptions.defaults().openTimeout(PATIENCE);

	private static final int CONTENDERS = 100;

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	private final Path segment = Path.of("/dev/shm/axon." + this.name);

	private final ExecutorService threads = Executors.newCachedThreadPool();

	@AfterEach
	void discard() {
		this.threads.shutdownNow();
		AxonChannel.discard(this.name);
	}

	/** What lies there: nothing, a half-made segment, or a channel that nobody holds. */
	private void prepare(String found) throws IOException {
		if (found.equals("HALF-MADE")) {
			halfMade(new byte[100], "rw-------");
		}
		else if (found.equals("STALE")) {
			try (AxonChannel server = AxonChannel.open(this.name, SERVER)) {
				server.sender().send("unread", new byte[0]);
			}
		}
	}

	private void halfMade(byte[] content, String permissions) throws IOException {
		Files.createFile(this.segment,
				PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
		Files.write(this.segment, content);
		Files.setPosixFilePermissions(this.segment, PosixFilePermissions.fromString(permissions));
	}

	@ParameterizedTest
	@CsvSource({ "SERVER, NOTHING", "SERVER, HALF-MADE", "SERVER, STALE", "CLIENT, STALE" })
	void oneOfAHundredThreadsWins(Role role, String found) throws Exception {
		prepare(found);
		CyclicBarrier barrier = new CyclicBarrier(CONTENDERS);
		Callable<Object> contender = () -> {
			barrier.await();
			try {
				return AxonChannel.open(this.name, SERVER.role(role));
			}
			catch (RoleTakenException ex) {
				return ex.pid();
			}
		};
		List<AxonChannel> winners = new ArrayList<>();
		List<Object> others = new ArrayList<>();
		List<Future<Object>> contenders = new ArrayList<>();
		for (int i = 0; i < CONTENDERS; i++) {
			contenders.add(this.threads.submit(contender));
		}
		for (Future<Object> result : contenders) {
			if (result.get() instanceof AxonChannel winner) {
				winners.add(winner);
			}
			else {
				others.add(result.get());
			}
		}
		winners.forEach(AxonChannel::close);
		assertThat(winners).hasSize(1);
		assertThat(others).hasSize(CONTENDERS - 1).containsOnly(ProcessHandle.current().pid());
	}

	@ParameterizedTest
	@EnumSource(names = "JAVA", mode = EnumSource.Mode.EXCLUDE)
	void theHolderIsNamedInOtherLanguages(Language language) throws Exception {
		try (PeerProcess peer = PeerProcess.start(language, "server", this.name, "echo")) {
			peer.expect("ready");
			assertThatThrownBy(() -> AxonChannel.open(this.name, SERVER)).isInstanceOf(RoleTakenException.class)
				.hasMessageContaining("taken by process " + peer.pid())
				.extracting("pid")
				.isEqualTo(peer.pid());
			peer.kill();
			AxonChannel.open(this.name, SERVER).close();
		}
	}

	/** Opens the server, starts a child, and tells its process id. */
	static final class Parent {

		private Parent() {
		}

		public static void main(String[] arguments) throws Exception {
			try (AxonChannel server = AxonChannel.open(arguments[0], SERVER)) {
				Process child = Runtime.getRuntime().exec(new String[] { "sleep", "600" });
				System.out.println(child.pid());
				assertThat(server.receiver().receive(Duration.ofMinutes(10))).isNull();
			}
		}

	}

	@Test
	void anExecutedProgramInheritsNothing() throws Exception {
		List<String> command = PeerProcess.java(Parent.class);
		command.add(this.name);
		Process parent = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
		try (BufferedReader output = parent.inputReader()) {
			ProcessHandle child = ProcessHandle.of(Long.parseLong(output.readLine())).orElseThrow();
			try {
				assertThat(openFiles(parent.pid())).anyMatch((file) -> file.contains(this.name));
				assertThat(openFiles(child.pid())).isNotEmpty().noneMatch((file) -> file.contains(this.name));
				parent.destroyForcibly().waitFor();
				AxonChannel.open(this.name, SERVER).close();
				assertThat(child.isAlive()).isTrue();
			}
			finally {
				child.destroyForcibly();
			}
		}
		finally {
			parent.destroyForcibly();
		}
	}

	private static List<String> openFiles(long pid) throws IOException {
		List<String> files = new ArrayList<>();
		try (var descriptors = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
			for (Path descriptor : descriptors) {
				files.add(Files.readSymbolicLink(descriptor).toString());
			}
		}
		return files;
	}

	/**
	 * The stages of creation: created, with its mode, with its memory, with its header,
	 * with some semaphores, of which one is not whole.
	 */
	@ParameterizedTest
	@CsvSource({ "0, rw-------, 0, 0", "0, rw-rw----, 0, 0", "20480, rw-rw----, 0, 0", "20480, rw-rw----, 8, 0",
			"20480, rw-rw----, 8, 1", "20480, rw-rw----, 8, 4", "4096, rw-------, 0, 2" })
	void aHalfMadeChannelIsRepairedByTheServerAlone(int size, String permissions, int headerWords, int semaphores)
			throws Exception {
		ByteBuffer content = ByteBuffer.allocate(size);
		for (int word = 1; word < headerWords; word++) {
			content.putLong(8 * word, -1);
		}
		halfMade(content.array(), permissions);
		for (int i = 0; i < semaphores; i++) {
			Path semaphore = Path
				.of("/dev/shm/sem.axon." + this.name + "~" + i / 2 + ((i % 2 == 0) ? ".data" : ".space"));
			Files.write(semaphore, new byte[(i == 1) ? 7 : 32]);
		}
		ChannelOptions impatient = CLIENT.openTimeout(Duration.ZERO).groupAccess(true);
		assertThatThrownBy(() -> AxonChannel.open(this.name, impatient)).isInstanceOf(ChannelNotFoundException.class);
		assertThat(UniqueNames.files(this.name)).hasSize(1 + semaphores);
		Future<AxonChannel> waiting = this.threads.submit(() -> AxonChannel.open(this.name, CLIENT.groupAccess(true)));
		try (AxonChannel server = AxonChannel.open(this.name, SERVER.groupAccess(true));
				AxonChannel client = waiting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
			server.sender().send("t", new byte[5000]);
			assertThat(MessageTest.tags(client)).containsExactly("t");
		}
		assertThat(UniqueNames.files(this.name)).isEmpty();
	}

	@Test
	void aDeadPairIsTakenOverWithoutItsPermits() throws Exception {
		ChannelNames objects = new ChannelNames(this.name);
		try (PeerProcess server = PeerProcess.start(Language.C, "server", this.name, "echo");
				AxonChannel client = AxonChannel.open(this.name, CLIENT)) {
			server.expect("ready");
			server.kill();
			client.sender().send("unread", new byte[0]);
		}
		List<NamedSemaphore> before = semaphores(objects);
		for (int post = 0; post < 20; post++) {
			before.forEach(NamedSemaphore::post);
		}
		try (AxonChannel server = AxonChannel.open(this.name, SERVER)) {
			assertThat(semaphores(objects)).noneMatch((semaphore) -> semaphore.await(1));
			assertThat(before).allMatch((semaphore) -> semaphore.await(1));
			assertThat(MessageTest.tags(server)).containsExactly("unread");
		}
	}

	private static List<NamedSemaphore> semaphores(ChannelNames names) {
		return List.of(NamedSemaphore.open(names.dataSemaphore(0)), NamedSemaphore.open(names.spaceSemaphore(0)),
				NamedSemaphore.open(names.dataSemaphore(1)), NamedSemaphore.open(names.spaceSemaphore(1)));
	}

	/** To make it again is to cut it to nothing, which kills whoever has it mapped. */
	@Test
	void aSegmentInUseIsNeverMadeAgain() throws Exception {
		AxonChannel server = AxonChannel.open(this.name, SERVER);
		try (AxonChannel client = AxonChannel.open(this.name, CLIENT);
				RandomAccessFile file = new RandomAccessFile(this.segment.toFile(), "rw")) {
			long ready = file.readLong();
			file.seek(0);
			file.writeLong(0);
			assertThatThrownBy(() -> AxonChannel.open(this.name, SERVER)).isInstanceOf(RoleTakenException.class);
			server.close();
			assertThatThrownBy(() -> AxonChannel.open(this.name, SERVER)).isInstanceOf(CorruptChannelException.class)
				.hasMessageContaining("process " + ProcessHandle.current().pid() + " is attached");
			client.sender().send("nothing was cut off", new byte[0]);
			file.seek(0);
			file.writeLong(ready);
			server = AxonChannel.open(this.name, SERVER);
			assertThat(MessageTest.tags(server)).containsExactly("nothing was cut off");
		}
		finally {
			server.close();
		}
	}

}
