package io.axonipc.spring.autoconfigure;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.NestedExceptionUtils;

/** Says why the native part of jnr-ffi may be missing. */
class NativeLibraryFailureAnalyzer extends AbstractFailureAnalyzer<LinkageError> {

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure, LinkageError cause) {
		Throwable origin = NestedExceptionUtils.getMostSpecificCause(cause);
		if (!isOfJffi(cause) && !isOfJffi(origin)) {
			return null;
		}
		return new FailureAnalysis(
				"The native library of jnr-ffi, through which Axon calls POSIX, cannot be loaded: "
						+ origin.getMessage(),
				"It is unpacked into java.io.tmpdir: that must be writable and not mounted 'noexec'; otherwise set the "
						+ "system property jffi.extract.dir to a folder that is. The jar 'jffi' with the classifier "
						+ "'native' must be on the class path. A GraalVM native image cannot load it.",
				cause);
	}

	private static boolean isOfJffi(Throwable failure) {
		String message = failure.getMessage();
		return message != null && (message.contains("jffi") || message.contains("io.axonipc.posix"));
	}

}
