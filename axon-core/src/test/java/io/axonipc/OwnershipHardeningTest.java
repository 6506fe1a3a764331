package io.axonipc;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import io.axonipc.testing.Agent;
import io.axonipc.testing.AgentProcess;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.Requirements;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/** Who holds a role, with many processes, namespaces and kills that need tools. */
@Tag("hardening")
class OwnershipHardeningTest {

	private static final ChannelOptions SERVER = ChannelOptions.defaults().role(Role.SERVER).capacity(4096);

	private static final int JVMS = 10;

	private static final int C_PROCESSES = 90;

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String name = this.names.next();

	@AfterEach
	void discard() {
		AxonChannel.discard(this.name);
	}

	@Test
	void oneOfAHundredProcessesWins() throws Exception {
		List<AgentProcess> agents = new ArrayList<>();
		List<Process> peers = new ArrayList<>();
		try {
			for (int i = 0; i < JVMS; i++) {
				agents.add(AgentProcess.start(this.name));
			}
			for (AgentProcess agent : agents) {
				agent.ready();
			}
			String peer = PeerProcess.command(Language.C).get(0);
			for (int i = 0; i < C_PROCESSES; i++) {
				peers.add(new ProcessBuilder("sh", "-c", "read go; exec \"$@\" 2>&1", "sh", peer, "server", this.name,
						"echo")
					.start());
			}
			for (int i = 0; i < C_PROCESSES; i++) {
				peers.get(i).outputWriter().append("go\n").flush();
				if (i % (C_PROCESSES / JVMS) == 0) {
					agents.get(i / (C_PROCESSES / JVMS)).tell("open server");
				}
			}
			List<Long> winners = new ArrayList<>();
			List<String> others = new ArrayList<>();
			for (Process process : peers) {
				tally(process.inputReader().readLine(), "ready", process.pid(), winners, others);
			}
			for (AgentProcess agent : agents) {
				tally(agent.answer(), "opened", agent.pid(), winners, others);
			}
			assertThat(winners).as("others: %s", others).hasSize(1);
			assertThat(others).hasSize(JVMS + C_PROCESSES - 1)
				.allMatch((text) -> text.contains("server") && text.contains("process " + winners.get(0)));
		}
		finally {
			agents.forEach(AgentProcess::close);
			peers.forEach(Process::destroyForcibly);
			for (Process process : peers) {
				process.waitFor();
			}
			for (AgentProcess agent : agents) {
				agent.kill();
			}
		}
	}

	private static void tally(String line, String won, long pid, List<Long> winners, List<String> others) {
		if (won.equals(line)) {
			winners.add(pid);
		}
		else {
			others.add(line);
		}
	}

	@Test
	void aHolderInAnotherPidNamespaceIsSeen() throws Exception {
		Requirements.root();
		String[] namespace = { "unshare", "--pid", "--fork", "--kill-child", "--mount-proc" };
		try (AgentProcess holder = AgentProcess.start(this.name, namespace).ready();
				AgentProcess second = AgentProcess.start(this.name, namespace).ready()) {
			assertThat(holder.ask("open server")).isEqualTo("opened");
			assertThatThrownBy(() -> AxonChannel.open(this.name, SERVER)).isInstanceOf(RoleTakenException.class)
				.hasMessageContaining("taken by process 1.")
				.extracting("pid")
				.isEqualTo(1L);
			assertThat(second.ask("open server")).startsWith("RoleTakenException")
				.contains("process 1 (this process, or one of that number in another container)");
			try (AxonChannel client = AxonChannel.open(this.name)) {
				assertThat(client.isPeerAlive()).isTrue();
				client.sender().send("t", new byte[77]);
				assertThat(holder.ask("receive")).isEqualTo("received 77");
				holder.kill();
				await().until(() -> !client.isPeerAlive());
				assertThat(second.ask("open server")).isEqualTo("opened");
				assertThat(second.ask("close")).isEqualTo("closed");
			}
		}
	}

	/**
	 * Kills a JVM at the first, second, ... of these system calls on the segment or a
	 * semaphore, until it opens and closes without being killed.
	 */
	@ParameterizedTest
	@CsvSource({ "openat, 6", "fchmod, 2", "ftruncate, 1", "fallocate, 2", "pwrite64, 1", "unlink, 3" })
	void aJvmKilledAtAnyStepLeavesWhatTheNextRepairs(String call, int times) throws Exception {
		String strace = Requirements.tool("strace", "strace").toString();
		int step = 1;
		while (wasKilled(strace, call, step)) {
			List<String> left = UniqueNames.files(this.name);
			assertThat(left.isEmpty() || left.contains("axon." + this.name)).as("the segment goes last: %s", left)
				.isTrue();
			AxonChannel server = AxonChannel.open(this.name, SERVER);
			try (AxonChannel client = AxonChannel.open(this.name)) {
				client.sender().send("t", new byte[0]);
				assertThat(MessageTest.tags(server)).as("step %d", step).containsExactly("t");
				server.close();
			}
			assertThat(UniqueNames.files(this.name)).as("step %d", step).isEmpty();
			step++;
		}
		assertThat(step - 1).isGreaterThanOrEqualTo(times);
	}

	private boolean wasKilled(String strace, String call, int step) throws Exception {
		List<String> command = new ArrayList<>(List.of(strace, "-f", "-qq", "-o", "/dev/null", "-P",
				"/dev/shm/axon." + this.name, "-P", "/dev/shm/sem.axon." + this.name + "~1.data", "-e",
				"inject=" + call + ":signal=KILL:when=" + step));
		command.addAll(PeerProcess.java(Agent.class));
		command.add(this.name);
		Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
		process.outputWriter().append("open server\nclose\n").close();
		try (BufferedReader output = process.inputReader()) {
			List<String> lines = output.lines().toList();
			boolean killed = process.waitFor() != 0;
			assertThat(lines.contains("closed")).as("%s", lines).isEqualTo(!killed);
			return killed;
		}
	}

}
