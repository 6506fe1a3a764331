package io.axonipc.samples.benchmarks.jmh;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

import io.axonipc.MessageView;
import io.axonipc.spring.ListenerDispatch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * From a message in hand to the end of its listener method, by the type that the method
 * takes; a record comes as JSON.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ListenerDispatchBenchmark {

	private static final String TRADE = """
			{"sequence":7,"symbol":"AXON","price":12.25,"quantity":100,"filled":true,"side":"BUY"}""";

	/** The listener method, named as the type that it takes. */
	@Param({ "bytes", "string", "record" })
	public String type;

	private ChannelPair pair;

	private MessageView message;

	private ListenerDispatch dispatch;

	/** Takes a message in hand. */
	@Setup
	public void open() {
		this.pair = new ChannelPair();
		byte[] payload = this.type.equals("record") ? TRADE.getBytes(StandardCharsets.UTF_8)
				: "00000000 a message of characters".getBytes(StandardCharsets.UTF_8);
		this.message = this.pair.inHand("t", payload);
		this.dispatch = new ListenerDispatch(new Listener(), this.type);
	}

	/** Lets go of it. */
	@TearDown
	public void close() {
		this.message.close();
		this.pair.close();
	}

	/**
	 * Calls the listener.
	 * @return what it returned: what it was given
	 * @throws Throwable what it threw
	 */
	@Benchmark
	public Object dispatch() throws Throwable {
		return this.dispatch.invoke(this.message);
	}

	enum Side {

		BUY, SELL

	}

	record Trade(long sequence, String symbol, double price, int quantity, boolean filled, Side side) {
	}

	static final class Listener {

		byte[] bytes(byte[] message) {
			return message;
		}

		String string(String message) {
			return message;
		}

		Trade record(Trade message) {
			return message;
		}

	}

}
