package io.axonipc.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import static org.assertj.core.api.Assertions.assertThat;

/** An {@link Agent} in a process of its own. */
public final class AgentProcess implements AutoCloseable {

	private final Process process;

	private final BufferedReader output;

	private final Writer input;

	private AgentProcess(List<String> command) throws IOException {
		this.process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
		this.output = this.process.inputReader();
		this.input = this.process.outputWriter();
	}

	/**
	 * Starts an agent.
	 * @param name its channel
	 * @param prefix a command that runs the command behind it in another way
	 * @return the process, which is not ready yet
	 * @throws IOException if it cannot be started
	 */
	public static AgentProcess start(String name, String... prefix) throws IOException {
		List<String> command = new ArrayList<>(List.of(prefix));
		command.addAll(java());
		command.add(name);
		return new AgentProcess(command);
	}

	/**
	 * Without a file that a process of the same number in another namespace has, too.
	 */
	private static List<String> java() {
		List<String> command = PeerProcess.java(Agent.class);
		command.add(1, "-XX:-UsePerfData");
		return command;
	}

	/**
	 * Starts an agent as another user, who may not be able to read this build's classes.
	 * @param name its channel
	 * @param user a user id
	 * @param group a group id, its only one
	 * @param umask the umask, in octal
	 * @param readable what {@link #readable} has made
	 * @return the process, which is not ready yet
	 * @throws IOException if it cannot be started
	 */
	public static AgentProcess startAs(String name, int user, int group, String umask, Path readable)
			throws IOException {
		List<String> command = new ArrayList<>(List.of("sh", "-c", "umask " + umask + "; exec \"$@\"", "sh"));
		command.addAll(as(user, group));
		command.addAll(java());
		command.set(command.indexOf("-cp") + 1, readable + "/classes:" + readable + "/*");
		command.add(name);
		return new AgentProcess(command);
	}

	/**
	 * The command that runs the command behind it as another user.
	 * @param user a user id
	 * @param group a group id, its only one
	 * @return the command's beginning
	 */
	public static List<String> as(int user, int group) {
		return List.of(Requirements.tool("setpriv", "util-linux").toString(), "--reuid=" + user, "--regid=" + group,
				"--clear-groups");
	}

	/**
	 * Copies what an agent and a C peer need to where every user may read it.
	 * @param folder an empty folder
	 * @return the folder
	 * @throws IOException if it cannot be copied
	 */
	public static Path readable(Path folder) throws IOException {
		Files.createDirectory(folder.resolve("classes"));
		for (String entry : System.getProperty("java.class.path").split(":")) {
			String file = Path.of(entry).getFileName().toString();
			if (Files.isDirectory(Path.of(entry))) {
				PeerProcess.run("cp", "-R", entry + "/io", folder.resolve("classes").toString());
			}
			else if (Stream.of("jnr", "jffi", "asm").anyMatch(file::startsWith)) {
				PeerProcess.run("cp", entry, folder.toString());
			}
		}
		PeerProcess.run("cp", PeerProcess.command(PeerProcess.Language.C).get(0), folder.toString());
		PeerProcess.run("chmod", "-R", "a+rX", folder.toString());
		return folder;
	}

	/**
	 * Waits until the agent has loaded all that it needs.
	 * @return this
	 * @throws IOException if the process ended
	 */
	public AgentProcess ready() throws IOException {
		assertThat(answer()).isEqualTo("ready false");
		return this;
	}

	/**
	 * Gives an order.
	 * @param order see {@link Agent}
	 * @throws IOException if the process ended
	 */
	public void tell(String order) throws IOException {
		this.input.write(order + "\n");
		this.input.flush();
	}

	/**
	 * Waits for the answer to the next order.
	 * @return see {@link Agent}
	 * @throws IOException if the process ended
	 */
	public String answer() throws IOException {
		String line = this.output.readLine();
		assertThat(line).as("the agent's answer").isNotNull();
		return line;
	}

	/**
	 * Gives an order and waits for its answer.
	 * @param order see {@link Agent}
	 * @return its answer
	 * @throws IOException if the process ended
	 */
	public String ask(String order) throws IOException {
		tell(order);
		return answer();
	}

	/**
	 * The process's id, as this process sees it.
	 * @return a process id
	 */
	public long pid() {
		return this.process.pid();
	}

	/**
	 * Kills the agent as nothing else does.
	 * @throws InterruptedException if the wait is interrupted
	 */
	public void kill() throws InterruptedException {
		this.process.destroyForcibly().waitFor();
	}

	@Override
	public void close() {
		this.process.destroyForcibly();
	}

}
