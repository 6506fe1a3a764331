package io.axonipc.samples.quickstart.client;

import io.axonipc.samples.quickstart.Invoices;
import io.axonipc.spring.AxonClientFactory;

import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

@SpringBootApplication
public class Client {

	public static void main(String[] arguments) {
		SpringApplication.run(Client.class, arguments);
	}

	@Bean
	ApplicationRunner order(AxonClientFactory clients) {
		Invoices invoices = clients.create(Invoices.class);
		return (arguments) -> System.out.println(invoices.invoice(new Invoices.Order("apples", 3, 0.5)));
	}

}
