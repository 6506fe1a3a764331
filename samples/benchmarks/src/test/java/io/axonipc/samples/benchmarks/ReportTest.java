package io.axonipc.samples.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

import javax.xml.parsers.DocumentBuilderFactory;

import org.junit.jupiter.api.Test;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

class ReportTest {

	private final Results results = new Results();

	@Test
	void theTablesShowRatioVerdictAndReason() {
		add("axon-java", "spin-32", Result.RTT_P50, 300);
		add("aeron-ipc", "spin-32", Result.RTT_P50, 150);
		this.results.notMeasured("rabbitmq-spring/spin-32", "no broker answers on localhost:5672");
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		new Report(new PrintStream(bytes, true, StandardCharsets.UTF_8), this.results).print(Targets.of(this.results));
		String text = bytes.toString(StandardCharsets.UTF_8);
		assertThat(text).containsPattern("spin-32 +aeron-ipc +rtt_p50 +150 ns +0\\.50")
			.containsPattern("1 +spin-32 p50 / aeron-ipc +2\\.00 +at most 1\\.00 +FAIL")
			.containsPattern("1 +spin-32 p50 / c-cacheline +- +at most 1\\.20 +NOT MEASURED")
			.containsPattern("rabbitmq-spring/spin-32 +no broker answers");
	}

	@Test
	void theFileHoldsEveryRun() {
		this.results.add(new Result(new Case("axon-c", "stream-32", Case.FULL), Result.THROUGHPUT, "msg/s",
				List.of(3.0, 1.0, 2.0), List.of(9.0)));
		JsonNode object = JsonMapper.shared().readTree(ResultsFile.json(this.results)).get(0);
		assertThat(object.get("system").asString()).isEqualTo("axon-c");
		assertThat(object.get("scenario").asString()).isEqualTo("stream-32");
		assertThat(object.get("ring").asString()).isEqualTo("full");
		assertThat(object.get("metric").asString()).isEqualTo("throughput");
		assertThat(object.get("unit").asString()).isEqualTo("msg/s");
		assertThat(object.get("value").asDouble()).isEqualTo(2);
		assertThat(object.get("runs")).hasSize(3);
		assertThat(object.get("left_out")).hasSize(1);
	}

	@Test
	void thePictureHasALineAndALabelForEachSystem() throws Exception {
		LatencyPicture picture = new LatencyPicture(Map.of("axon-java", new double[] { 300, 310, 400, 900, 20_000 },
				"aeron-ipc", new double[] { 320, 330, 420, 950, 21_000 }));
		var document = DocumentBuilderFactory.newInstance()
			.newDocumentBuilder()
			.parse(new InputSource(new StringReader(picture.svg())));
		assertThat(document.getElementsByTagName("polyline").getLength()).isEqualTo(2);
		assertThat(document.getDocumentElement().getTextContent()).contains("axon-java", "aeron-ipc", "99.99 %",
				"100 ns", "100 µs");
	}

	@Test
	void straceSummariesAreAddedUp() {
		List<String> summary = List.of("% time     seconds  usecs/call     calls    errors syscall",
				" 50.00    0.000123           3        41         2 futex",
				"100.00    0.000246           3        82         2 total");
		assertThat(SystemCalls.total(summary)).isEqualTo(82);
		assertThat(SystemCalls.total(List.of())).isZero();
	}

	@Test
	void cpuListsAreRanges() {
		assertThat(Machine.allowedCpus("0-2,5,7-8")).containsExactly(0, 1, 2, 5, 7, 8);
	}

	private void add(String system, String scenario, String metric, double value) {
		this.results.add(new Result(new Case(system, scenario), metric, "ns", List.of(value), List.of()));
	}

}
