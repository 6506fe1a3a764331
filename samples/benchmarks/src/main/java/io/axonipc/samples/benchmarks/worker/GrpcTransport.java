package io.axonipc.samples.benchmarks.worker;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;

/**
 * gRPC over TCP on the loopback interface, without TLS: a unary call of the blocking kind
 * for a round trip, one call with client streaming for a stream. Payloads are arrays, so
 * no time goes into protobuf. Netty is the shaded one with epoll.
 * <p>
 * {@code directExecutor()} on both sides, as gRPC's guide to performance advises for
 * calls that do not block: the server answers in Netty's thread.
 */
final class GrpcTransport implements Transport {

	private static final int MAX_MESSAGE = 32 << 20;

	private static final byte[] NOTHING = {};

	private static final MethodDescriptor<byte[], byte[]> UNARY = method("Echo", MethodDescriptor.MethodType.UNARY);

	private static final MethodDescriptor<byte[], byte[]> STREAM = method("Stream",
			MethodDescriptor.MethodType.CLIENT_STREAMING);

	private final Deliveries deliveries = new Deliveries();

	private Server server;

	private ManagedChannel channel;

	private StreamEnd stream;

	private byte[] reply;

	private static MethodDescriptor<byte[], byte[]> method(String name, MethodDescriptor.MethodType type) {
		return MethodDescriptor.newBuilder(new Arrays(), new Arrays())
			.setFullMethodName(MethodDescriptor.generateFullMethodName("axon.benchmark", name))
			.setType(type)
			.build();
	}

	static GrpcTransport open(Setup setup) throws IOException {
		GrpcTransport transport = new GrpcTransport();
		PortFile port = new PortFile(setup);
		if (setup.first()) {
			transport.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port.take()), setup);
		}
		else {
			transport.serve(port, setup);
		}
		return transport;
	}

	private void connect(InetSocketAddress address, Setup setup) {
		this.channel = NettyChannelBuilder.forAddress(address)
			.usePlaintext()
			.directExecutor()
			.maxInboundMessageSize(MAX_MESSAGE)
			.build();
		// Shows that the other side is there.
		call(NOTHING);
		if (setup.isStream()) {
			this.stream = new StreamEnd();
			ClientCalls.asyncClientStreamingCall(this.channel.newCall(STREAM, CallOptions.DEFAULT), this.stream);
		}
	}

	private void serve(PortFile port, Setup setup) throws IOException {
		this.server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
			.directExecutor()
			.maxInboundMessageSize(MAX_MESSAGE)
			.addService(ServerServiceDefinition.builder("axon.benchmark")
				.addMethod(UNARY, ServerCalls.asyncUnaryCall(this::answer))
				.addMethod(STREAM, ServerCalls.asyncClientStreamingCall((end) -> new Incoming()))
				.build())
			.build()
			.start();
		port.publish(this.server.getPort());
		this.deliveries.awaitFirst(setup);
	}

	private byte[] call(byte[] request) {
		return ClientCalls.blockingUnaryCall(this.channel, UNARY, CallOptions.DEFAULT, request);
	}

	private void answer(byte[] request, StreamObserver<byte[]> answers) {
		read(request);
		answers.onNext(request.clone());
		answers.onCompleted();
	}

	private void read(byte[] message) {
		if (message.length == 0) {
			this.deliveries.opened();
			return;
		}
		ByteBuffer words = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
		this.deliveries.add(words.getLong(0), Payload.sum(words, 0, message.length));
	}

	/** What is sent is encoded at once, so the payload's one array will do. */
	@Override
	public void send(Payload payload) {
		if (this.stream == null) {
			this.reply = call(payload.nextArray());
			return;
		}
		this.stream.awaitReady();
		this.stream.requests.onNext(payload.nextArray());
	}

	@Override
	public int receive(Payload payload, int limit) {
		if (this.channel == null) {
			return this.deliveries.take(payload, limit);
		}
		ByteBuffer words = ByteBuffer.wrap(this.reply).order(ByteOrder.LITTLE_ENDIAN);
		payload.received(words.getLong(0), Payload.sum(words, 0, this.reply.length));
		return 1;
	}

	@Override
	public void echo(Payload payload) {
		this.deliveries.take(payload, 1);
	}

	/** Netty's threads wait. */
	@Override
	public void idle(long nanos) throws InterruptedException {
		TimeUnit.NANOSECONDS.sleep(nanos);
	}

	@Override
	public void close() {
		if (this.channel != null) {
			this.channel.shutdownNow();
		}
		if (this.server != null) {
			this.server.shutdownNow();
		}
	}

	/** Messages of the stream as they come to the server. */
	private final class Incoming implements StreamObserver<byte[]> {

		@Override
		public void onNext(byte[] message) {
			read(message);
		}

		@Override
		public void onError(Throwable ex) {
			// The client is gone; nobody waits for an answer.
		}

		@Override
		public void onCompleted() {
			// Likewise.
		}

	}

	/** The client's end of the stream; wakes the sender when there is room. */
	private static final class StreamEnd implements ClientResponseObserver<byte[], byte[]> {

		/** Who waits for room, or did last. */
		private volatile Thread sender;

		private ClientCallStreamObserver<byte[]> requests;

		private volatile Throwable failure;

		@Override
		public void beforeStart(ClientCallStreamObserver<byte[]> outgoing) {
			this.requests = outgoing;
			outgoing.setOnReadyHandler(() -> LockSupport.unpark(this.sender));
		}

		/** For the thread whose turn it is to send. */
		void awaitReady() {
			this.sender = Thread.currentThread();
			while (!this.requests.isReady()) {
				if (this.failure != null) {
					throw new IllegalStateException("the stream failed", this.failure);
				}
				LockSupport.park(this);
			}
		}

		@Override
		public void onNext(byte[] answer) {
			// The server does not answer a stream.
		}

		@Override
		public void onError(Throwable ex) {
			this.failure = ex;
			LockSupport.unpark(this.sender);
		}

		@Override
		public void onCompleted() {
			// The worker ends.
		}

	}

	/** Arrays as they are. */
	private static final class Arrays implements MethodDescriptor.Marshaller<byte[]> {

		@Override
		public InputStream stream(byte[] value) {
			return new ByteArrayInputStream(value);
		}

		@Override
		public byte[] parse(InputStream stream) {
			try {
				// gRPC knows the message's length.
				byte[] value = new byte[stream.available()];
				stream.readNBytes(value, 0, value.length);
				return value;
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

	}

}
