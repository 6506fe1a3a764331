package io.axonipc.spring;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

import io.axonipc.AxonChannel;
import io.axonipc.MessageView;

/**
 * The other process, which makes requests.
 *
 * @param channel its end of the channel
 */
record OtherProcess(AxonChannel channel) {

	static final Duration PATIENCE = Duration.ofSeconds(60);

	byte[] request(String tag, byte... payload) {
		return this.channel.request(tag, ByteBuffer.wrap(payload), PATIENCE, MessageView::toByteArray);
	}

	String request(String tag, String payload) {
		return new String(request(tag, payload.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
	}

}
