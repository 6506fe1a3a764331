package io.axonipc.spring.autoconfigure.health;

import io.axonipc.AxonChannel;
import io.axonipc.spring.AxonChannels;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Whether every channel has its peer, for applications that are not ready without. */
final class AxonPeerHealthIndicator extends AbstractHealthIndicator {

	private final AxonChannels channels;

	AxonPeerHealthIndicator(AxonChannels channels) {
		super("Peers cannot be looked for");
		this.channels = channels;
	}

	@Override
	protected void doHealthCheck(Health.Builder builder) {
		builder.up();
		for (String key : this.channels.keys()) {
			AxonChannel channel = this.channels.channelIfOpen(key);
			boolean alive = channel != null && channel.isPeerAlive();
			builder.withDetail(key, alive ? "alive" : "absent");
			if (!alive) {
				builder.outOfService();
			}
		}
	}

}
