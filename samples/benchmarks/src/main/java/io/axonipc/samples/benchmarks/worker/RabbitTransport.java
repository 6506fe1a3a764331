package io.axonipc.samples.benchmarks.worker;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.locks.LockSupport;

import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.EnableRabbit;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.config.DirectRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Spring AMQP over a RabbitMQ broker on this host: {@code RabbitTemplate} asks, with
 * direct reply-to, and a {@code @RabbitListener} answers. The queue is not durable, so
 * nothing is written to disk, and the listener's container is the direct one, which the
 * reference recommends where a hop between threads counts.
 */
final class RabbitTransport implements Transport {

	private static final String BROKER = "localhost";

	private static final int PORT = 5672;

	private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

	private final Deliveries deliveries = new Deliveries();

	private final Setup setup;

	private RabbitTemplate template;

	private byte[] reply;

	private RabbitTransport(Setup setup) {
		this.setup = setup;
	}

	static RabbitTransport open(Setup setup) throws UnavailableException {
		CachingConnectionFactory connections = new CachingConnectionFactory(BROKER, PORT);
		try {
			connections.createConnection();
		}
		catch (AmqpException ex) {
			connections.destroy();
			throw new UnavailableException("no RabbitMQ broker answers on " + BROKER + ":" + PORT + ": " + ex);
		}
		RabbitTransport transport = new RabbitTransport(setup);
		transport.start(connections);
		return transport;
	}

	private void start(CachingConnectionFactory connections) {
		RabbitAdmin admin = new RabbitAdmin(connections);
		this.template = new RabbitTemplate(connections);
		this.template.setReplyTimeout(Peers.PATIENCE.toMillis());
		this.context.registerBean(CachingConnectionFactory.class, () -> connections);
		this.context.registerBean("queueName", String.class, this.setup::name);
		if (this.setup.first()) {
			this.context.refresh();
			Peers.await(() -> admin.getQueueInfo(this.setup.name()) != null, this.setup);
			this.template.convertAndSend(this.setup.name(), new byte[0]);
			return;
		}
		admin.declareQueue(new Queue(this.setup.name(), false, false, true));
		this.context.registerBean(Listener.class, () -> new Listener(this.deliveries, this.setup.isStream()));
		this.context.register(Listening.class);
		this.context.refresh();
		this.deliveries.awaitFirst(this.setup);
	}

	@Override
	public void send(Payload payload) {
		if (this.setup.isStream()) {
			this.template.convertAndSend(this.setup.name(), payload.nextArray().clone());
			return;
		}
		this.reply = (byte[]) this.template.convertSendAndReceive(this.setup.name(), payload.nextArray());
		if (this.reply == null) {
			throw new IllegalStateException("no reply within " + Peers.PATIENCE.toSeconds() + " s");
		}
	}

	@Override
	public int receive(Payload payload, int limit) {
		if (!this.setup.first()) {
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

	/** The client's threads wait. */
	@Override
	public void idle(long nanos) {
		LockSupport.parkNanos(nanos);
	}

	/** The queue goes with its last listener. */
	@Override
	public void close() {
		this.template.stop();
		this.context.close();
	}

	/** Makes the listener listen. */
	@Configuration(proxyBeanMethods = false)
	@EnableRabbit
	static class Listening {

		@Bean
		DirectRabbitListenerContainerFactory rabbitListenerContainerFactory(CachingConnectionFactory connections) {
			DirectRabbitListenerContainerFactory factory = new DirectRabbitListenerContainerFactory();
			factory.setConnectionFactory(connections);
			return factory;
		}

	}

	/** Answers each message with itself, read in full, or a stream with nothing. */
	static class Listener {

		private final Deliveries deliveries;

		private final boolean silent;

		Listener(Deliveries deliveries, boolean silent) {
			this.deliveries = deliveries;
			this.silent = silent;
		}

		@RabbitListener(queues = "#{queueName}")
		byte[] listen(byte[] message) {
			if (message.length == 0) {
				this.deliveries.opened();
				return null;
			}
			ByteBuffer words = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
			this.deliveries.add(words.getLong(0), Payload.sum(words, 0, message.length));
			return this.silent ? null : message;
		}

	}

}
