package io.axonipc.samples.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The processors that the measuring threads are pinned to, and what the figures are of.
 */
final class Machine {

	private static final Path STATUS = Path.of("/proc/self/status");

	private Machine() {
	}

	/**
	 * Two CPUs that this process may use, on two cores where there are two.
	 * @return their numbers
	 */
	static List<Integer> twoCpus() throws IOException {
		List<Integer> allowed = allowedCpus(field(STATUS, "Cpus_allowed_list"));
		if (allowed.size() < 2) {
			throw new IOException("the benchmarks need two CPUs, this process may use " + allowed);
		}
		int first = allowed.get(0);
		for (int cpu : allowed) {
			if (!core(cpu).equals(core(first))) {
				return List.of(first, cpu);
			}
		}
		return allowed.subList(0, 2);
	}

	static List<Integer> allowedCpus(String list) {
		List<Integer> cpus = new ArrayList<>();
		for (String range : list.split(",")) {
			String[] ends = range.trim().split("-");
			for (int i = Integer.parseInt(ends[0]); i <= Integer.parseInt(ends[ends.length - 1]); i++) {
				cpus.add(i);
			}
		}
		return cpus;
	}

	private static String core(int cpu) {
		Path topology = Path.of("/sys/devices/system/cpu/cpu" + cpu + "/topology");
		try {
			return Files.readString(topology.resolve("physical_package_id"))
					+ Files.readString(topology.resolve("core_id"));
		}
		catch (IOException ex) {
			return "";
		}
	}

	/** What a reader of the results wants to know about where they are from. */
	static Map<String, Object> description() throws IOException {
		Map<String, Object> description = new LinkedHashMap<>();
		description.put("processor", field(Path.of("/proc/cpuinfo"), "model name"));
		description.put("cpus", allowedCpus(field(STATUS, "Cpus_allowed_list")).size());
		description.put("memory_mib", Long.parseLong(field(Path.of("/proc/meminfo"), "MemTotal").split(" ")[0]) >> 10);
		description.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
				+ System.getProperty("os.arch"));
		description.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
		return description;
	}

	private static String field(Path file, String name) throws IOException {
		for (String line : Files.readAllLines(file)) {
			String[] parts = line.split(":", 2);
			if (parts.length == 2 && parts[0].trim().equals(name)) {
				return parts[1].trim();
			}
		}
		return "unknown";
	}

}
