package io.axonipc.samples.quickstart;

import io.axonipc.spring.AxonExchange;

/** The server, as the client sees it. */
public interface Invoices {

	@AxonExchange("invoice")
	Invoice invoice(Order order);

	record Order(String item, int quantity, double price) {
	}

	record Invoice(String item, double total) {
	}

}
