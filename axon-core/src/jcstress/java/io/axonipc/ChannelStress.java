package io.axonipc;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A whole channel, opened anew for each try. Results are whether a call did its work, and
 * whether a look afterwards, in the same thread, found what must be so then.
 */
public class ChannelStress {

	private static final byte[] PAYLOAD = new byte[24];

	/** A message of a send that returned is there, and one of a send that threw is not. */
	@JCStressTest
	@State
	@Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "Sent, then closed.")
	@Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "Closed, and nothing was sent.")
	@Outcome(expect = Expect.FORBIDDEN, desc = "Something else.")
	public static class SendAndClose extends Channel {

		@Actor
		public void sender(ZZ_Result result) {
			result.r1 = isOpenFor(() -> this.server.sender().send("t", PAYLOAD));
		}

		@Actor
		public void closer() {
			this.server.close();
		}

		@Arbiter
		public void after(ZZ_Result result) {
			boolean closed = !isOpenFor(() -> this.server.sender().send("t", PAYLOAD));
			result.r2 = closed && received() == (result.r1 ? 1 : 0);
			end();
		}

	}

	/** A message that was handled does not come again, and one that was not does. */
	@JCStressTest
	@State
	@Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "Received, then closed.")
	@Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "Closed, and the message is kept.")
	@Outcome(expect = Expect.FORBIDDEN, desc = "Something else.")
	public static class PollAndClose extends Channel {

		private int handled;

		public PollAndClose() {
			this.client.sender().send("t", PAYLOAD);
		}

		@Actor
		public void receiver(ZZ_Result result) {
			boolean open = isOpenFor(() -> this.server.receiver().poll((message) -> this.handled++, 1, PATIENCE));
			result.r1 = this.handled == 1;
			// A poll that ended well has handled it.
			result.r2 = !open || result.r1;
		}

		@Actor
		public void closer() {
			this.server.close();
		}

		@Arbiter
		public void after(ZZ_Result result) {
			this.server = AxonChannel.open(this.name, options(Role.SERVER));
			int left = this.server.receiver().poll((message) -> {
			}, 2);
			result.r2 &= left + this.handled == 1;
			end();
		}

	}

	/** Nobody answers: only the close ends it. */
	@JCStressTest
	@State
	@Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "Closed.")
	@Outcome(expect = Expect.FORBIDDEN, desc = "Something else.")
	public static class RequestAndClose extends Channel {

		@Actor
		public void requester(ZZ_Result result) {
			result.r1 = isOpenFor(
					() -> this.server.request("t", ByteBuffer.wrap(PAYLOAD), PATIENCE, MessageView::length));
		}

		@Actor
		public void closer() {
			this.server.close();
		}

		@Arbiter
		public void after(ZZ_Result result) {
			result.r2 = received() <= 1;
			end();
		}

	}

	/** Messages of two threads never mix, and those of one keep their order. */
	@JCStressTest
	@State
	@Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "All came, in order.")
	@Outcome(expect = Expect.FORBIDDEN, desc = "Lost, mixed or out of order.")
	public static class TwoSenders extends Channel {

		private static final int EACH = 20;

		@Actor
		public void first() {
			send("first", 1);
		}

		@Actor
		public void second() {
			send("second, with another length", 2);
		}

		private void send(String tag, int thread) {
			byte[] payload = new byte[30 * thread];
			for (int n = 0; n < EACH; n++) {
				Arrays.fill(payload, (byte) (thread * 100 + n));
				this.server.sender().send(tag, payload);
			}
		}

		@Arbiter
		public void after(ZZ_Result result) {
			int[] next = new int[3];
			result.r2 = true;
			this.client.receiver().poll((message) -> {
				int thread = message.length() / 30;
				for (byte value : message.toByteArray()) {
					result.r2 &= value == (byte) (thread * 100 + next[thread]);
				}
				next[thread]++;
			}, 3 * EACH);
			result.r1 = next[1] == EACH && next[2] == EACH;
			this.server.close();
			end();
		}

	}

	/** Both ends, in this process. */
	static class Channel {

		static final Duration PATIENCE = Duration.ofSeconds(20);

		private static final AtomicInteger NEXT = new AtomicInteger();

		final String name = System.getProperty("axon.name") + "-" + ProcessHandle.current().pid() + "-"
				+ NEXT.getAndIncrement();

		AxonChannel server = AxonChannel.open(this.name, options(Role.SERVER));

		final AxonChannel client = AxonChannel.open(this.name, options(Role.CLIENT));

		static ChannelOptions options(Role role) {
			return ChannelOptions.defaults().role(role).capacity(8192).openTimeout(PATIENCE);
		}

		/** Any other exception is a failure of the test. */
		static boolean isOpenFor(Runnable call) {
			try {
				call.run();
				return true;
			}
			catch (ChannelClosedException ex) {
				return false;
			}
		}

		int received() {
			return this.client.receiver().poll((message) -> {
			}, 10);
		}

		void end() {
			this.server.close();
			this.client.close();
			AxonChannel.discard(this.name);
		}

	}

}
