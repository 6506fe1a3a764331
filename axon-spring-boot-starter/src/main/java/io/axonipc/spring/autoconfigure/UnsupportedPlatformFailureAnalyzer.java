package io.axonipc.spring.autoconfigure;

import io.axonipc.spring.UnsupportedPlatformException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says where Axon runs. */
class UnsupportedPlatformFailureAnalyzer extends AbstractFailureAnalyzer<UnsupportedPlatformException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, UnsupportedPlatformException cause) {
		return new FailureAnalysis(cause.getMessage() + ".",
				"Run both processes there, in one container or virtual machine for instance, or remove axon.channels.",
				cause);
	}

}
