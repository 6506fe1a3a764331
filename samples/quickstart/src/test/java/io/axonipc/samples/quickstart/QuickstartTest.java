package io.axonipc.samples.quickstart;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;

import io.axonipc.samples.quickstart.Invoices.Invoice;
import io.axonipc.samples.quickstart.Invoices.Order;
import io.axonipc.samples.quickstart.client.Client;
import io.axonipc.samples.quickstart.server.Server;
import io.axonipc.spring.test.AxonTestPeer;
import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.UniqueNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class QuickstartTest {

	@RegisterExtension
	final UniqueNames names = new UniqueNames();

	private final String channel = "--axon.channels.shop.name=" + this.names.next();

	@Test
	void serverMakesInvoices() {
		try (ConfigurableApplicationContext server = server(); AxonTestPeer peer = AxonTestPeer.of(server, "shop")) {
			assertThat(peer.request("invoice", new Order("pears", 2, 1.5), Invoice.class))
				.isEqualTo(new Invoice("pears", 3));
		}
	}

	@Test
	void clientPrintsWhatTheServerAnswersAndActuatorShowsIt(CapturedOutput output)
			throws IOException, InterruptedException {
		try (ConfigurableApplicationContext server = server()) {
			client().close();
			assertThat(output).contains("Invoice[item=apples, total=1.5]");
			assertThat(get(server, "health/axon")).contains("\"status\":\"UP\"").contains("\"listening\":true");
			assertThat(get(server, "metrics/axon.messages.received")).contains("\"value\":1.0");
			assertThat(get(server, "axon")).contains("\"server.invoice(Order)\":[\"invoice\"]");
		}
	}

	private ConfigurableApplicationContext server() {
		return SpringApplication.run(Server.class, this.channel, "--server.port=0");
	}

	private ConfigurableApplicationContext client() {
		return new SpringApplicationBuilder(Client.class).web(WebApplicationType.NONE)
			.run(this.channel, "--axon.channels.shop.role=client", "--axon.channels.shop.open-timeout=60s",
					"--axon.channels.shop.reply-timeout=60s");
	}

	private static String get(ConfigurableApplicationContext server, String path)
			throws IOException, InterruptedException {
		URI uri = URI.create(
				"http://127.0.0.1:" + server.getEnvironment().getProperty("local.server.port") + "/actuator/" + path);
		return HttpClient.newHttpClient()
			.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
			.body();
	}

	/** The build has processed the server, see pom.xml. */
	@Test
	void serverStartsFromWhatAheadOfTimeProcessingMade(CapturedOutput output) throws IOException, InterruptedException {
		List<String> command = PeerProcess.java(Server.class);
		command.add(1, "-Dspring.aot.enabled=true");
		command.addAll(List.of(this.channel, "--server.port=0", "--logging.threshold.console=off"));
		Process server = new ProcessBuilder(command).inheritIO().start();
		try {
			client().close();
			assertThat(output).contains("Invoice[item=apples, total=1.5]");
		}
		finally {
			server.destroy();
			assertThat(server.waitFor()).isEqualTo(143);
		}
	}

}
