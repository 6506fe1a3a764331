package io.axonipc.samples.benchmarks.jmh;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;

import io.axonipc.Claim;
import io.axonipc.MessageHandler;
import io.axonipc.MessageView;
import io.axonipc.Receiver;
import io.axonipc.Sender;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What sending and receiving one message costs when nobody waits: one thread sends as
 * many as easily fit the ring, and then receives them at the other end.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SendAndPollBenchmark {

	private static final String TAG = "t";

	private static final int BATCH = 256;

	/** Bytes of payload. */
	@Param({ "32", "1024" })
	public int size;

	private ChannelPair pair;

	private Sender sender;

	private Receiver receiver;

	private ByteBuffer payload;

	private long sum;

	private final MessageHandler handler = this::read;

	/** Opens both ends. */
	@Setup
	public void open() {
		this.pair = new ChannelPair();
		this.sender = this.pair.client.sender();
		this.receiver = this.pair.server.receiver();
		this.payload = ByteBuffer.allocateDirect(this.size).order(ByteOrder.LITTLE_ENDIAN);
	}

	/** Closes both ends. */
	@TearDown
	public void close() {
		this.pair.close();
	}

	/**
	 * Copies the payload in, and reads it in place.
	 * @return what was read
	 */
	@Benchmark
	@OperationsPerInvocation(BATCH)
	public long sendAndPoll() {
		for (int i = 0; i < BATCH; i++) {
			this.payload.putLong(0, i);
			if (!this.sender.trySend(TAG, this.payload)) {
				throw new IllegalStateException("the ring is full after " + i + " messages");
			}
		}
		return poll();
	}

	/**
	 * Writes the payload in place, and reads it in place.
	 * @return what was read
	 */
	@Benchmark
	@OperationsPerInvocation(BATCH)
	public long claimAndPoll() {
		for (int i = 0; i < BATCH; i++) {
			Claim claim = this.sender.tryClaim(TAG, this.size);
			ByteBuffer words = claim.buffer();
			for (int at = 0; at < this.size; at += Long.BYTES) {
				words.putLong(at, i);
			}
			claim.commit();
		}
		return poll();
	}

	private long poll() {
		for (int left = BATCH; left > 0;) {
			left -= this.receiver.poll(this.handler, left);
		}
		return this.sum;
	}

	private void read(MessageView message) {
		for (int at = 0; at < this.size; at += Long.BYTES) {
			this.sum += message.getLong(at);
		}
	}

}
