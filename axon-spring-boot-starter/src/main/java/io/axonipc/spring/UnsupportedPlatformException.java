package io.axonipc.spring;

/** Axon does not run on this operating system or processor. */
public final class UnsupportedPlatformException extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private UnsupportedPlatformException(String system, String processor) {
		super("Axon runs on Linux, on x86-64 and aarch64; this is " + system + " on " + processor);
	}

	/** Asked before anything native is touched, which fails in ways that tell nothing. */
	static void check() {
		String system = System.getProperty("os.name");
		String processor = System.getProperty("os.arch");
		if (!system.equals("Linux") || !(processor.equals("amd64") || processor.equals("aarch64"))) {
			throw new UnsupportedPlatformException(system, processor);
		}
	}

}
