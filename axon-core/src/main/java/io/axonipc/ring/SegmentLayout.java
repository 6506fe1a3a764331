package io.axonipc.ring;

/**
 * Where things lie in a channel's segment. See PROTOCOL.md, "The segment".
 *
 * <pre>
 * 0                    header page
 * 4096                 control page of ring 0 (server to client)
 * 8192                 data of ring 0
 * 8192 + capacity      control page of ring 1 (client to server)
 * 12288 + capacity     data of ring 1
 * 12288 + 2 capacity   end
 *
 * Header page                               Control page
 *   0  "AXON", u32 version                    0  free     consumer
 *   8  segment size                         128  parked   consumer
 *  16  u32 libc, u32 word size              256  handled  consumer
 *  24  ring capacity                        384  wanted   producer
 *  32  channel id
 *  40  largest payload                      Slot of a large message
 *  48  large-message memory                   0  "AXLM", u32 version
 *  56  lock bytes: set-up, server, client     8  size
 * 128  server: incarnation, pid              16  channel id
 * 256  client: incarnation, pid              24  generation
 *                                            32  u32 ring, u32 slot
 *                                          4096  payload
 * </pre>
 */
public final class SegmentLayout {

	/**
	 * The size of the header page, of a control page and of a slot's header, in bytes.
	 */
	public static final int PAGE = 4096;

	/** The first word of a segment that is ready: "AXON" and version 1. */
	public static final long MAGIC = 0x1_4e4f5841L;

	/** Offset of the first word. */
	public static final int MAGIC_OFFSET = 0;

	/** Offset of the segment's size in bytes. */
	public static final int SIZE = 8;

	/** Offset of the word that identifies C library and word size. */
	public static final int ABI = 16;

	/** Offset of the capacity of each ring in bytes. */
	public static final int CAPACITY = 24;

	/** Offset of the channel's random id. */
	public static final int CHANNEL_ID = 32;

	/** Offset of the largest payload in bytes. */
	public static final int MAX_MESSAGE = 40;

	/** Offset of the large-message memory of each direction in bytes. */
	public static final int LARGE_MEMORY = 48;

	/** The byte that is locked while names are made or removed. */
	public static final int SETUP_LOCK = 56;

	/** The smallest capacity of a ring in bytes. */
	public static final int MIN_CAPACITY = 4096;

	/** The largest capacity of a ring in bytes. */
	public static final int MAX_CAPACITY = 512 << 20;

	/** The largest payload in bytes. */
	public static final int MAX_PAYLOAD = Integer.MAX_VALUE - PAGE;

	/** The most memory for large messages of one direction, in bytes: 1 TiB. */
	public static final long MAX_LARGE_MEMORY = 1L << 40;

	/** The bit of {@code parked} of a thread that waits for messages. */
	public static final int FOR_MESSAGES = 1;

	/** The bit of {@code parked} of a thread that waits for replies. */
	public static final int FOR_REPLIES = 2;

	static final int FOR_ANYTHING = FOR_MESSAGES | FOR_REPLIES;

	/** What {@code parked} grows by with each change, above its bits. */
	static final int PARK_COUNT = 4;

	/** The number of slots for large messages of each ring. */
	public static final int SLOTS = 16;

	/** The first word of a slot that is ready: "AXLM" and version 1. */
	public static final long SLOT_MAGIC = 0x1_4d4c5841L;

	/** Offset of a slot's generation. */
	public static final int SLOT_GENERATION = 24;

	/** Offset of a slot's channel id. */
	public static final int SLOT_CHANNEL_ID = 16;

	/** Offset of the word that holds ring and slot number. */
	public static final int SLOT_NUMBER = 32;

	static final int FREE = 0;

	static final int PARKED = 128;

	static final int HANDLED = 256;

	static final int WANTED = 384;

	private SegmentLayout() {
	}

	/**
	 * The byte that an endpoint keeps locked.
	 * @param role 0 for the server, 1 for the client
	 * @return an offset
	 */
	public static int endpointLock(int role) {
		return SETUP_LOCK + 1 + role;
	}

	/**
	 * Where an endpoint's incarnation lies; its pid is the next word.
	 * @param role 0 for the server, 1 for the client
	 * @return an offset
	 */
	public static int incarnation(int role) {
		return 128 * (1 + role);
	}

	/**
	 * Where a ring's control page lies; its data follows.
	 * @param ring 0 or 1
	 * @param capacity bytes of each ring
	 * @return an offset
	 */
	public static int control(int ring, int capacity) {
		return PAGE + ring * (PAGE + capacity);
	}

	/**
	 * The size of a segment.
	 * @param capacity bytes of each ring
	 * @return bytes
	 */
	public static int segmentSize(int capacity) {
		return PAGE + 2 * (PAGE + capacity);
	}

}
