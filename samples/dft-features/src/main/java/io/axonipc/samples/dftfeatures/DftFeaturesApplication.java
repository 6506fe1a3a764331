package io.axonipc.samples.dftfeatures;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/**
 * A service without a port: it answers requests on an Axon channel.
 */
@SpringBootApplication
public class DftFeaturesApplication {

	public static void main(String[] args) {
		SpringApplication.run(DftFeaturesApplication.class, args);
	}

}
