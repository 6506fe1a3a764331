package io.axonipc.spring;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.axonipc.AxonChannel;
import io.axonipc.PeerDiedException;
import io.axonipc.spring.autoconfigure.AxonAutoConfiguration;
import io.axonipc.testing.PeerProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/** What an application sees when its peer, another process, is killed. */
class PeerDeathTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"), "axon.channels.work.reply-timeout=10m")
		.withBean(Listener.class, () -> new Listener(this.heard));

	record Listener(BlockingQueue<String> heard) {

		@AxonListener("note")
		void hear(String note) {
			this.heard.add(note);
		}

	}

	@Test
	void requestFailsAtOnceWhenThePeerIsKilled() {
		this.runner.run((context) -> {
			AxonTemplate template = context.getBean(AxonTemplate.class);
			try (PeerProcess peer = start("hold")) {
				CompletableFuture<String> reply = CompletableFuture.supplyAsync(
						() -> template.sendAndReceive("question", null, String.class),
						(task) -> new Thread(task).start());
				peer.expect("held deliveries=1");
				peer.kill();
				// The promise is 200 ms; told apart here is the reply time-out.
				assertThat(reply).failsWithin(Duration.ofSeconds(30))
					.withThrowableThat()
					.withCauseInstanceOf(PeerDiedException.class);
			}
			drainAsPeer();
		});
	}

	@Test
	void templateAndListenerCarryOnWithTheNextPeer() {
		this.runner.run((context) -> {
			AxonTemplate template = context.getBean(AxonTemplate.class);
			String previous = null;
			for (String note : new String[] { "first", "second", "third" }) {
				try (PeerProcess peer = start("echo")) {
					assertThat(template.sendAndReceive("question", note, String.class)).isEqualTo(note);
					template.send("note", note);
					assertThat(nextHeard(previous)).isEqualTo(note);
					assertThat(context.getBean(AxonChannel.class).isPeerAlive()).isTrue();
					peer.kill();
					assertThat(context.getBean(AxonChannel.class).isPeerAlive()).isFalse();
				}
				previous = note;
			}
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).failures("work")).isZero();
			drainAsPeer();
		});
	}

	/**
	 * The killed peer may have had its note in hand still: then the next one echoes it,
	 * too.
	 */
	private String nextHeard(String previous) throws InterruptedException {
		String note = this.heard.poll(60, TimeUnit.SECONDS);
		return (note != null && note.equals(previous)) ? this.heard.poll(60, TimeUnit.SECONDS) : note;
	}

	private PeerProcess start(String what) throws IOException {
		PeerProcess peer = PeerProcess.start(PeerProcess.Language.JAVA, "client", this.names.name("work"), what);
		peer.expect("ready");
		return peer;
	}

	/** The killed peer left the message that it had in hand, or might have. */
	private void drainAsPeer() {
		try (AxonChannel peer = this.names.peer("work")) {
			peer.receiver().poll((message) -> {
			}, 10);
		}
	}

}
