import { randomBytes } from 'node:crypto';

import { requestJson } from '../../e2e/support/requests.ts';
import { createTokenMint, type TokenMint } from '../../e2e/support/tokens.ts';
import { startUsher, type Usher } from '../../e2e/support/usher.ts';

const secrets = {
  guest: randomBytes(32).toString('hex'),
  user: randomBytes(32).toString('hex'),
  chatServer: randomBytes(32).toString('hex'),
  operator: randomBytes(32).toString('hex'),
};

/** The token of the operator's port. */
export const asOperator = { authorization: `Bearer ${secrets.operator}` };

/** Signs the tokens of every service that is started here. */
export const tokens: TokenMint = createTokenMint(secrets);

/** The chat server that may have tickets. */
export const chatServer = { key: 'faults-chat', secret: secrets.chatServer };

/** The request that one guest repeats. */
export const hotel = 'grand-hotel';
export const booking = 'BK-2025-ABC123';

type Environment = Readonly<Record<string, string>>;

/** Starts Usher as in production, with the guest's booking; `over` has the address of its database and other settings. */
export async function startService(over: Environment = {}, script?: string): Promise<Usher> {
  const usher = await startUsher({ ...environment, ...over }, script);
  await putBooking(usher);
  return usher;
}

/** Puts the guest's booking, open or not; throws when it is not taken. */
export async function putBooking(usher: Usher, status = 'open'): Promise<void> {
  const url = `${usher.operatorUrl}/resources/hotels/${hotel}/bookings/${booking}`;
  const response = await requestJson('PUT', url, { status }, asOperator);
  if (response.status !== 200) throw new Error(`PUT booking: ${response.status} ${response.text}`);
}

const environment: Environment = {
  NODE_ENV: 'production',
  SHUTDOWN_NOTICE: '2s',
  PUSHER_APP_ID: 'faults',
  PUSHER_KEY: 'faults-key',
  PUSHER_SECRET: randomBytes(16).toString('hex'),
  PUSHER_CLUSTER: 'eu',
  OPS_TOKEN: secrets.operator,
  GUEST_TOKEN_SECRET: secrets.guest,
  USER_TOKEN_SECRET: secrets.user,
  CHAT_SERVER_KEYS: `${chatServer.key}:${secrets.chatServer}`,
  // The load is that of many, and comes from one address.
  RATE_LIMIT_FAILURES: '1000000',
  RATE_LIMIT_AUTHORIZATIONS: '1000000',
};
