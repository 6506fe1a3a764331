package io.axonipc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

import io.axonipc.testing.SharedFiles;

/**
 * A process whose segments are cut short while it uses them, which may kill it. Prints
 * what each call threw, and exits with 1 if one did not find the channel corrupt.
 */
final class CutShort {

	private static final Duration SHORT = Duration.ofMillis(200);

	private CutShort() {
	}

	/**
	 * Cuts the segment of one channel after the other.
	 * @param arguments the channels' name, how often each is used before, and the size
	 * that is left
	 * @throws IOException if a segment cannot be cut
	 */
	public static void main(String[] arguments) throws IOException {
		Map<String, Consumer<AxonChannel>> calls = new TreeMap<>();
		calls.put("poll", (end) -> end.receiver().poll(MessageView::tag, 10));
		calls.put("poll-and-wait", (end) -> end.receiver().poll(MessageView::tag, 10, SHORT));
		calls.put("receive", (end) -> end.receiver().receive(SHORT));
		calls.put("request", (end) -> end.request("t", ByteBuffer.allocate(8), SHORT, MessageView::tag));
		calls.put("send", (end) -> end.sender().send("t", new byte[32]));
		calls.put("send-large", (end) -> end.sender().send("t", new byte[20_000]));
		boolean asDocumented = true;
		for (Map.Entry<String, Consumer<AxonChannel>> call : calls.entrySet()) {
			String thrown = cut(arguments[0] + "-" + call.getKey(), Integer.parseInt(arguments[1]),
					Integer.parseInt(arguments[2]), call.getValue());
			System.out.println(call.getKey() + ": " + thrown);
			asDocumented &= thrown.equals("CorruptChannelException and then ChannelClosedException");
		}
		System.exit(asDocumented ? 0 : 1);
	}

	private static String cut(String name, int uses, int size, Consumer<AxonChannel> call) throws IOException {
		ChannelOptions options = ChannelOptions.defaults().capacity(1 << 16).sendTimeout(SHORT);
		try (AxonChannel server = AxonChannel.open(name, options.role(Role.SERVER));
				AxonChannel client = AxonChannel.open(name, options)) {
			for (int i = 0; i < uses; i++) {
				client.sender().send("t", new byte[32]);
				server.receiver().poll(MessageView::tag, 10);
			}
			SharedFiles files = new SharedFiles(name);
			try (FileChannel file = FileChannel.open(files.path(files.segment()), StandardOpenOption.WRITE)) {
				file.truncate(size);
			}
			return thrown(call, server) + " and then " + thrown(call, server);
		}
		finally {
			AxonChannel.discard(name);
		}
	}

	private static String thrown(Consumer<AxonChannel> call, AxonChannel end) {
		try {
			call.accept(end);
			return "nothing";
		}
		catch (AxonException | InternalError ex) {
			return ex.getClass().getSimpleName();
		}
	}

}
