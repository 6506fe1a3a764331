package io.axonipc.matrix;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.axonipc.AxonChannel;
import io.axonipc.AxonException;
import io.axonipc.Role;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.UniqueNames;

/**
 * Two processes, one that asks and one that answers, and what became of each step of
 * theirs. Where a step fails the conversation ends.
 */
final class Conversation {

	/** Steps of {@link #ordinary}: the exchanges, what arrived, and what is left. */
	static final int ORDINARY_STEPS = Script.EXCHANGES.size() + 2;

	/** Steps of {@link #withKills}. */
	static final int KILL_STEPS = ORDINARY_STEPS + 5;

	/** More than the time after which a peer gives up itself. */
	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final Pattern COUNT = Pattern.compile("messages=(\\d{1,6}) ");

	private final Language asks;

	private final Language answers;

	private final Role role;

	private final String name = "matrix-" + UUID.randomUUID();

	private PeerProcess asker;

	private PeerProcess answerer;

	private String step = "start";

	private int passed;

	/**
	 * Two processes that are not started yet.
	 * @param asks the language of the one that asks
	 * @param answers the language of the other one
	 * @param role the asking one's role
	 */
	Conversation(Language asks, Language answers, Role role) {
		this.asks = asks;
		this.answers = answers;
		this.role = role;
	}

	/** All exchanges, in one start order. */
	Outcome ordinary(boolean serverFirst) {
		String order = serverFirst ? "the server is first" : "the client is first";
		return attempt(ORDINARY_STEPS, order, () -> {
			start("check", "echo", serverFirst);
			exchangesToTheEnd();
		});
	}

	/**
	 * The answering process is killed with a request in hand, and its successor gets that
	 * request again; then the asking one is killed with an open claim, and its successor
	 * does all exchanges.
	 */
	Outcome withKills() {
		return attempt(KILL_STEPS, "processes are killed", () -> {
			start("survive", "echo", true);
			exchange("small");
			this.step = "totals";
			totals(0);
			this.step = "kill";
			expect(this.answerer, "held");
			this.answerer.kill();
			exchange("death");
			startSuccessor((this.role == Role.SERVER) ? Role.CLIENT : Role.SERVER, "echo");
			exchange("restart");
			this.step = "redelivery";
			totals(1);
			this.step = "successor";
			expect(this.asker, "claimed");
			this.asker.kill();
			startSuccessor(this.role, "check");
			exchangesToTheEnd();
		});
	}

	private void exchangesToTheEnd() throws Exception {
		for (String exchange : Script.EXCHANGES) {
			exchange(exchange);
		}
		this.step = "totals";
		totals(0);
		this.step = "end";
		for (PeerProcess process : List.of(this.answerer, this.asker)) {
			OptionalInt status = process.exitStatus(PATIENCE);
			if (!status.equals(OptionalInt.of(0))) {
				throw new FailedException("a process did not end with the status 0");
			}
		}
		List<String> left = UniqueNames.files(this.name);
		if (!left.isEmpty()) {
			throw new FailedException("left in shared memory: " + left);
		}
		this.passed++;
	}

	private void start(String asking, String answering, boolean serverFirst) throws Exception {
		PeerProcess client = null;
		if (!serverFirst) {
			client = start(Role.CLIENT, "early", asking, answering);
			expect(client, "absent");
		}
		expect(start(Role.SERVER, "server", asking, answering), "ready");
		if (serverFirst) {
			client = start(Role.CLIENT, "client", asking, answering);
		}
		expect(client, "ready");
	}

	private void startSuccessor(Role of, String behaviour) throws Exception {
		expect(start(of, lower(of), behaviour, behaviour), "ready");
	}

	private PeerProcess start(Role of, String word, String asking, String answering) throws IOException {
		if (of == this.role) {
			this.asker = PeerProcess.start(this.asks, word, this.name, asking);
			return this.asker;
		}
		this.answerer = PeerProcess.start(this.answers, word, this.name, answering);
		return this.answerer;
	}

	private void exchange(String exchange) throws Exception {
		this.step = exchange;
		String line = read(this.asker);
		Matcher count = COUNT.matcher(line);
		compare(line, Script.line(exchange, count.find() ? Integer.parseInt(count.group(1)) : 0));
		this.passed++;
	}

	/** What the answering side received is what the asking side sent. */
	private void totals(int redelivered) throws Exception {
		String sent = read(this.asker);
		compare(read(this.answerer), sent.replaceFirst("sent=(\\d+) ", "received=$1 redelivered=" + redelivered + " "));
		this.passed++;
	}

	private void expect(PeerProcess process, String line) throws Exception {
		compare(read(process), line);
	}

	private void compare(String line, String expected) throws FailedException {
		if (line.startsWith("failed " + this.step + ": ")) {
			throw new FailedException(line.substring(line.indexOf(':') + 2));
		}
		if (!line.equals(expected)) {
			throw new FailedException("said '" + line + "' instead of '" + expected + "'");
		}
	}

	private String read(PeerProcess process) throws Exception {
		String who = (process == this.asker) ? "the asking side " : "the answering side ";
		try {
			String line = process.readLine(PATIENCE);
			if (line == null) {
				throw new FailedException(who + "ended");
			}
			return line;
		}
		catch (TimeoutException ex) {
			throw new FailedException(who + "said nothing for " + PATIENCE.toSeconds() + " s");
		}
	}

	private Outcome attempt(int steps, String how, Part part) {
		try {
			part.run();
			return new Outcome(this.passed, steps, List.of());
		}
		catch (Exception | AssertionError ex) {
			String reason = (ex instanceof FailedException) ? ex.getMessage() : ex.toString();
			String roles = lower(this.asks) + " as " + lower(this.role) + " asks " + lower(this.answers);
			return Outcome.failed(this.passed, steps,
					roles + ", " + how + ": " + this.step + ": " + reason + endings());
		}
		finally {
			end();
		}
	}

	/** What may have been the cause. */
	private String endings() {
		return ending("asking", this.asker) + ending("answering", this.answerer);
	}

	private static String ending(String side, PeerProcess process) {
		try {
			OptionalInt status = (process != null) ? process.exitStatus(Duration.ofMillis(100)) : OptionalInt.empty();
			return status.isPresent() && status.getAsInt() != 0
					? "; the " + side + " side ended with the status " + status.getAsInt() : "";
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return "";
		}
	}

	private void end() {
		for (PeerProcess process : new PeerProcess[] { this.asker, this.answerer }) {
			if (process != null) {
				process.close();
			}
		}
		try {
			for (PeerProcess process : new PeerProcess[] { this.asker, this.answerer }) {
				if (process != null) {
					process.exitStatus(PATIENCE);
				}
			}
			AxonChannel.discard(this.name);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (AxonException ex) {
			System.err.println("what is left of " + this.name + " cannot be removed: " + ex.getMessage());
		}
	}

	static String lower(Enum<?> constant) {
		return constant.name().toLowerCase(Locale.ROOT);
	}

	/** Steps that may fail. */
	private interface Part {

		void run() throws Exception;

	}

	/** A step failed. */
	private static final class FailedException extends Exception {

		private static final long serialVersionUID = 1;

		FailedException(String message) {
			super(message);
		}

	}

}
