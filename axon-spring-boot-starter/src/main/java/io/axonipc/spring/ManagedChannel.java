package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.ToLongFunction;

import io.axonipc.AxonChannel;
import io.axonipc.ChannelCounters;
import io.axonipc.MessageHeader;
import io.axonipc.MessageView;
import io.axonipc.Role;
import io.axonipc.RoleTakenException;
import io.axonipc.SendTimeoutException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/** One channel's way through the starts and stops of its application context. */
final class ManagedChannel {

	private static final Log logger = LogFactory.getLog(ManagedChannel.class);

	/** A record takes a cache line or more. */
	private static final int MIN_RECORD_BYTES = 64;

	private final ChannelDefinition definition;

	private final Lock lock = new ReentrantLock();

	/** Of all endpoints opened so far, so that totals never run backwards. */
	private final List<ChannelCounters> counters = new CopyOnWriteArrayList<>();

	private final AtomicInteger pendingRequests = new AtomicInteger();

	private volatile @Nullable AxonChannel channel;

	private boolean stopped;

	ManagedChannel(ChannelDefinition definition) {
		this.definition = definition;
	}

	ChannelDefinition definition() {
		return this.definition;
	}

	/** The open channel; opens it unless it was stopped. */
	AxonChannel channel() {
		AxonChannel channel = this.channel;
		return (channel != null) ? channel : open();
	}

	/** The channel if it has been opened and is not stopped. */
	@Nullable AxonChannel current() {
		return this.channel;
	}

	<T> @Nullable T request(MessageHeader header, ByteBuffer payload, @Nullable Duration timeout,
			Function<? super MessageView, ? extends @Nullable T> reader) {
		AxonChannel target = channel();
		this.pendingRequests.incrementAndGet();
		try {
			return target.request(header, payload, timeout, reader);
		}
		finally {
			this.pendingRequests.decrementAndGet();
		}
	}

	int pendingRequests() {
		return this.pendingRequests.get();
	}

	void start() {
		this.lock.lock();
		try {
			this.stopped = false;
			if (this.definition.opening().autoStartup()) {
				open();
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Closes outside the lock: closing waits for handlers, and these may ask for the
	 * channel.
	 */
	void stop() {
		AxonChannel channel;
		this.lock.lock();
		try {
			this.stopped = true;
			channel = this.channel;
			this.channel = null;
		}
		finally {
			this.lock.unlock();
		}
		if (channel != null) {
			close(channel);
		}
	}

	/** One that cannot be closed, as its memory is gone, must not keep others open. */
	private void close(AxonChannel channel) {
		try {
			channel.close();
		}
		catch (RuntimeException | InternalError ex) {
			logger.error("Channel '" + this.definition.key() + "' was not closed properly", ex);
		}
	}

	long total(ToLongFunction<ChannelCounters> counter) {
		return this.counters.stream().mapToLong(counter).sum();
	}

	private AxonChannel open() {
		this.lock.lock();
		try {
			AxonChannel channel = this.channel;
			if (channel == null) {
				if (this.stopped) {
					throw new IllegalStateException("Channel '" + this.definition.key()
							+ "' is let go while its application context is stopped");
				}
				UnsupportedPlatformException.check();
				channel = this.definition.opening().discard() ? openEmpty()
						: AxonChannel.open(this.definition.name(), this.definition.options());
				this.counters.add(channel.counters());
				this.channel = channel;
				logger.info("Channel '" + this.definition.key() + "' is open: name '" + channel.name() + "', role "
						+ channel.role() + ", " + channel.capacity() / 1024 + " KiB in each direction");
			}
			return channel;
		}
		finally {
			this.lock.unlock();
		}
	}

	/** Drops the channel where nobody holds it, else what the peer sent until now. */
	private AxonChannel openEmpty() {
		String name = this.definition.name();
		boolean made = false;
		if (this.definition.options().role() == Role.SERVER) {
			try {
				made = AxonChannel.discard(name);
			}
			catch (RoleTakenException ex) {
				logger.debug("Channel '" + this.definition.key() + "' has a peer: only what it sent is dropped", ex);
			}
		}
		AxonChannel channel = AxonChannel.open(name, this.definition.options());
		try {
			// No more than can lie there now: a peer may go on sending.
			int most = channel.capacity() / MIN_RECORD_BYTES;
			int dropped = channel.receiver().poll((message) -> drop(channel, message), most);
			logger
				.info("Channel '" + this.definition.key() + "': " + (made ? "what lay in it unread was dropped with it"
						: dropped + " messages that lay in it unread were dropped"));
			return channel;
		}
		catch (RuntimeException | Error ex) {
			close(channel);
			throw ex;
		}
	}

	/** A peer that is gone waits for no reply. */
	private void drop(AxonChannel channel, MessageView message) {
		if (!message.isRequest() || !channel.isPeerAlive()) {
			return;
		}
		try {
			channel.sender()
				.replyError(message,
						"Channel '" + this.definition.key() + "' was opened anew, and what lay in it unread dropped");
		}
		catch (SendTimeoutException ex) {
			logger.warn("A request that was dropped stays without a reply", ex);
		}
	}

}
