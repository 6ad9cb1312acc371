import { maxTokenLength } from '../../authn/credential.ts';

/**
 * The maximum length of each field, in characters. Each is above any real value and small enough to be refused cheaply.
 */
export const maxCharacters = {
  socketId: 128,
  channelName: 512,
  token: maxTokenLength,
  ticket: 128,
  id: 255,
  cursor: 2048,
} as const;

/** The maximum size of a body, in bytes. The largest real body has a token and two short fields. */
export const maxBodyBytes = 24 * 1024;

/** The maximum size of a batch body, in bytes: a hundred percent-encoded names and a token. */
export const maxBatchBodyBytes = 80 * 1024;

/** The maximum size of the request line and the headers together, in bytes: a token, and what browsers send besides. */
export const maxHeaderBytes = 32 * 1024;

/** The maximum size of a list of facts, in bytes: a thousand facts of 1 KB. */
export const maxFactsBodyBytes = 1024 * 1024;

/**
 * The maximum size of a webhook, in bytes. A webhook contains the events of one second, including messages of 10 KB.
 */
export const maxWebhookBytes = 1024 * 1024;
