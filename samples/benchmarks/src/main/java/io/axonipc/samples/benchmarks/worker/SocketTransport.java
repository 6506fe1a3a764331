package io.axonipc.samples.benchmarks.worker;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The JDK's {@code SocketChannel}, over a Unix-domain socket or over TCP on the loopback
 * interface with TCP_NODELAY, as {@link StandardSocketOptions#TCP_NODELAY} says for small
 * requests. A frame is the payload's length in four bytes, and the payload.
 * <p>
 * A message is one gathering write from direct buffers, so Java copies nothing, and one
 * read takes as many frames as have come. Spinning reads and writes without blocking,
 * again and again; otherwise both block.
 */
final class SocketTransport implements Transport {

	private static final int PREFIX = Integer.BYTES;

	/** Room for the frames of one read; at least one frame has to fit. */
	private static final int READ_BYTES = 256 << 10;

	private final SocketChannel socket;

	private final Path path;

	private final boolean spins;

	private final ByteBuffer prefix = ByteBuffer.allocateDirect(PREFIX).order(ByteOrder.LITTLE_ENDIAN);

	private final ByteBuffer[] frame = { this.prefix, null };

	/** What was read and not yet taken lies between position and limit. */
	private final ByteBuffer in;

	private SocketTransport(SocketChannel socket, Path path, Setup setup) throws IOException {
		this.socket = socket;
		this.path = path;
		this.spins = setup.mode() == Mode.SPIN;
		this.prefix.putInt(0, setup.size());
		this.in = ByteBuffer.allocateDirect(Math.max(READ_BYTES, PREFIX + setup.size()))
			.order(ByteOrder.LITTLE_ENDIAN)
			.limit(0);
		socket.configureBlocking(!this.spins);
	}

	static SocketTransport open(Setup setup) throws IOException {
		if (setup.system().startsWith("uds")) {
			Path path = PortFile.temporary(setup, ".socket");
			SocketAddress address = UnixDomainSocketAddress.of(path);
			SocketChannel socket = setup.first() ? connect(setup, path, address) : acceptUnix(setup, address);
			return new SocketTransport(socket, path, setup);
		}
		PortFile port = new PortFile(setup);
		SocketChannel socket = setup.first()
				? SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port.take()))
				: acceptTcp(setup, port);
		socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
		return new SocketTransport(socket, null, setup);
	}

	/** The file is there a moment before the socket listens. */
	private static SocketChannel connect(Setup setup, Path path, SocketAddress address) throws IOException {
		SocketChannel[] connected = new SocketChannel[1];
		Peers.await(() -> {
			try {
				connected[0] = Files.exists(path) ? SocketChannel.open(address) : null;
			}
			catch (IOException ex) {
				connected[0] = null;
			}
			return connected[0] != null;
		}, setup);
		return connected[0];
	}

	private static SocketChannel acceptUnix(Setup setup, SocketAddress address) throws IOException {
		try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
			server.bind(address);
			return accept(server, setup);
		}
	}

	private static SocketChannel acceptTcp(Setup setup, PortFile port) throws IOException {
		try (ServerSocketChannel server = ServerSocketChannel.open()) {
			server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
			port.publish(((InetSocketAddress) server.getLocalAddress()).getPort());
			return accept(server, setup);
		}
		finally {
			port.remove();
		}
	}

	private static SocketChannel accept(ServerSocketChannel server, Setup setup) throws IOException {
		server.configureBlocking(false);
		try (Selector selector = Selector.open()) {
			server.register(selector, SelectionKey.OP_ACCEPT);
			selector.select(Peers.PATIENCE.toMillis());
			SocketChannel socket = server.accept();
			if (socket == null) {
				throw new IOException("the other side of " + setup.name() + " did not connect within "
						+ Peers.PATIENCE.toSeconds() + " s");
			}
			return socket;
		}
	}

	@Override
	public void send(Payload payload) throws IOException {
		this.prefix.clear();
		this.frame[1] = payload.next();
		while (this.frame[1].hasRemaining()) {
			this.socket.write(this.frame);
		}
	}

	@Override
	public int receive(Payload payload, int limit) throws IOException {
		int count = 0;
		while (count < limit && (count == 0 || isFrameComplete())) {
			int start = takeFrame();
			payload.received(this.in.getLong(start), Payload.sum(this.in, start, this.in.position() - start));
			count++;
		}
		return count;
	}

	@Override
	public void echo(Payload payload) throws IOException {
		int start = takeFrame();
		payload.received(this.in.getLong(start), Payload.sum(this.in, start, this.in.position() - start));
		// The frame as it came, prefix included, is the frame to send.
		ByteBuffer reply = this.in.slice(start - PREFIX, PREFIX + this.in.getInt(start - PREFIX));
		while (reply.hasRemaining()) {
			this.socket.write(reply);
		}
	}

	/** Waits for a frame and steps over it; returns where its payload begins. */
	private int takeFrame() throws IOException {
		while (!isFrameComplete()) {
			// What is left of the last read is the beginning of a frame.
			this.in.compact();
			int read = this.socket.read(this.in);
			this.in.flip();
			if (read < 0) {
				throw new EOFException("the other side closed the connection");
			}
			if (read == 0 && this.spins) {
				Thread.onSpinWait();
			}
		}
		int start = this.in.position() + PREFIX;
		this.in.position(start + this.in.getInt(start - PREFIX));
		return start;
	}

	private boolean isFrameComplete() {
		int available = this.in.remaining() - PREFIX;
		return available >= 0 && available >= this.in.getInt(this.in.position());
	}

	/** A read that blocks has no time-out; a selector sleeps in the kernel just so. */
	@Override
	public void idle(long nanos) throws IOException {
		if (this.spins) {
			long start = System.nanoTime();
			while (System.nanoTime() - start < nanos && this.socket.read(this.in.compact()) == 0) {
				this.in.flip();
				Thread.onSpinWait();
			}
			return;
		}
		this.socket.configureBlocking(false);
		try (Selector selector = Selector.open()) {
			this.socket.register(selector, SelectionKey.OP_READ);
			selector.select(TimeUnit.NANOSECONDS.toMillis(nanos));
		}
		this.socket.configureBlocking(true);
	}

	@Override
	public void close() {
		try {
			this.socket.close();
			if (this.path != null) {
				Files.deleteIfExists(this.path);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
