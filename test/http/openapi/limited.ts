import type { Environment } from '../../../src/config/read.ts';
import type { TestUsher } from '../../support/usher.ts';
import { tryClient } from '../../support/web-socket.ts';
import { send, type TestResponse } from '../requests.ts';
import { bearer } from './fixture.ts';
import type { Documented } from './read-document.ts';
import { replay, type Wanted } from './replay.ts';

interface Limited {
  readonly settings: Environment;
  /** Consumes units that the request itself does not consume. */
  readonly spend?: (usher: TestUsher) => Promise<unknown>;
  readonly badCredentials?: boolean;
  /** True if the request waits before it is refused. */
  readonly waits?: boolean;
}

/** The responses to too many requests, at routes whose limits are low. */
export const limits: Readonly<Record<string, Limited>> = {
  'too-many-authorizations': { settings: { RATE_LIMIT_AUTHORIZATIONS: '1' } },
  'too-many-subscriptions': {
    settings: { RATE_LIMIT_SUBSCRIPTIONS: '1' },
    spend: (usher) =>
      send(usher.public, {
        path: '/broadcasting/auth',
        headers: { authorization: bearer(), 'x-tenant-id': '1' },
        body: new URLSearchParams({
          socket_id: '1234.5678',
          channel_name: 'private-tenant.1.announcements',
        }),
      }),
  },
  'too-many-refused': { settings: { RATE_LIMIT_FAILURES: '1' }, badCredentials: true },
  'too-many-attempts': {
    settings: { RATE_LIMIT_CONNECTIONS: '1' },
    // A handshake is not authenticated before its ticket was read.
    spend: (usher) => tryClient(usher.public, '/ws'),
    waits: true,
  },
  'too-many-sessions': { settings: { RATE_LIMIT_GUEST_SESSIONS: '1' } },
};

/** More than any limit here. */
const maxAttempts = 70;

/** Repeats a request until it exceeds the limit; returns the last response. */
export async function untilLimited(
  usher: TestUsher,
  documented: Documented,
  wanted: Wanted,
): Promise<TestResponse> {
  const { spend, badCredentials = false, waits = false } = limits[wanted.name] ?? {};
  const moving = setInterval(() => {
    if (waits) usher.clock.advance(1_000);
  }, 20);
  try {
    await spend?.(usher);
    let response = await replay(usher, documented, { ...wanted, badCredentials });
    for (let tries = 0; response.status !== 429 && tries < maxAttempts; tries += 1) {
      response = await replay(usher, documented, { ...wanted, badCredentials });
    }
    return response;
  } finally {
    clearInterval(moving);
  }
}
