package io.axonipc.spring.test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelClosedException;
import io.axonipc.MessageView;
import io.axonipc.Role;
import io.axonipc.RoleTakenException;
import io.axonipc.SendTimeoutException;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonOperations;
import io.axonipc.spring.AxonTemplate;
import io.axonipc.spring.ChannelDefinition;
import io.axonipc.spring.PayloadConverter;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.support.GenericMessage;
import org.springframework.util.ClassUtils;

/**
 * Plays the other process in a test of an application: it has the other end of one of its
 * channels, in the same JVM, over shared memory as in earnest. It converts with the
 * application's converter. Thread-safe.
 *
 * <pre>
 * &#64;SpringBootTest(properties = "axon.channels.features.name=${random.uuid}")
 * class FeatureServiceTest {
 *
 *     &#64;Test
 *     void computesTheNorm(@Autowired ApplicationContext application) {
 *         try (AxonTestPeer peer = AxonTestPeer.of(application, "features")) {
 *             double[] norm = peer.request("norm", new double[] { 3, 4 }, double[].class);
 *             assertThat(norm).containsExactly(5);
 *         }
 *     }
 *
 * }
 * </pre>
 *
 * The random name keeps the test's channel apart from all others. An application that is
 * the client of a channel needs {@code axon.channels.<key>.role=server} as well, as it
 * starts before its peer.
 */
public final class AxonTestPeer implements AutoCloseable {

	private static final Duration POLL_TIMEOUT = Duration.ofMillis(100);

	private final String key;

	private final AxonChannels channels;

	private final AxonChannel channel;

	private final PayloadConverter converter;

	private final AxonOperations axon;

	private final Map<String, Function<ReceivedMessage, @Nullable Object>> replies = new ConcurrentHashMap<>();

	/** Received and not yet expected; guards itself. */
	private final List<ReceivedMessage> received = new ArrayList<>();

	/** The first one that a reply threw; guarded by what was received. */
	private @Nullable Error failure;

	private volatile Duration timeout = Duration.ofSeconds(10);

	private AxonTestPeer(ChannelDefinition application, MessageConverter converter) {
		Role role = (application.options().role() == Role.SERVER) ? Role.CLIENT : Role.SERVER;
		this.key = application.key();
		this.channels = new AxonChannels(
				List.of(new ChannelDefinition(this.key, application.name(), application.options().role(role))));
		this.channel = this.channels.channel(this.key);
		this.converter = new PayloadConverter(converter);
		this.axon = new AxonTemplate(this.channels, converter, this.key);
		Thread thread = new Thread(this::receive, "axon-test-peer-" + this.key);
		thread.setDaemon(true);
		thread.start();
	}

	/**
	 * Joins a channel of an application.
	 * @param application the application's context, which has been started
	 * @param key the channel's key
	 * @return the peer, to be closed
	 */
	public static AxonTestPeer of(BeanFactory application, String key) {
		return new AxonTestPeer(application.getBean(AxonChannels.class).definition(key),
				application.getBean("axonMessageConverter", MessageConverter.class));
	}

	/**
	 * Joins the only channel of an application.
	 * @param application the application's context, which has been started
	 * @return the peer, to be closed
	 */
	public static AxonTestPeer of(BeanFactory application) {
		return of(application, application.getBean(AxonChannels.class).singleKey());
	}

	/**
	 * Sets how long to wait for replies and expected messages.
	 * @param timeout the longest wait, by default 10 seconds
	 * @return this
	 */
	public AxonTestPeer timeout(Duration timeout) {
		this.timeout = timeout;
		return this;
	}

	/**
	 * Sends a message to the application.
	 * @param tag the message's name
	 * @param payload the payload
	 */
	public void send(String tag, @Nullable Object payload) {
		this.axon.send(tag, payload);
	}

	/**
	 * Makes a request of the application.
	 * @param <T> the type of the reply
	 * @param tag the request's name
	 * @param payload the payload
	 * @param replyType the type of the reply
	 * @return the reply
	 */
	public <T> @Nullable T request(String tag, @Nullable Object payload, Class<T> replyType) {
		return this.axon.sendAndReceive(tag, payload, replyType, this.timeout);
	}

	/**
	 * Prepares the reply to the application's requests with a tag; before, they are
	 * answered with an error.
	 * @param tag the requests' name
	 * @param payload the reply
	 * @return this
	 */
	public AxonTestPeer reply(String tag, @Nullable Object payload) {
		return replyWith(tag, (request) -> payload);
	}

	/**
	 * Prepares what computes the reply to the application's requests with a tag.
	 * @param tag the requests' name
	 * @param reply makes the reply; what it throws is answered as an error, and an
	 * {@link Error}, an assertion's for instance, is thrown to the test as well, by the
	 * next {@link #expect} or by {@link #close}
	 * @return this
	 */
	public AxonTestPeer replyWith(String tag, Function<ReceivedMessage, @Nullable Object> reply) {
		this.replies.put(tag, reply);
		return this;
	}

	/**
	 * Waits for a message or request of the application, unless it has come already, and
	 * takes it. Those with other tags stay for later.
	 * @param tag its tag
	 * @return the first one with that tag
	 * @throws AssertionError when none comes in time; it says what came instead
	 */
	public ReceivedMessage expect(String tag) {
		long start = System.nanoTime();
		synchronized (this.received) {
			while (true) {
				throwFailure();
				ReceivedMessage message = take(tag);
				if (message != null) {
					return message;
				}
				long left = this.timeout.toNanos() - (System.nanoTime() - start);
				if (left <= 0) {
					throw new AssertionError("No message with tag '" + tag + "' came on channel '" + this.key
							+ "' within " + this.timeout + ", but "
							+ this.received.stream().map(ReceivedMessage::tag).toList());
				}
				await(left);
			}
		}
	}

	private @Nullable ReceivedMessage take(String tag) {
		for (Iterator<ReceivedMessage> messages = this.received.iterator(); messages.hasNext();) {
			ReceivedMessage message = messages.next();
			if (message.tag().equals(tag)) {
				messages.remove();
				return message;
			}
		}
		return null;
	}

	private void await(long nanos) {
		try {
			this.received.wait(1 + nanos / 1_000_000);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new AssertionError("Interrupted while waiting for a message on channel '" + this.key + "'", ex);
		}
	}

	private void receive() {
		try {
			while (true) {
				this.channel.receiver().poll(this::onMessage, 1, POLL_TIMEOUT);
			}
		}
		catch (ChannelClosedException ex) {
			// So a peer ends.
		}
	}

	private void onMessage(MessageView view) {
		ReceivedMessage message = new ReceivedMessage(view.tag(), view.toByteArray(), view.metadata(), view.isRequest(),
				this.converter);
		synchronized (this.received) {
			this.received.add(message);
			this.received.notifyAll();
		}
		if (message.isRequest()) {
			answer(view, message);
		}
	}

	/** Nothing but the channel's end ends the peer. */
	private void answer(MessageView view, ReceivedMessage message) {
		try {
			this.channel.sender().reply(view, this.converter.toBuffer(reply(message), this.key, message.tag()));
		}
		catch (ChannelClosedException ex) {
			throw ex;
		}
		catch (Throwable ex) {
			if (ex instanceof Error error) {
				fail(error);
			}
			try {
				this.channel.sender().replyError(view, String.valueOf(ex.getMessage()));
			}
			catch (SendTimeoutException timeout) {
				fail(new AssertionError("The request '" + message.tag() + "' stays without a reply", timeout));
			}
		}
	}

	private void fail(Error error) {
		synchronized (this.received) {
			if (this.failure == null) {
				this.failure = error;
			}
			this.received.notifyAll();
		}
	}

	/** Once, for the test to see. */
	private void throwFailure() {
		synchronized (this.received) {
			Error error = this.failure;
			this.failure = null;
			if (error != null) {
				throw error;
			}
		}
	}

	private @Nullable Object reply(ReceivedMessage request) {
		Function<ReceivedMessage, @Nullable Object> reply = this.replies.get(request.tag());
		if (reply == null) {
			throw new IllegalStateException("The test's peer has no reply to '" + request.tag()
					+ "': prepare one with reply(\"" + request.tag() + "\", ...)");
		}
		return reply.apply(request);
	}

	/**
	 * Leaves the channel. What is unread in it is dropped if the application has left it,
	 * too.
	 */
	@Override
	public void close() {
		this.channels.stop();
		try {
			AxonChannel.discard(this.channel.name());
		}
		catch (RoleTakenException ex) {
			// The application goes on, and cleans up when it ends.
		}
		throwFailure();
	}

	/**
	 * What the application sent.
	 *
	 * @see AxonTestPeer#expect(String)
	 */
	public static final class ReceivedMessage {

		private final String tag;

		private final byte[] payload;

		private final byte @Nullable [] metadata;

		private final boolean request;

		private final PayloadConverter converter;

		private ReceivedMessage(String tag, byte[] payload, byte @Nullable [] metadata, boolean request,
				PayloadConverter converter) {
			this.tag = tag;
			this.payload = payload;
			this.metadata = metadata;
			this.request = request;
			this.converter = converter;
		}

		/**
		 * The message's name.
		 * @return the tag
		 */
		public String tag() {
			return this.tag;
		}

		/**
		 * The payload, converted.
		 * @param <T> the type
		 * @param type the type
		 * @return the payload
		 */
		public <T> @Nullable T payload(Class<T> type) {
			@SuppressWarnings("unchecked")
			Class<T> wrapper = (Class<T>) ClassUtils.resolvePrimitiveIfNecessary(type);
			return wrapper.cast(this.converter.fromMessage(new GenericMessage<>(this.payload), type));
		}

		/**
		 * What travelled beside the payload.
		 * @return the bytes, or null
		 */
		public byte @Nullable [] metadata() {
			return this.metadata;
		}

		/**
		 * Whether the application waits for a reply.
		 * @return true for a request
		 */
		public boolean isRequest() {
			return this.request;
		}

	}

}
