package io.axonipc.samples.gogateway;

import io.axonipc.spring.AxonListener;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class QuoteService {

	public static void main(String[] arguments) {
		SpringApplication.run(QuoteService.class, arguments);
	}

	/** The same method answers over Axon and, to compare, over HTTP. */
	@AxonListener("quote")
	@PostMapping("/quote")
	Quote quote(@RequestBody Order order) {
		if (order.quantity() <= 0) {
			throw new IllegalArgumentException("a quantity of " + order.quantity() + " is none");
		}
		return new Quote(order.item(), order.quantity() * order.price());
	}

	record Order(String item, int quantity, double price) {
	}

	record Quote(String item, double total) {
	}

}
