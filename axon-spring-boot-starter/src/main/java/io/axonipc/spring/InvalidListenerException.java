package io.axonipc.spring;

import java.lang.reflect.Method;

/** An {@link AxonListener} method cannot be called as it is declared. */
public final class InvalidListenerException extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final String description;

	private final String remedy;

	InvalidListenerException(String beanName, Method method, String problem, String remedy) {
		this("@AxonListener method '" + method.toGenericString() + "' of bean '" + beanName + "' " + problem + ".",
				remedy);
	}

	private InvalidListenerException(String description, String remedy) {
		super(description + " " + remedy + ".");
		this.description = description;
		this.remedy = remedy;
	}

	/**
	 * What is wrong, with bean and method.
	 * @return a sentence
	 */
	public String getDescription() {
		return this.description;
	}

	/**
	 * How to put it right.
	 * @return a sentence without its full stop
	 */
	public String getRemedy() {
		return this.remedy;
	}

}
