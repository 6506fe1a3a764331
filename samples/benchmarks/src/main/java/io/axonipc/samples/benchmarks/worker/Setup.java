package io.axonipc.samples.benchmarks.worker;

/**
 * What a worker is to be.
 *
 * @param system the system's name, as in the results
 * @param scenario the scenario's name, as in the results
 * @param first whether this is the side that asks, or sends
 * @param name unique to the pair; names of channels, sockets and files are made of it
 * @param mode how to wait
 * @param size bytes of a payload
 */
public record Setup(String system, String scenario, boolean first, String name, Mode mode, int size) {

	/**
	 * Derives mode and size from the scenario.
	 * @param system the system's name
	 * @param scenario the scenario's name
	 * @param first whether this is the side that asks, or sends
	 * @param name unique to the pair
	 * @return the set-up
	 */
	public static Setup of(String system, String scenario, boolean first, String name) {
		return new Setup(system, scenario, first, name, mode(scenario), size(scenario));
	}

	private static Mode mode(String scenario) {
		return switch (scenario) {
			case "park-32" -> Mode.PARK;
			case "default-32", "onecore-32", "sparse-32", "idle", "listener-bytes", "listener-string", "listener-json",
					"open", "spring-start" ->
				Mode.DEFAULT;
			default -> Mode.SPIN;
		};
	}

	private static int size(String scenario) {
		for (String part : scenario.split("-")) {
			switch (part) {
				case "256":
					return 256;
				case "1k":
					return 1 << 10;
				case "64k":
					return 64 << 10;
				case "1m":
					return 1 << 20;
				case "16m":
					return 16 << 20;
				default:
			}
		}
		return 32;
	}

	/**
	 * Whether messages go one way only.
	 * @return true for streams
	 */
	public boolean isStream() {
		return this.scenario.contains("stream") || this.scenario.startsWith("shared");
	}

}
