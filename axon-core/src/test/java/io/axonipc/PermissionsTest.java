package io.axonipc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.axonipc.testing.AgentProcess;
import io.axonipc.testing.Requirements;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Other users, as root can play them: what they may not do, what they may not prepare,
 * and what a group may.
 */
@Tag("hardening")
class PermissionsTest {

	private static final int OWNER = 40001;

	private static final int MATE = 40002;

	private static final int STRANGER = 40003;

	private static final int TEAM = 40010;

	private static final String SYSTEM_UMASK = "022";

	@TempDir(cleanup = CleanupMode.ALWAYS)
	private static Path folder;

	private static Path readable;

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	@BeforeEach
	void prepare() throws IOException {
		Requirements.root();
		if (readable == null) {
			readable = AgentProcess.readable(folder);
		}
	}

	private AgentProcess start(int user, int group, String umask) throws IOException {
		return AgentProcess.startAs(this.name, user, group, umask, readable);
	}

	private Path file(String object) {
		boolean semaphore = object.endsWith("data") || object.endsWith("space");
		return Path.of("/dev/shm/" + (semaphore ? "sem." : "") + "axon." + this.name + object);
	}

	/** What a C peer prints that cannot open, run as another user. */
	private String cPeer(int user, int group, String role) throws Exception {
		List<String> command = new ArrayList<>(AgentProcess.as(user, group));
		command.addAll(List.of(readable.resolve("peer").toString(), role, this.name, "echo"));
		Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
		String printed = new String(process.getInputStream().readAllBytes());
		assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
		assertThat(process.exitValue()).as(printed).isEqualTo(2);
		return printed;
	}

	@ParameterizedTest
	@ValueSource(strings = { "000", "077", "0177" })
	void aStrangerIsNotLetInWhateverTheUmask(String umask) throws Exception {
		try (AgentProcess owner = start(OWNER, TEAM, umask);
				AgentProcess stranger = start(STRANGER, STRANGER, SYSTEM_UMASK)) {
			owner.ready();
			stranger.ready();
			assertThat(owner.ask("open server")).isEqualTo("opened");
			assertThat(owner.ask("send 5000")).isEqualTo("sent");
			List<String> files = UniqueNames.files(this.name);
			assertThat(files).hasSize(6).allSatisfy((file) -> {
				Map<String, Object> found = Files.readAttributes(Path.of("/dev/shm", file), "unix:uid,gid,permissions");
				assertThat(found).containsEntry("uid", OWNER)
					.containsEntry("gid", TEAM)
					.containsEntry("permissions", PosixFilePermissions.fromString("rw-------"));
			});
			for (String order : List.of("open client", "open server", "open client group", "discard")) {
				assertThat(stranger.ask(order)).as(order)
					.startsWith("ChannelAccessException")
					.contains("owner 40001, group 40010, mode 0600")
					.contains("required are owner 40003")
					.contains("choose another name");
			}
			for (String role : List.of("server", "client")) {
				assertThat(cPeer(STRANGER, STRANGER, role)).contains("owner 40001, group 40010, mode 0600");
				assertThat(cPeer(MATE, TEAM, role)).contains("required are a regular file, owner 40002");
			}
			assertThat(UniqueNames.files(this.name)).isEqualTo(files);
			try (AgentProcess other = start(OWNER, TEAM, umask).ready()) {
				assertThat(other.ask("open client")).isEqualTo("opened");
				assertThat(other.ask("receive")).isEqualTo("received 5000");
				assertThat(other.ask("close")).isEqualTo("closed");
			}
			assertThat(owner.ask("close")).isEqualTo("closed");
		}
	}

	/**
	 * What is there before the channel, as a shell makes it at $1, and whom it then
	 * belongs to. A victim is a file of the owner's that must stay as it is.
	 */
	private static final Map<String, String> KINDS = Map.of("file", "touch $1; chmod 600 $1", "wide file",
			"touch $1; chmod 666 $1", "pipe", "mkfifo -m 600 $1", "folder", "mkdir -m 700 $1", "link", "ln -s $2 $1",
			"dangling link", "ln -s $2-not-there $1", "device", "mknod -m 600 $1 c 1 3", "second name", "ln $2 $1");

	@Test
	void whatSomebodyPreparedIsNotUsed() throws Exception {
		Path victim = file("-victim");
		Files.writeString(victim, "secret");
		Shell.run("chmod 600 $1; chown 40001:40010 $1", victim);
		try (AgentProcess owner = start(OWNER, TEAM, SYSTEM_UMASK).ready()) {
			for (String object : List.of("", "~0.data", "~1.space", "~0.00")) {
				for (Map.Entry<String, String> kind : KINDS.entrySet()) {
					for (int maker : new int[] { OWNER, STRANGER }) {
						check(owner, object, kind, maker, victim);
					}
				}
			}
		}
		finally {
			Files.delete(victim);
		}
	}

	private void check(AgentProcess owner, String object, Map.Entry<String, String> kind, int maker, Path victim)
			throws Exception {
		String what = "a " + kind.getKey() + " of " + maker + " as " + file(object);
		Shell.run(kind.getValue() + "; [ \"$4\" = 'second name' ] || chown -h $3:$3 $1", file(object), victim, maker,
				kind.getKey());
		boolean own = maker == OWNER || kind.getKey().equals("second name");
		boolean repaired = object.isEmpty() ? own && kind.getKey().equals("file")
				: own && !kind.getKey().equals("folder");
		String answer = owner.ask("open server");
		if (repaired || object.equals("~0.00")) {
			assertThat(answer).as(what).isEqualTo("opened");
			assertThat(owner.ask("send 5000")).as(what).isEqualTo("sent");
			assertThat(owner.ask("close")).as(what).isEqualTo("closed");
			assertThat(owner.ask("discard")).as(what).isEqualTo("true");
			assertThat(UniqueNames.files(this.name)).as(what).hasSize(repaired ? 1 : 2);
		}
		else {
			assertThat(answer).as(what).startsWith("ChannelAccessException").contains("have it removed");
			assertThat(UniqueNames.files(this.name)).as(what).hasSize(2);
		}
		assertThat(Files.readString(victim)).as(what).isEqualTo("secret");
		assertThat(Files.getPosixFilePermissions(victim)).as(what)
			.isEqualTo(PosixFilePermissions.fromString("rw-------"));
		Files.deleteIfExists(file(object));
	}

	/** Runs lines of a shell. */
	private static final class Shell {

		private Shell() {
		}

		static void run(String script, Object... arguments) throws Exception {
			List<String> command = new ArrayList<>(List.of("sh", "-ec", script, "sh"));
			for (Object argument : arguments) {
				command.add(argument.toString());
			}
			assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).as(script).isZero();
		}

	}

	@Test
	void slotsThatAreAllTakenAreAnErrorAtOnce() throws Exception {
		List<Path> slots = IntStream.range(0, 16).mapToObj((slot) -> file(String.format("~0.%02d", slot))).toList();
		for (Path slot : slots) {
			Shell.run("touch $1; chown 40003 $1", slot);
		}
		try (AgentProcess owner = start(OWNER, TEAM, SYSTEM_UMASK).ready()) {
			assertThat(owner.ask("open server")).isEqualTo("opened");
			assertThat(owner.ask("send 5000")).startsWith("ChannelAccessException").contains("~0.00 to ");
			assertThat(owner.ask("send 50")).isEqualTo("sent");
			for (Path slot : slots) {
				Files.delete(slot);
			}
			assertThat(owner.ask("send 5000")).isEqualTo("sent");
			assertThat(owner.ask("close")).isEqualTo("closed");
			assertThat(owner.ask("discard")).isEqualTo("true");
		}
	}

	@Test
	void aGroupSharesAChannel() throws Exception {
		try (AgentProcess owner = start(OWNER, TEAM, "077"); AgentProcess mate = start(MATE, TEAM, "077")) {
			owner.ready();
			mate.ready();
			assertThat(owner.ask("open server group")).isEqualTo("opened");
			assertThat(owner.ask("send 5000")).isEqualTo("sent");
			assertThat(UniqueNames.files(this.name)).hasSize(6).allSatisfy((file) -> {
				assertThat(Files.getPosixFilePermissions(Path.of("/dev/shm", file)))
					.isEqualTo(PosixFilePermissions.fromString("rw-rw----"));
			});
			assertThat(mate.ask("open client")).startsWith("ChannelAccessException")
				.contains("at most mode 0600 (0660 with group access)");
			assertThat(cPeer(MATE, TEAM, "client")).contains("0660 with the option group");
			assertThat(cPeer(STRANGER, STRANGER, "client")).contains("required are");
			assertThat(mate.ask("open client group")).isEqualTo("opened");
			assertThat(mate.ask("receive")).isEqualTo("received 5000");
			assertThat(mate.ask("send 6000")).isEqualTo("sent");
			assertThat(owner.ask("receive")).isEqualTo("received 6000");
			assertThat(owner.ask("close")).isEqualTo("closed");
			assertThat(mate.ask("close")).as("the last").isEqualTo("closed");
			assertThat(UniqueNames.files(this.name)).as("the sticky bit leaves it to its owner").hasSize(5);
			assertThat(mate.ask("discard")).startsWith("ChannelAccessException");
			assertThat(mate.ask("open client group")).as("nothing of it was given back").isEqualTo("opened");
			assertThat(mate.ask("close")).isEqualTo("closed");
			assertThat(mate.ask("open server group")).as("it can be used on").isEqualTo("opened");
			assertThat(mate.ask("send 70")).isEqualTo("sent");
			assertThat(mate.ask("close")).isEqualTo("closed");
			assertThat(owner.ask("open client group")).isEqualTo("opened");
			assertThat(owner.ask("receive")).isEqualTo("received 70");
			assertThat(owner.ask("close")).isEqualTo("closed");
			assertThat(UniqueNames.files(this.name)).isEmpty();
			Shell.run("touch $1; chmod 660 $1; chown 40001:40010 $1", file(""));
			assertThat(mate.ask("open server group")).as("a half-made one is repaired").isEqualTo("opened");
			assertThat(mate.ask("close")).isEqualTo("closed");
			assertThat(owner.ask("discard")).isEqualTo("true");
			assertThat(UniqueNames.files(this.name)).isEmpty();
		}
	}

}
