package io.axonipc.samples.benchmarks.worker;

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.file.Path;

import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.core.io.IOTools;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.StoreFileListener;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.rollcycles.TestRollCycles;
import net.openhft.chronicle.threads.BusyPauser;
import net.openhft.chronicle.threads.Pauser;
import net.openhft.chronicle.wire.DocumentContext;

/**
 * Chronicle Queue: two queues on /dev/shm, one for each direction. As its documentation
 * advises for low latency, bytes are written and read in place in a document, without
 * wire format, by one thread each with its checks of that turned off.
 * <p>
 * A spinning tailer uses {@code BusyPauser}, which {@code Pauser.busy()} gives out only
 * on machines with four processors or more; an ordinary one {@code Pauser.balanced()},
 * which is {@code Pauser.sleepy()} on smaller machines; there is no way to block, so
 * {@link Mode#PARK} has {@code Pauser.sleepy()}.
 * <p>
 * A queue keeps what was read. Streams would fill the memory, so their queues begin a new
 * file each second, and the receiver deletes the files that it has left.
 */
final class ChronicleTransport implements Transport {

	private final ChronicleQueue outQueue;

	private final ChronicleQueue inQueue;

	private final ExcerptAppender appender;

	private final ExcerptTailer tailer;

	private final Pauser pauser;

	private ChronicleTransport(Setup setup) {
		RollCycle cycle = setup.isStream() ? TestRollCycles.TEST_SECONDLY : RollCycles.DEFAULT;
		this.outQueue = queue(directory(setup, setup.first()), cycle, StoreFileListener.noOp());
		this.inQueue = queue(directory(setup, !setup.first()), cycle, ChronicleTransport::deleted);
		this.appender = this.outQueue.createAppender();
		this.appender.singleThreadedCheckDisabled(true);
		this.tailer = this.inQueue.createTailer();
		this.tailer.singleThreadedCheckDisabled(true);
		this.pauser = switch (setup.mode()) {
			case SPIN -> BusyPauser.INSTANCE;
			case PARK -> Pauser.sleepy();
			case DEFAULT -> Pauser.balanced();
		};
	}

	private static Path directory(Setup setup, boolean writtenByFirst) {
		return Path.of("/dev/shm", setup.name() + (writtenByFirst ? ".there" : ".back"));
	}

	private static ChronicleQueue queue(Path path, RollCycle cycle, StoreFileListener files) {
		return SingleChronicleQueueBuilder.binary(path).rollCycle(cycle).storeFileListener(files).build();
	}

	private static void deleted(int cycle, File file) {
		file.delete();
	}

	/** A message each way shows that the other side is there. */
	static ChronicleTransport open(Setup setup) {
		// A benchmark tells nobody that it runs.
		System.setProperty("chronicle.analytics.disable", "true");
		System.setProperty("chronicle.announcer.disable", "true");
		ChronicleTransport transport = new ChronicleTransport(setup);
		try (DocumentContext document = transport.appender.writingDocument()) {
			document.wire().bytes().writeLong(0);
		}
		Peers.await(() -> {
			try (DocumentContext document = transport.tailer.readingDocument()) {
				return document.isPresent();
			}
		}, setup);
		return transport;
	}

	@Override
	public void send(Payload payload) {
		BytesStore<?, ByteBuffer> source = payload.attachment((own) -> BytesStore.wrap(own.buffer()));
		payload.next();
		try (DocumentContext document = this.appender.writingDocument()) {
			document.wire().bytes().write(source, 0L, payload.length());
		}
	}

	@Override
	public int receive(Payload payload, int limit) {
		int count = 0;
		while (count == 0) {
			while (count < limit && receiveOne(payload, false)) {
				count++;
			}
			if (count == 0) {
				this.pauser.pause();
			}
		}
		this.pauser.reset();
		return count;
	}

	@Override
	public void echo(Payload payload) {
		while (!receiveOne(payload, true)) {
			this.pauser.pause();
		}
		this.pauser.reset();
	}

	private boolean receiveOne(Payload payload, boolean echo) {
		try (DocumentContext document = this.tailer.readingDocument()) {
			if (!document.isPresent()) {
				return false;
			}
			Bytes<?> message = document.wire().bytes();
			long start = message.readPosition();
			payload.received(message.readLong(start), sum(message, start, message.readLimit()));
			if (echo) {
				try (DocumentContext reply = this.appender.writingDocument()) {
					reply.wire().bytes().write(message);
				}
			}
			return true;
		}
	}

	/** As {@link Payload#sum}, in place. */
	private static long sum(Bytes<?> words, long start, long end) {
		long a = 0;
		long b = 0;
		long c = 0;
		long d = 0;
		long i = start;
		for (; i <= end - 32; i += 32) {
			a += words.readLong(i);
			b += words.readLong(i + 8);
			c += words.readLong(i + 16);
			d += words.readLong(i + 24);
		}
		for (; i < end; i += 8) {
			a += words.readLong(i);
		}
		return a + b + c + d;
	}

	@Override
	public void idle(long nanos) {
		long start = System.nanoTime();
		while (System.nanoTime() - start < nanos) {
			try (DocumentContext document = this.tailer.readingDocument()) {
				if (document.isPresent()) {
					throw new IllegalStateException("a message came while nothing should be sent");
				}
			}
			this.pauser.pause();
		}
		this.pauser.reset();
	}

	@Override
	public void close() {
		this.outQueue.close();
		this.inQueue.close();
		IOTools.deleteDirWithFiles(this.outQueue.file().getPath(), this.inQueue.file().getPath());
	}

}
