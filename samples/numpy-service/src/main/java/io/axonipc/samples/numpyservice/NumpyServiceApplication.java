package io.axonipc.samples.numpyservice;

import io.axonipc.spring.AxonClientFactory;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

@SpringBootApplication
public class NumpyServiceApplication {

	public static void main(String[] arguments) {
		SpringApplication.run(NumpyServiceApplication.class, arguments);
	}

	@Bean
	Numpy numpy(AxonClientFactory clients) {
		return clients.create(Numpy.class);
	}

}
