package io.axonipc.samples.benchmarks.worker.spring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

import io.axonipc.samples.benchmarks.worker.Payload;

/**
 * What the messages of a listener scenario are.
 *
 * @param <T> their type
 */
interface Form<T> {

	Class<T> type();

	/** The next message of a round. */
	T next(Payload payload);

	long sequence(T message);

	/** Reads all of a message; what {@link Payload#received} wants to be told. */
	long sum(T message);

	static Form<?> of(String scenario) {
		return switch (scenario) {
			case "listener-bytes" -> new Bytes();
			case "listener-string" -> new Text();
			case "listener-json" -> new Json();
			default -> throw new IllegalArgumentException("axon-spring has no scenario " + scenario);
		};
	}

	/** The words themselves. */
	final class Bytes implements Form<byte[]> {

		@Override
		public Class<byte[]> type() {
			return byte[].class;
		}

		@Override
		public byte[] next(Payload payload) {
			return payload.nextArray();
		}

		@Override
		public long sequence(byte[] message) {
			return words(message).getLong(0);
		}

		@Override
		public long sum(byte[] message) {
			return Payload.sum(words(message), 0, message.length);
		}

		private static ByteBuffer words(byte[] message) {
			return ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
		}

	}

	/**
	 * What has no words to add up: a message is compared with the one that its sequence
	 * number says it is.
	 *
	 * @param <T> its type
	 */
	abstract class Compared<T> implements Form<T> {

		/** The sum of words that a message of 32 bytes would have beside the first. */
		private final long constantSum = Payload.sum(new Payload(Text.LENGTH).next(), 0, Text.LENGTH);

		abstract T message(long sequence);

		@Override
		public T next(Payload payload) {
			return message(payload.nextSequence());
		}

		@Override
		public long sum(T message) {
			long sequence = sequence(message);
			return message.equals(message(sequence)) ? sequence + this.constantSum : 0;
		}

	}

	/** 32 characters: the sequence number in eight, and a text. */
	final class Text extends Compared<String> {

		static final int LENGTH = 32;

		private static final int DIGITS = 8;

		private static final byte[] TEMPLATE = "00000000 a message of characters".getBytes(StandardCharsets.US_ASCII);

		@Override
		public Class<String> type() {
			return String.class;
		}

		@Override
		String message(long sequence) {
			byte[] text = TEMPLATE.clone();
			long rest = sequence;
			for (int i = DIGITS - 1; i >= 0; i--) {
				text[i] = (byte) ('0' + rest % 10);
				rest /= 10;
			}
			return new String(text, StandardCharsets.ISO_8859_1);
		}

		@Override
		public long sequence(String message) {
			return Long.parseLong(message, 0, DIGITS, 10);
		}

	}

	/** A record, as JSON. */
	final class Json extends Compared<Trade> {

		@Override
		public Class<Trade> type() {
			return Trade.class;
		}

		@Override
		Trade message(long sequence) {
			return new Trade(sequence, "AXON", sequence * 0.25, (int) sequence & 0xFFFF, (sequence & 1) == 0,
					Trade.Side.BUY);
		}

		@Override
		public long sequence(Trade message) {
			return message.sequence();
		}

	}

}
