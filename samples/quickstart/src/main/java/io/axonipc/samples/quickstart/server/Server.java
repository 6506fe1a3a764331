package io.axonipc.samples.quickstart.server;

import io.axonipc.samples.quickstart.Invoices.Invoice;
import io.axonipc.samples.quickstart.Invoices.Order;
import io.axonipc.spring.AxonListener;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class Server {

	public static void main(String[] arguments) {
		SpringApplication.run(Server.class, arguments);
	}

	@AxonListener("invoice")
	Invoice invoice(Order order) {
		return new Invoice(order.item(), order.quantity() * order.price());
	}

}
