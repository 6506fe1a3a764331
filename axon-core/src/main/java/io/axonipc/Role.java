package io.axonipc;

/**
 * Which end of a channel. The role decides which ring is written, and who creates the
 * channel.
 */
public enum Role {

	/** Creates the channel; writes ring 0. */
	SERVER,

	/** Attaches to the channel; writes ring 1. */
	CLIENT;

	Role peer() {
		return (this == SERVER) ? CLIENT : SERVER;
	}

	@Override
	public String toString() {
		return (this == SERVER) ? "server" : "client";
	}

}
