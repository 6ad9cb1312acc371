/** The most characters we read of a field; all beyond any real value, and small enough to be refused for nothing. */
export const maxCharacters = {
  socketId: 128,
  channelName: 512,
  token: 8192,
  ticket: 128,
  id: 255,
  cursor: 2048,
} as const;

/** The largest body, in bytes; the longest real one is a token and two short fields. */
export const maxBodyBytes = 16 * 1024;

/** The largest body that asks about a batch of channels, in bytes: a hundred names, percent-encoded, and a token. */
export const maxBatchBodyBytes = 72 * 1024;

/** The largest webhook, in bytes; one holds what happened within a second, messages of 10 KB among it. */
export const maxWebhookBytes = 1024 * 1024;
