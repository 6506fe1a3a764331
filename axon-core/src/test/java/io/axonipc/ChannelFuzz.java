package io.axonipc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;

import io.axonipc.ring.HeaderWord;
import io.axonipc.ring.SegmentLayout;
import io.axonipc.testing.FuzzInput;
import io.axonipc.testing.Golden;
import io.axonipc.testing.SharedFiles;

/**
 * A fuzz target: both ends of a channel at work, closed and opened again, while somebody
 * writes to its segment, slots and semaphores, and removes names. An end goes on, or
 * throws what the API documents; nothing else.
 */
public final class ChannelFuzz implements AutoCloseable {

	static final int MAX_MESSAGE = 1 << 16;

	private static final int CAPACITY = 4096;

	private static final Duration SHORT = Duration.ofNanos(20_000);

	private static final ChannelOptions OPTIONS = ChannelOptions.defaults()
		.capacity(CAPACITY)
		.maxMessageSize(MAX_MESSAGE)
		.largeMessageMemory(3 * MAX_MESSAGE)
		.openTimeout(Duration.ZERO)
		.sendTimeout(SHORT);

	/** Parking yields the processor: half of the waits without it make more of them. */
	private static final ChannelOptions[] BY_ROLE = { OPTIONS.role(Role.SERVER).waitStrategy(WaitStrategy.park()),
			OPTIONS.role(Role.CLIENT).waitStrategy(WaitStrategy.spin()) };

	private final SharedFiles files = new SharedFiles("fuzz-" + ProcessHandle.current().pid());

	private final AxonChannel[] ends = new AxonChannel[2];

	/** The requests that each end has sent since it was opened. */
	private final int[] requests = new int[2];

	private final FuzzInput input;

	ChannelFuzz(FuzzInput input) {
		this.input = input;
	}

	/**
	 * Called by the fuzzer again and again.
	 * @param bytes what to do
	 * @throws IOException never
	 */
	public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
		try (ChannelFuzz channel = new ChannelFuzz(new FuzzInput(bytes))) {
			channel.run();
		}
	}

	void run() throws IOException {
		while (this.input.hasMore()) {
			int what = this.input.below(20);
			try {
				if (what < 13) {
					use(what, end(this.input.below(2)));
				}
				else {
					corrupt(what);
				}
			}
			catch (AxonException ex) {
				// Documented; a channel that was found corrupt is closed for use.
			}
		}
	}

	@Override
	public void close() throws IOException {
		try {
			close(0);
			close(1);
			AxonChannel.discard(this.files.channel());
		}
		catch (AxonException ex) {
			// Removed without its help.
		}
		finally {
			this.files.remove();
		}
	}

	private AxonChannel end(int role) {
		if (this.ends[role] != null && !this.ends[role].isOpen()) {
			close(role);
		}
		if (this.ends[role] == null) {
			this.ends[role] = AxonChannel.open(this.files.channel(), BY_ROLE[role]);
			this.requests[role] = 0;
		}
		return this.ends[role];
	}

	private void close(int role) {
		AxonChannel end = this.ends[role];
		this.ends[role] = null;
		if (end != null) {
			end.close();
		}
	}

	private void use(int what, AxonChannel end) {
		switch (what) {
			case 0, 1, 2, 3 -> end.sender().trySend(tag(), payload());
			case 4 -> end.sender().send(new MessageHeader(tag(), new byte[this.input.upTo(300)]), payload(), SHORT);
			case 5 -> claim(end);
			case 6, 7 -> end.receiver().poll((message) -> handle(end, message), 1 + this.input.below(8));
			case 8 -> end.receiver().poll((message) -> handle(end, message), 1, SHORT);
			case 9 -> receive(end);
			case 10 -> {
				this.requests[end.role().ordinal()]++;
				end.request(tag(), payload(), SHORT, (reply) -> read(reply));
			}
			case 11 -> {
				// Answered before it is sent, as here one thread has both ends.
				long id = this.requests[end.role().ordinal()] + 1 + this.input.below(2);
				end.sender().request(new MessageHeader(tag()), (end.endpoint().incarnation() << 40) | id, payload(), 0);
			}
			default -> close(end.role().ordinal());
		}
	}

	private String tag() {
		return "t".repeat(1 + this.input.below(256) % 255);
	}

	private ByteBuffer payload() {
		int size = this.input.below(4);
		return ByteBuffer.allocate((size == 3) ? this.input.upTo(MAX_MESSAGE) : this.input.upTo(300 * (size + 1)));
	}

	private void claim(AxonChannel end) {
		try (Claim claim = end.sender().tryClaim(tag(), payload().capacity())) {
			if (claim != null && claim.buffer().hasRemaining() && this.input.below(4) != 0) {
				claim.buffer().put(0, (byte) 7);
				claim.commit();
			}
		}
	}

	private void receive(AxonChannel end) {
		MessageView message = end.receiver().receive(Duration.ZERO);
		if (message != null) {
			handle(end, message);
			if (this.input.below(2) == 0) {
				message.close();
			}
		}
	}

	private void handle(AxonChannel end, MessageView message) {
		read(message);
		if (message.isRequest()) {
			if (this.input.below(4) == 0) {
				end.sender().replyError(message, "no");
			}
			else {
				end.sender().reply(message, payload());
			}
		}
	}

	private static int read(MessageView message) {
		if (message.length() > MAX_MESSAGE || message.deliveries() < 1 || message.deliveries() > 63) {
			throw new IllegalStateException(message.length() + " bytes, " + message.deliveries() + " deliveries");
		}
		int sum = message.tag().length() + (int) message.correlationId();
		byte[] metadata = message.metadata();
		return sum + message.toByteArray().length + ((metadata != null) ? metadata.length : 0);
	}

	/** What no honest process does. */
	private void corrupt(int what) throws IOException {
		int ring = this.input.below(2);
		int control = SegmentLayout.control(ring, CAPACITY);
		switch (what) {
			case 13 -> write(this.files.segment(), control + 128 * this.input.below(4));
			case 14 -> write(this.files.segment(), control + SegmentLayout.PAGE + 8 * this.input.upTo(CAPACITY / 8));
			case 15 -> {
				long word = HeaderWord.of(this.input.upTo(CAPACITY / 4 + 1), this.input.below(256),
						this.input.below(256), this.input.below(4));
				int record = HeaderWord.ALIGNMENT * this.input.below(CAPACITY / HeaderWord.ALIGNMENT);
				this.files.write(this.files.segment(), control + SegmentLayout.PAGE + record, (old) -> word);
			}
			case 16 -> write(this.files.segment(), 8 * this.input.below(48));
			case 17 -> {
				String slot = this.files.slot(ring, this.input.below(SegmentLayout.SLOTS));
				switch (this.input.below(4)) {
					case 0 -> Files.deleteIfExists(this.files.path(slot));
					case 1 -> this.files.copy(this.files.slot(this.input.below(2), this.input.below(2)), slot);
					default -> write(slot, 8 * this.input.below(6));
				}
			}
			case 18 -> {
				String semaphore = this.files.semaphore(ring, this.input.below(2) == 0);
				if (this.input.below(4) == 0) {
					Files.deleteIfExists(this.files.path(semaphore));
				}
				else {
					write(semaphore, 8 * this.input.below(4));
				}
			}
			default -> {
				Files.deleteIfExists(this.files.path(this.files.segment()));
				if (this.input.below(8) != 0) {
					this.files.create(this.files.segment(), segment());
				}
			}
		}
	}

	/** A segment that is almost right. */
	private byte[] segment() {
		ByteBuffer image = ByteBuffer.wrap(Golden.segment()).order(ByteOrder.LITTLE_ENDIAN);
		for (int writes = this.input.below(6); writes > 0; writes--) {
			int offset = Long.BYTES * this.input.upTo(image.capacity() / Long.BYTES);
			image.putLong(offset, this.input.word(image.getLong(offset)));
		}
		int size = (this.input.below(4) == 0) ? this.input.upTo(1 << 16) : image.capacity();
		return Arrays.copyOf(image.array(), size);
	}

	private void write(String file, int offset) throws IOException {
		this.files.write(file, offset, this.input::word);
	}

}
