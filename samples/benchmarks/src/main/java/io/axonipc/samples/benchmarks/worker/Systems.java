package io.axonipc.samples.benchmarks.worker;

/** Which class is which system. */
final class Systems {

	private Systems() {
	}

	/**
	 * Connects to the other side.
	 * @param setup what to open
	 * @return the connected side
	 * @throws UnavailableException when the system cannot run here
	 * @throws Exception when it fails
	 */
	static Transport open(Setup setup) throws Exception {
		return switch (setup.system()) {
			case "axon-java", "axon-python" -> AxonTransport.open(setup);
			case "aeron-ipc", "aeron-ipc-shared" -> AeronTransport.open(setup);
			case "uds-java", "tcp-java" -> SocketTransport.open(setup);
			case "jeromq" -> JeroMqTransport.open(setup);
			case "chronicle-queue" -> ChronicleTransport.open(setup);
			case "grpc-java" -> GrpcTransport.open(setup);
			case "rabbitmq-spring" -> RabbitTransport.open(setup);
			default -> throw new IllegalArgumentException("no Java worker knows the system " + setup.system());
		};
	}

}
