package io.axonipc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

import io.axonipc.testing.Peer;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.Requirements;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * A small /dev/shm, a real one in a mount namespace: an error that says what to do,
 * back-pressure, and never a SIGBUS. Each test is a program that runs there.
 */
@Tag("hardening")
class SmallMemoryTest {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final Path FOLDER = Path.of("/dev/shm");

	private static final Path BALLAST = FOLDER.resolve("ballast");

	private static final int PAGE = 4096;

	/** Of the smallest channel; then a page for each of its semaphores. */
	private static final int SEGMENT_PAGES = 5;

	private static final ChannelOptions SERVER = ChannelOptions.defaults().role(Role.SERVER).capacity(PAGE);

	private static final ChannelOptions CLIENT = ChannelOptions.defaults().openTimeout(PATIENCE);

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	/**
	 * Runs a command in a mount namespace whose /dev/shm is a small one; what it has
	 * started ends with it.
	 */
	private static String runWithSharedMemory(String mountOptions, List<String> command) throws IOException {
		Requirements.root();
		String script = "mount -t tmpfs -o " + mountOptions + " tmpfs /dev/shm && '" + String.join("' '", command)
				+ "'; echo status=$? left=$(ls /dev/shm | wc -l)";
		ProcessBuilder builder = new ProcessBuilder("unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c",
				script)
			.redirectErrorStream(true);
		return new String(builder.start().getInputStream().readAllBytes());
	}

	private String run(String mountOptions, Class<?> program, String... arguments) throws IOException {
		List<String> command = PeerProcess.java(program);
		command.add(this.name);
		command.addAll(List.of(arguments));
		return runWithSharedMemory(mountOptions, command);
	}

	private static long pagesFree() throws IOException {
		return Files.getFileStore(FOLDER).getUsableSpace() / PAGE;
	}

	/** Fills /dev/shm but for so many pages. */
	private static void leavePages(long pages) throws IOException {
		Files.deleteIfExists(BALLAST);
		try (FileChannel ballast = FileChannel.open(BALLAST, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
			for (long excess = pagesFree() - pages; excess > 0; excess--) {
				ballast.write(ByteBuffer.allocate(PAGE));
			}
		}
		assertThat(pagesFree()).isEqualTo(pages);
	}

	private static List<String> files() {
		try (Stream<Path> files = Files.list(FOLDER)) {
			return files.map((file) -> file.getFileName().toString()).toList();
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void assertThatNoMemory(String text, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
		assertThatThrownBy(call).isInstanceOf(ChannelMemoryException.class)
			.hasMessageContainingAll(text, "--shm-size", "Kubernetes", "emptyDir");
	}

	@ParameterizedTest
	@ValueSource(strings = { "C", "PYTHON", "JAVA" })
	void aSharedMemoryThatIsTooSmallIsAnErrorThatSaysWhatToDo(Language language) throws IOException {
		List<String> command = new ArrayList<>(PeerProcess.commandWithEnvironment(language));
		command.addAll(List.of("server", this.name, "echo"));
		assertThat(runWithSharedMemory("size=1m", command)).contains("2109440 bytes")
			.contains("1048576 ")
			.contains("--shm-size")
			.contains("emptyDir")
			.containsPattern("status=[12] left=0");
	}

	@Test
	void whatIsRemovedGivesItsMemoryBackAtOnce() throws IOException {
		assertThat(run("size=40m", Removals.class)).contains("done").contains("status=0 left=0");
	}

	/**
	 * Opens, closes, and sends ever larger messages, with less memory than all of that
	 * needs together.
	 */
	static final class Removals {

		private Removals() {
		}

		public static void main(String[] arguments) {
			ChannelOptions options = SERVER.capacity(1 << 20).largeMessageMemory(24 << 20);
			for (int i = 0; i < 50; i++) {
				AxonChannel.open(arguments[0], options).close();
			}
			try (AxonChannel server = AxonChannel.open(arguments[0], options);
					AxonChannel client = AxonChannel.open(arguments[0])) {
				for (int size = 1 << 20; size <= 24 << 20; size += 1 << 20) {
					server.sender().send("t", new byte[size]);
					client.receiver().poll((message) -> message.getByte(0), 1);
				}
			}
			System.out.println("done");
		}

	}

	@Test
	void aFullSharedMemoryIsAnErrorAtEveryPage() throws IOException {
		assertThat(run("size=1m", Filled.class)).contains("done").contains("status=0 left=0");
	}

	/** Opens with too few pages, and then with just enough. */
	static final class Filled {

		private Filled() {
		}

		public static void main(String[] arguments) throws Exception {
			String name = arguments[0];
			for (int pages = 0; pages < SEGMENT_PAGES + 4; pages++) {
				leavePages(pages);
				String text = (pages < SEGMENT_PAGES)
						? SEGMENT_PAGES * PAGE + " bytes asked for, " + pages * PAGE + " bytes available"
						: PAGE + " bytes asked for, 0 bytes available";
				assertThatNoMemory(text, () -> AxonChannel.open(name, SERVER));
				assertThat(files()).containsExactly("ballast");
				assertThat(pagesFree()).as("no mapping keeps any of it").isEqualTo(pages);
				assertThatThrownBy(() -> AxonChannel.open(name, CLIENT.openTimeout(Duration.ZERO)))
					.isInstanceOf(ChannelNotFoundException.class);
			}
			leavePages(SEGMENT_PAGES + 4);
			try (AxonChannel server = AxonChannel.open(name, SERVER);
					AxonChannel client = AxonChannel.open(name, CLIENT)) {
				assertThat(pagesFree()).isZero();
				server.sender().send("t", new byte[100]);
				assertThat(MessageTest.tags(client)).containsExactly("t");
				client.sender().send("unread", new byte[100]);
			}
			assertThat(files()).hasSize(6);
			leavePages(4); // Closed semaphores are given back by the garbage collector.
			try (AxonChannel server = AxonChannel.open(name, SERVER)) {
				assertThat(MessageTest.tags(server)).containsExactly("unread");
			}
			assertThat(files()).containsExactly("ballast");
			Files.delete(BALLAST);
			System.out.println("done");
		}

	}

	/** The folder takes one, the segment the next, and four semaphores the others. */
	@ParameterizedTest
	@ValueSource(ints = { 1, 2, 5, 6 })
	void tooFewInodesAreAnErrorAtEveryFile(int inodes) throws IOException {
		String printed = run("size=1m,nr_inodes=" + inodes, Opened.class);
		if (inodes < 6) {
			assertThat(printed).contains(ChannelMemoryException.class.getName()).contains("nr_inodes");
		}
		assertThat(printed).contains((inodes < 6) ? "status=1 left=0" : "status=0 left=0");
	}

	/** Opens and closes. */
	static final class Opened {

		private Opened() {
		}

		public static void main(String[] arguments) {
			AxonChannel.open(arguments[0], SERVER).close();
		}

	}

	@Test
	void aLargeMessageWithoutMemoryWaitsOrIsRefused() throws IOException {
		assertThat(run("size=2m", LargeMessages.class)).contains("done").contains("status=0 left=0");
	}

	/** Sends 300000 bytes with less memory, with it, and with it again. */
	static final class LargeMessages {

		private static final byte[] PAYLOAD = Peer.pattern(1, 300_000);

		private LargeMessages() {
		}

		public static void main(String[] arguments) throws IOException {
			try (AxonChannel server = AxonChannel.open(arguments[0], SERVER);
					AxonChannel client = AxonChannel.open(arguments[0], CLIENT)) {
				for (int pages = 0; pages < 80; pages += 16) {
					leavePages(pages);
					assertThatNoMemory("327680 bytes asked for", () -> server.sender().send("t", PAYLOAD));
					assertThat(pagesFree()).isEqualTo(pages);
					assertThat(files()).hasSize(6);
					server.sender().send("small ones go on", new byte[10]);
					assertThat(MessageTest.tags(client)).containsExactly("small ones go on");
				}
				leavePages(81 + 20);
				server.sender().send("t", PAYLOAD);
				assertThat(server.sender().trySend("t", PAYLOAD)).as("the reader will give some back").isFalse();
				assertThat(receive(client)).isEqualTo(PAYLOAD);
				server.sender().send("t", new byte[5000]);
				Files.delete(BALLAST);
				server.sender().send("t", PAYLOAD);
				assertThat(receive(client)).isEqualTo(new byte[5000]);
				assertThat(receive(client)).isEqualTo(PAYLOAD);
			}
			System.out.println("done");
		}

		private static byte[] receive(AxonChannel channel) {
			try (MessageView message = channel.receiver().receive(PATIENCE)) {
				byte[] bytes = new byte[message.length()];
				message.payload().get(bytes);
				return bytes;
			}
		}

	}

	/**
	 * The reader looks whether slots that it has mapped were removed; that must not need
	 * memory when there is none.
	 */
	@Test
	void lettingGoOfARemovedSlotNeedsNoMemory() throws IOException {
		String peer = PeerProcess.command(Language.C).get(0);
		assertThat(run("size=8m", RemovedSlots.class, peer)).contains("done").contains("status=0 left=1");
	}

	/** Sends two messages, then one for which their slots have to go. */
	static final class RemovedSlots {

		private RemovedSlots() {
		}

		public static void main(String[] arguments) throws Exception {
			try (AxonChannel server = AxonChannel.open(arguments[0], SERVER.largeMessageMemory(3 << 20))) {
				server.sender().send("data", Peer.pattern(0, 1 << 20));
				server.sender().send("data", Peer.pattern(1, 1 << 20));
				Process peer = new ProcessBuilder(arguments[1], "client", arguments[0], "receive").inheritIO().start();
				byte[] third = Peer.pattern(2, 5 << 19);
				Claim claim = server.sender().claim("data", third.length);
				leavePages(0);
				claim.buffer().put(third);
				claim.commit();
				server.sender().send("quit", new byte[0]);
				assertThat(peer.waitFor()).isZero();
			}
			System.out.println("done");
		}

	}

	@ParameterizedTest
	@ValueSource(strings = { "C", "PYTHON", "JAVA" })
	void aStreamSurvivesAMemoryThatComesAndGoes(Language language) throws IOException {
		String[] peer = PeerProcess.commandWithEnvironment(language).toArray(String[]::new);
		assertThat(run("size=1m", Streams.class, peer)).contains("received=" + Streams.COUNT)
			.contains("done")
			.contains("status=0 left=0");
	}

	/** Sends messages of all sizes while a thread fills and empties /dev/shm. */
	static final class Streams {

		static final int COUNT = 200;

		private Streams() {
		}

		public static void main(String[] arguments) throws Exception {
			List<String> command = new ArrayList<>(Arrays.asList(arguments).subList(1, arguments.length));
			command.addAll(List.of("client", arguments[0], "receive"));
			Thread filler = new Thread(Streams::fillAndEmpty);
			try (AxonChannel server = AxonChannel.open(arguments[0], SERVER.sendTimeout(PATIENCE))) {
				Process peer = new ProcessBuilder(command).inheritIO().start();
				filler.start();
				Random random = new Random(1);
				for (int n = 0; n < COUNT;) {
					try {
						server.sender().send("data", Peer.pattern(n, 2000 + random.nextInt(200_000)));
						n++;
					}
					catch (ChannelMemoryException ex) {
						assertThat(peer.isAlive()).isTrue();
					}
				}
				server.sender().send("quit", new byte[0]);
				assertThat(peer.waitFor()).isZero();
			}
			finally {
				filler.interrupt();
				filler.join();
			}
			Files.delete(BALLAST);
			System.out.println("done");
		}

		private static void fillAndEmpty() {
			ByteBuffer page = ByteBuffer.allocate(PAGE);
			try (FileChannel ballast = FileChannel.open(BALLAST, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
				while (true) {
					try {
						while (ballast.write(page.clear()) > 0) {
							continue;
						}
					}
					catch (IOException ex) {
						Thread.sleep(2);
					}
					ballast.truncate(0);
					Thread.sleep(4);
				}
			}
			catch (IOException | InterruptedException ex) {
				// The end of the stream.
			}
		}

	}

}
