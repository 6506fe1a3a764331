package io.axonipc.samples.benchmarks.jmh;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.axonipc.MessageView;
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
 * From a message in hand to its tag, as the core gives it, and on to a handler, as the
 * starter finds it: in an immutable map.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TagLookupBenchmark {

	private static final int HANDLERS = 16;

	/** The message's tag. */
	@Param({ "t", "orders.executions.confirmed.eu" })
	public String tag;

	private ChannelPair pair;

	private MessageView message;

	private Map<String, String> handlers;

	/** Takes a message in hand. */
	@Setup
	public void open() {
		this.pair = new ChannelPair();
		this.message = this.pair.inHand(this.tag, new byte[Long.BYTES]);
		this.handlers = IntStream.range(0, HANDLERS)
			.mapToObj((i) -> (i == 0) ? this.tag : "tag-" + i)
			.collect(Collectors.toUnmodifiableMap(Function.identity(), Function.identity()));
	}

	/** Lets go of it. */
	@TearDown
	public void close() {
		this.message.close();
		this.pair.close();
	}

	/**
	 * The core's part.
	 * @return the tag
	 */
	@Benchmark
	public String tag() {
		return this.message.tag();
	}

	/**
	 * The core's part and the starter's.
	 * @return the handler
	 */
	@Benchmark
	public String handler() {
		return this.handlers.get(this.message.tag());
	}

}
