package io.axonipc.samples.gogateway;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;

import io.axonipc.testing.PeerProcess;
import io.axonipc.testing.Requirements;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/** The gateway in a process of its own, the service in this one. */
class GoGatewayTest {

	private static final String CHANNEL = "go-gateway-test-" + ProcessHandle.current().pid();

	private static ConfigurableApplicationContext service;

	private static Process gateway;

	private static String address;

	@BeforeAll
	static void start() throws IOException {
		Requirements.cCompiler();
		Requirements.go();
		PeerProcess.run("./build-gateway");
		service = SpringApplication.run(QuoteService.class, "--server.port=0",
				"--axon.channels.quotes.name=" + CHANNEL);
		gateway = new ProcessBuilder("target/gateway", "serve", "-channel", CHANNEL, "-service",
				"http://127.0.0.1:" + service.getEnvironment().getProperty("local.server.port"))
			.redirectError(ProcessBuilder.Redirect.INHERIT)
			.start();
		BufferedReader output = gateway.inputReader();
		String line = output.readLine();
		assertThat(line).startsWith("listening on http://127.0.0.1:");
		address = line.substring("listening on ".length());
	}

	@AfterAll
	static void stop() throws InterruptedException {
		if (gateway != null) {
			gateway.destroy();
			assertThat(gateway.waitFor()).as("the gateway's exit status after a polite stop").isZero();
		}
		if (service != null) {
			service.close();
			assertThat(Path.of("/dev/shm", "axon." + CHANNEL)).doesNotExist();
		}
	}

	@Test
	void bothWaysGiveTheSameAnswer() throws Exception {
		for (String way : new String[] { "/quote", "/http/quote" }) {
			HttpResponse<String> answer = post(way, """
					{"item":"pears","quantity":2,"price":1.5}""");
			assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
			assertThat(answer.body()).isEqualTo("""
					{"item":"pears","total":3.0}""");
			assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
		}
	}

	@Test
	void theServicesErrorsAreTheGateways() throws Exception {
		HttpResponse<String> refused = post("/quote", """
				{"item":"pears","quantity":0,"price":1.5}""");
		assertThat(refused.statusCode()).isEqualTo(502);
		assertThat(refused.body()).contains("a quantity of 0 is none");
		assertThat(post("/unknown", "{}").statusCode()).isEqualTo(502);
	}

	@Test
	void theMeasurementPrintsATableOfBothWays() throws Exception {
		Process measure = new ProcessBuilder("target/gateway", "measure", "-gateway", address, "-n", "200")
			.redirectError(ProcessBuilder.Redirect.INHERIT)
			.start();
		String table = new String(measure.getInputStream().readAllBytes());
		assertThat(measure.waitFor()).isZero();
		assertThat(table).contains("200 requests each way")
			.containsPattern("gateway to service, Axon( +[0-9]+\\.[0-9]){5}\n")
			.containsPattern("gateway to service, HTTP( +[0-9]+\\.[0-9]){5}\n")
			.containsPattern("client to service, Axon( +[0-9]+\\.[0-9]){5}\n")
			.containsPattern("client to service, HTTP( +[0-9]+\\.[0-9]){5}\n");
	}

	/** Of the histogram and of the gateway's own errors. */
	@Test
	void theGatewayPassesItsOwnTests() throws IOException {
		PeerProcess.run("bash", "-ec", "cd gateway; go=../../../axon-core/native/go/dev; $go vet ./...; "
				+ "$go test -count=1 ./...; test -z \"$(gofmt -l .)\"");
	}

	private static HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
		HttpRequest request = HttpRequest.newBuilder(URI.create(address + path))
			.POST(HttpRequest.BodyPublishers.ofString(body))
			.build();
		return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
	}

}
