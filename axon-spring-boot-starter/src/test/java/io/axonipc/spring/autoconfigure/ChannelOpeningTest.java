package io.axonipc.spring.autoconfigure;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import io.axonipc.AxonChannel;
import io.axonipc.AxonRemoteException;
import io.axonipc.ChannelOptions;
import io.axonipc.MessageView;
import io.axonipc.Role;
import io.axonipc.spring.AxonChannels;
import io.axonipc.spring.AxonListener;
import io.axonipc.spring.AxonListenerEndpointRegistry;
import io.axonipc.spring.AxonTemplate;
import io.axonipc.spring.ChannelNames;
import io.axonipc.testing.UniqueNames;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/** Whether, when and how channels are opened. */
@ExtendWith(OutputCaptureExtension.class)
class ChannelOpeningTest {

	@RegisterExtension
	final ChannelNames names = new ChannelNames();

	private final AtomicInteger heard = new AtomicInteger();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(AxonAutoConfiguration.class))
		.withPropertyValues(this.names.property("work"))
		.withBean("listener", Listener.class, () -> new Listener(this.heard));

	record Listener(AtomicInteger heard) {

		@AxonListener(tag = "note", channel = "work")
		void note() {
			this.heard.incrementAndGet();
		}

	}

	@Test
	void disabledChannelIsNotThereAndItsListenersAreLeftOut() {
		this.runner
			.withPropertyValues("axon.channels.work.enabled=${work.enabled}", "work.enabled=false",
					this.names.property("other"))
			.run((context) -> {
				assertThat(context).hasSingleBean(AxonChannel.class);
				assertThat(context.getBean(AxonChannels.class).keys()).containsExactly("other");
				assertThat(context.getBean(AxonChannel.class).name()).isEqualTo(this.names.name("other"));
				assertThat(context.getBean(AxonListenerEndpointRegistry.class).isRunning("work")).isFalse();
				assertThatIllegalStateException()
					.isThrownBy(() -> context.getBean(AxonTemplate.class).send("work", "t", null))
					.withMessageContaining("axon.channels.work.enabled");
				assertThat(UniqueNames.files(this.names.name("work"))).isEmpty();
			});
	}

	@Test
	void onlyChannelMayBeDisabled() {
		this.runner.withBean("nameless", Nameless.class)
			.withPropertyValues("axon.channels.work.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(AxonChannel.class));
	}

	static class Nameless {

		@AxonListener("t")
		void listen() {
		}

	}

	@Test
	void channelWithoutAutoStartupIsOpenedWhenItIsUsed() {
		this.runner.withPropertyValues("axon.channels.work.auto-startup=false").run((context) -> {
			AxonChannels channels = context.getBean(AxonChannels.class);
			assertThat(channels.channelIfOpen("work")).isNull();
			assertThat(context.getBean(AxonListenerEndpointRegistry.class).isRunning("work")).isFalse();
			context.getBean(AxonTemplate.class).send("t", null);
			assertThat(channels.channelIfOpen("work")).isNotNull();
			try (AxonChannel peer = this.names.peer("work")) {
				assertThat(peer.receiver().poll((message) -> {
				}, 1)).isEqualTo(1);
			}
		});
	}

	@Test
	void whatLiesUnreadIsReceivedUnlessItIsToBeDiscarded(CapturedOutput output) {
		leaveUnread(2);
		this.runner.run((context) -> Awaitility.await().until(() -> this.heard.get() == 2));
		leaveUnread(2);
		this.runner.withPropertyValues("axon.channels.work.on-open=discard", "axon.channels.work.capacity=64KB")
			.run((context) -> {
				assertThat(context.getBean(AxonChannel.class).capacity()).as("made anew").isEqualTo(64 * 1024);
				try (AxonChannel peer = this.names.peer("work")) {
					peer.sender().send("note", new byte[0]);
					Awaitility.await().until(() -> this.heard.get() > 2);
					assertThat(this.heard).hasValue(3);
				}
			});
		assertThat(output)
			.contains("Channel 'work' is open: name '" + this.names.name("work")
					+ "', role server, 1024 KiB in each direction")
			.contains("Channel 'work' is listened to by [listener.note()]")
			.contains("Channel 'work': what lay in it unread was dropped with it");
	}

	private void leaveUnread(int messages) {
		try (AxonChannel server = AxonChannel.open(this.names.name("work"),
				ChannelOptions.defaults().role(Role.SERVER)); AxonChannel peer = this.names.peer("work")) {
			for (int i = 0; i < messages; i++) {
				peer.sender().send("note", new byte[0]);
			}
			assertThat(server.isPeerAlive()).isTrue();
		}
	}

	@Test
	void discardLeavesToAPeerWhatIsItsOwnAndAnswersItsRequests(CapturedOutput output) {
		try (AxonChannel peer = AxonChannel.open(this.names.name("work"),
				ChannelOptions.defaults().role(Role.SERVER))) {
			try (AxonChannel client = this.names.peer("work")) {
				client.sender().send("for-the-peer", new byte[0]);
			}
			peer.sender().send("note", new byte[0]);
			CompletableFuture<Object> reply = CompletableFuture.supplyAsync(() -> {
				try {
					return peer.request("note", ByteBuffer.allocate(0), Duration.ofSeconds(60), MessageView::tag);
				}
				catch (AxonRemoteException ex) {
					return ex.getMessage();
				}
			}, (task) -> new Thread(task).start());
			Awaitility.await().until(() -> peer.counters().messagesSent() == 2);
			this.runner.withPropertyValues("axon.channels.work.on-open=discard", "axon.channels.work.role=client")
				.run((context) -> {
					assertThat(reply.join()).asString().contains("was opened anew");
					assertThat(this.heard).hasValue(0);
					assertThat(
							peer.receiver().poll((message) -> assertThat(message.tag()).isEqualTo("for-the-peer"), 1))
						.isEqualTo(1);
				});
		}
		assertThat(output).contains("Channel 'work': 2 messages that lay in it unread were dropped");
	}

}
