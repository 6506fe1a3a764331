package io.axonipc.spring.autoconfigure.health;

import io.axonipc.AxonChannel;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListenerEndpointRegistry;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * Health of one channel: down when it is corrupt or the thread that receives from it has
 * ended with a failure. That the peer is absent, or the channel not open, is a detail.
 */
final class AxonHealthIndicator extends AbstractHealthIndicator {

	private final String key;

	private final AxonChannels channels;

	private final AxonListenerEndpointRegistry listeners;

	AxonHealthIndicator(String key, AxonChannels channels, AxonListenerEndpointRegistry listeners) {
		super("Channel '" + key + "' cannot be examined");
		this.key = key;
		this.channels = channels;
		this.listeners = listeners;
	}

	@Override
	protected void doHealthCheck(Health.Builder builder) {
		builder.up();
		AxonChannel channel = this.channels.channelIfOpen(this.key);
		boolean mapped = channel != null && channel.isOpen();
		builder.withDetail("mapped", mapped).withDetail("listening", this.listeners.isRunning(this.key));
		if (mapped) {
			builder.withDetail("name", channel.name())
				.withDetail("role", channel.role())
				.withDetail("peerAlive", channel.isPeerAlive())
				.withDetail("ringUsed", channel.counters().ringUsed())
				.withDetail("capacity", channel.capacity());
		}
		if (channel != null && !channel.isOpen()) {
			builder.down().withDetail("error", "the channel is corrupt, or its memory is gone; the log says more");
		}
		else if (this.listeners.isFailed(this.key)) {
			builder.down().withDetail("error", "the thread that receives has ended with a failure; the log says more");
		}
	}

}
