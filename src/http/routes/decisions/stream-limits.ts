/** How often a stream reads the audit log. */
export const pollIntervalMs = 1_000;

/** Proxies close a connection that is silent for longer, usually after a minute. */
export const heartbeatMs = 15_000;

/** How late a decision may be written and still be in the stream: longer than a commit takes under load. */
export const overlapMs = 10_000;

/** The number of decisions that are read at once. If there are more, the stream has a gap. */
export const maxEvents = 500;

/** Unsent bytes of a client that does not read. */
export const maxUnsentBytes = 4 * 1024 * 1024;

/** Each stream queries the database once a second. */
export const maxStreams = 16;

export const retryAfterSeconds = 5;

export const streamFaults = {
  closing: 'Usher is closing',
  tooMany: 'Too many streams are open',
} as const;
