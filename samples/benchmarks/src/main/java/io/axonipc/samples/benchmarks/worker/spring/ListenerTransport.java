package io.axonipc.samples.benchmarks.worker.spring;

import java.util.concurrent.locks.LockSupport;

import io.axonipc.AxonChannel;
import io.axonipc.samples.benchmarks.worker.Deliveries;
import io.axonipc.samples.benchmarks.worker.Payload;
import io.axonipc.samples.benchmarks.worker.Peers;
import io.axonipc.samples.benchmarks.worker.Setup;
import io.axonipc.samples.benchmarks.worker.Transport;
import io.axonipc.spring.AxonTemplate;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/**
 * Two Spring Boot applications with the starter's ordinary settings and a meter registry:
 * one asks with {@code AxonTemplate.sendAndReceive}, the other's {@code @AxonListener}
 * answers in the thread that the starter made for it.
 *
 * @param <T> the type of the messages
 */
public final class ListenerTransport<T> implements Transport {

	private final ConfigurableApplicationContext context;

	private final AxonTemplate template;

	private final Form<T> form;

	private final String tag;

	private final Deliveries deliveries;

	private T reply;

	private ListenerTransport(ConfigurableApplicationContext context, Form<T> form, String tag, Deliveries deliveries) {
		this.tag = tag;
		this.context = context;
		this.template = context.getBean(AxonTemplate.class);
		this.form = form;
		this.deliveries = deliveries;
	}

	/**
	 * Starts an application and waits for the other one.
	 * @param setup what to open
	 * @param cpu the CPU that the listener pins its thread to, or -1
	 * @return the connected side
	 */
	public static Transport open(Setup setup, int cpu) {
		return open(setup, Form.of(setup.scenario()), cpu);
	}

	private static <T> Transport open(Setup setup, Form<T> form, int cpu) {
		Deliveries deliveries = new Deliveries();
		ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
			.web(WebApplicationType.NONE)
			.bannerMode(Banner.Mode.OFF)
			.properties("axon.channels.benchmark.name=" + setup.name(),
					"axon.channels.benchmark.role=" + (setup.first() ? "client" : "server"),
					"axon.channels.benchmark.open-timeout=" + Peers.PATIENCE)
			.initializers((GenericApplicationContext created) -> {
				if (!setup.first()) {
					created.registerBean(Echo.class, () -> new Echo(deliveries, cpu));
				}
			})
			.run();
		// Fails where the starter's meters are off: they are a part of what is measured.
		MeterRegistry meters = context.getBean(MeterRegistry.class);
		meters.get("axon.messages.received").functionCounter();
		if (!setup.first()) {
			meters.get("axon.listener").timers();
		}
		Peers.await(context.getBean(AxonChannel.class)::isPeerAlive, setup);
		return new ListenerTransport<>(context, form, setup.scenario(), deliveries);
	}

	/** Sends the request and waits for its reply. */
	@Override
	public void send(Payload payload) {
		this.reply = this.template.sendAndReceive(this.tag, this.form.next(payload), this.form.type());
	}

	@Override
	public int receive(Payload payload, int limit) {
		payload.received(this.form.sequence(this.reply), this.form.sum(this.reply));
		return 1;
	}

	@Override
	public void echo(Payload payload) {
		this.deliveries.take(payload, 1);
	}

	/** The listener's thread waits. */
	@Override
	public void idle(long nanos) {
		LockSupport.parkNanos(nanos);
	}

	@Override
	public void close() {
		this.context.close();
	}

}
