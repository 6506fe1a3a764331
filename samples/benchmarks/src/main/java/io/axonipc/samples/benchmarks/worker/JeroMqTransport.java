package io.axonipc.samples.benchmarks.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;

import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;

/**
 * JeroMQ's PAIR sockets over TCP on the loopback interface: its {@code ipc} is TCP under
 * another name up to 0.6.0. One I/O thread, as its guide has it for less than a gigabyte
 * a second, and TCP_NODELAY, which it sets itself.
 * <p>
 * Always blocking: the I/O thread of each side has to be woken whatever the application
 * does, and an application that asks again and again only takes the processor from it.
 */
final class JeroMqTransport implements Transport {

	private static final String LOOPBACK = "tcp://127.0.0.1";

	/** JeroMQ's own limit of messages under way. */
	private static final int DEFAULT_HWM = 1000;

	/** That many of 16 MiB would not fit in memory. */
	private static final int QUEUED_BYTES = 16 << 20;

	/** A connection is there within milliseconds, or never. */
	private static final int CONNECT_MILLIS = 2000;

	private static final int ATTEMPTS = (int) Peers.PATIENCE.toMillis() / CONNECT_MILLIS;

	private static final byte[] HELLO = {};

	private final ZContext context = new ZContext(1);

	private final Setup setup;

	private ZMQ.Socket socket;

	private JeroMqTransport(Setup setup) {
		this.setup = setup;
		this.socket = newSocket();
	}

	private ZMQ.Socket newSocket() {
		ZMQ.Socket created = this.context.createSocket(SocketType.PAIR);
		created.setLinger(0);
		created.setHWM(Math.max(2, Math.min(DEFAULT_HWM, QUEUED_BYTES / this.setup.size())));
		return created;
	}

	static JeroMqTransport open(Setup setup) throws IOException {
		JeroMqTransport transport = new JeroMqTransport(setup);
		PortFile port = new PortFile(setup);
		if (setup.first()) {
			transport.connect(port.take());
		}
		else {
			transport.accept(port);
		}
		return transport;
	}

	/**
	 * An empty message each way shows that the other side is there. About one connection
	 * in thirty of JeroMQ 0.6.0 is established and then never read from, so it is tried
	 * again.
	 */
	private void connect(int port) throws IOException {
		for (int i = 0; i < ATTEMPTS; i++) {
			this.socket.connect(LOOPBACK + ":" + port);
			this.socket.send(HELLO);
			if (received(CONNECT_MILLIS)) {
				return;
			}
			this.socket.close();
			this.socket = newSocket();
		}
		throw nobodyCame();
	}

	private void accept(PortFile port) throws IOException {
		try {
			port.publish(this.socket.bindToRandomPort(LOOPBACK));
			if (!received((int) Peers.PATIENCE.toMillis())) {
				throw nobodyCame();
			}
			this.socket.send(HELLO);
		}
		finally {
			port.remove();
		}
	}

	private boolean received(int millis) {
		this.socket.setReceiveTimeOut(millis);
		boolean received = this.socket.recv() != null;
		this.socket.setReceiveTimeOut(-1);
		return received;
	}

	private IOException nobodyCame() {
		this.context.close();
		return new IOException(
				"the other side of " + this.setup.name() + " did not come within " + Peers.PATIENCE.toSeconds() + " s");
	}

	/** The I/O thread sends the array later, so each message needs one of its own. */
	@Override
	public void send(Payload payload) {
		this.socket.send(payload.nextArray().clone());
	}

	@Override
	public int receive(Payload payload, int limit) {
		byte[] message = this.socket.recv();
		int count = 0;
		while (message != null) {
			read(payload, message);
			count++;
			message = (count < limit) ? this.socket.recv(ZMQ.DONTWAIT) : null;
		}
		return count;
	}

	@Override
	public void echo(Payload payload) {
		byte[] message = this.socket.recv();
		read(payload, message);
		this.socket.send(message.clone());
	}

	private static void read(Payload payload, byte[] message) {
		ByteBuffer words = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
		payload.received(words.getLong(0), Payload.sum(words, 0, message.length));
	}

	@Override
	public void idle(long nanos) {
		received((int) TimeUnit.NANOSECONDS.toMillis(nanos));
	}

	@Override
	public void close() {
		this.context.close();
	}

}
