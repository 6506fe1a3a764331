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

	private final ZContext context;

	private final ZMQ.Socket socket;

	private JeroMqTransport(ZContext context, Setup setup) {
		this.context = context;
		this.socket = context.createSocket(SocketType.PAIR);
		this.socket.setLinger(0);
		this.socket.setHWM(Math.max(2, Math.min(DEFAULT_HWM, QUEUED_BYTES / setup.size())));
	}

	static JeroMqTransport open(Setup setup) throws IOException {
		JeroMqTransport transport = new JeroMqTransport(new ZContext(1), setup);
		transport.connect(setup);
		return transport;
	}

	/** An empty message each way shows that the other side is there. */
	private void connect(Setup setup) throws IOException {
		PortFile port = new PortFile(setup);
		try {
			if (setup.first()) {
				this.socket.connect(LOOPBACK + ":" + port.take());
			}
			else {
				port.publish(this.socket.bindToRandomPort(LOOPBACK));
			}
			this.socket.send(new byte[0]);
			this.socket.setReceiveTimeOut((int) Peers.PATIENCE.toMillis());
			if (this.socket.recv() == null) {
				throw new IOException("the other side of " + setup.name() + " did not come within "
						+ Peers.PATIENCE.toSeconds() + " s");
			}
			this.socket.setReceiveTimeOut(-1);
		}
		finally {
			port.remove();
		}
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
		this.socket.setReceiveTimeOut((int) TimeUnit.NANOSECONDS.toMillis(nanos));
		this.socket.recv();
		this.socket.setReceiveTimeOut(-1);
	}

	@Override
	public void close() {
		this.context.close();
	}

}
