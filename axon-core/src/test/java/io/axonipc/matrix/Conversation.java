package io.axonipc.matrix;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.axonipc.AxonChannel;
import io.axonipc.AxonException;
import io.axonipc.Role;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.PeerProcess.Language;
import io.axonipc.testing.Tally;
import io.axonipc.testing.UniqueNames;

/**
 * Two processes, one that asks and one that answers, and what became of each step of
 * theirs. Where a step fails the conversation ends.
 */
final class Conversation {

	/** Steps of {@link #ordinary}: the exchanges, and the end. */
	static final int ORDINARY_STEPS = Script.EXCHANGES.size() + 1;

	/** Steps of {@link #withKills}. */
	static final int KILL_STEPS = ORDINARY_STEPS + 4;

	/** More than the time after which a peer gives up itself. */
	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final Duration SHORT_WAIT = Duration.ofMillis(200);

	private static final Pattern EXCHANGED = Pattern.compile("exchange (\\S+) sent=(\\S+) received=((\\d{1,6})/\\S+)");

	/** For a run that is broken off; also a lock. */
	private static final Set<Conversation> RUNNING = ConcurrentHashMap.newKeySet();

	private static boolean brokenOff;

	static {
		Runtime.getRuntime().addShutdownHook(new Thread(Conversation::breakOff));
	}

	private final Language asks;

	private final Language answers;

	private final Role role;

	private final String name = "matrix-" + UUID.randomUUID();

	private volatile PeerProcess asker;

	private volatile PeerProcess answerer;

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
		String order = serverFirst ? "server first" : "client first";
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
		return attempt(KILL_STEPS, "with kills", () -> {
			start("survive", "echo", true);
			exchange("small");
			this.step = "kill";
			expect(this.answerer, "held");
			this.answerer.kill();
			String sent = asked("death");
			this.passed++;
			startSuccessor((this.role == Role.SERVER) ? Role.CLIENT : Role.SERVER, "echo");
			this.step = "redelivery";
			totals(sent, 1);
			exchange("restart");
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
		this.step = "end";
		for (PeerProcess process : List.of(this.answerer, this.asker)) {
			OptionalInt status = process.exitStatus(PATIENCE);
			if (!status.equals(OptionalInt.of(0))) {
				throw new FailedException("a process did not end with the status 0" + endings());
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

	private PeerProcess start(Role of, String word, String asking, String answering) throws Exception {
		synchronized (RUNNING) {
			if (brokenOff) {
				throw new FailedException("broken off");
			}
			PeerProcess process;
			if (of == this.role) {
				process = PeerProcess.start(this.asks, word, this.name, asking);
				this.asker = process;
			}
			else {
				process = PeerProcess.start(this.answers, word, this.name, answering);
				this.answerer = process;
			}
			process.onFailure(this::closeBoth);
			return process;
		}
	}

	private static void breakOff() {
		synchronized (RUNNING) {
			brokenOff = true;
			RUNNING.forEach(Conversation::end);
		}
	}

	private void exchange(String exchange) throws Exception {
		totals(asked(exchange), 0);
	}

	/** What the asking side received is what it should be; tells what it sent. */
	private String asked(String exchange) throws Exception {
		this.step = exchange;
		String line = read(this.asker);
		Matcher exchanged = EXCHANGED.matcher(line);
		if (!exchanged.matches() || !exchanged.group(1).equals(exchange)) {
			compare("the asking side", line, "exchange " + exchange + " sent=... received=...");
		}
		Tally expected = Script.received(exchange, Integer.parseInt(exchanged.group(4)));
		compare("the asking side", "received=" + exchanged.group(3), "received=" + expected);
		return exchanged.group(2);
	}

	/** What the answering side received is what the asking side sent. */
	private void totals(String sent, int redelivered) throws Exception {
		expect(this.answerer, "received=" + sent + " redelivered=" + redelivered);
		this.passed++;
	}

	private void expect(PeerProcess process, String line) throws Exception {
		compare(who(process), read(process), line);
	}

	private void compare(String who, String line, String expected) throws FailedException {
		if (line.startsWith("failed " + this.step + ": ")) {
			throw new FailedException(line.substring(line.indexOf(':') + 2));
		}
		if (!line.equals(expected)) {
			throw new FailedException(who + " said '" + line + "' instead of '" + expected + "'");
		}
	}

	private String who(PeerProcess process) {
		return (process == this.asker) ? "the asking side" : "the answering side";
	}

	private String read(PeerProcess process) throws Exception {
		try {
			String line = process.readLine(PATIENCE);
			if (line == null) {
				throw new FailedException(who(process) + " ended" + endings());
			}
			return line;
		}
		catch (TimeoutException ex) {
			throw new FailedException(who(process) + " said nothing for " + PATIENCE.toSeconds() + " s" + endings());
		}
	}

	private Outcome attempt(int steps, String how, Part part) {
		RUNNING.add(this);
		try {
			part.run();
			return new Outcome(this.passed, steps, List.of());
		}
		catch (Exception | AssertionError ex) {
			String what = (ex instanceof FailedException) ? ex.getMessage() : ex + endings();
			return Outcome.failed(this.passed, steps,
					new Failure(this.step + ": " + what, "as " + lower(this.role) + ", " + how));
		}
		finally {
			end();
			RUNNING.remove(this);
		}
	}

	/** What may have been the cause. */
	private String endings() {
		return ending("asking", this.asker) + ending("answering", this.answerer);
	}

	private static String ending(String side, PeerProcess process) {
		try {
			OptionalInt status = (process != null) ? process.exitStatus(SHORT_WAIT) : OptionalInt.empty();
			if (status.isEmpty() || status.getAsInt() == 0) {
				return "";
			}
			String words = process.readLine(SHORT_WAIT);
			return "; the " + side + " side ended with the status " + status.getAsInt()
					+ ((words != null) ? ": " + words : "");
		}
		catch (IOException | TimeoutException ex) {
			return "; " + ex;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return "";
		}
	}

	private void end() {
		try {
			closeBoth();
			AxonChannel.discard(this.name);
		}
		catch (AxonException ex) {
			System.err.println("what is left of " + this.name + " cannot be removed: " + ex.getMessage());
		}
	}

	/** When one of them fails the other one would wait for it. */
	private void closeBoth() {
		for (PeerProcess process : new PeerProcess[] { this.asker, this.answerer }) {
			if (process != null) {
				process.close();
			}
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
