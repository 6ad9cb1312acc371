import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../../src/config/read.ts';
import { withClient } from '../../support/database.ts';
import { guestSecret, guestToken, startUsher } from '../../support/usher.ts';
import { testSecret } from '../../support/tokens.ts';
import { send, guestRequest, userRequest } from '../requests.ts';

const none = { GUEST_TOKEN_SECRET: '', USER_TOKEN_SECRET: '' };
const cookies = {
  SESSION_MODE: 'introspect',
  SESSION_INTROSPECTION_URL: 'https://site.example/me',
};

async function start(changes: Environment) {
  const usher = await startUsher({ NODE_ENV: 'production', ...none, ...changes });
  onTestFinished(usher.stop);
  const codeOf = async (id: string | null) => {
    const { rows } = await withClient(usher.database, (client) =>
      client.query<{ code: string }>('SELECT code FROM audit_log WHERE decision_id = $1', [id]),
    );
    return rows[0]?.code;
  };
  return { usher, codeOf };
}

describe('in production, with', () => {
  it.each<[string, Environment]>([
    ['session cookies only', cookies],
    ['Sanctum only', { SANCTUM_DATABASE_URL: 'postgres://reader@127.0.0.1:1/shop' }],
    ['guest tokens only', { GUEST_TOKEN_SECRET: guestSecret }],
  ])(
    '%s, Usher starts and refuses the other kinds with the exact reason',
    async (_case, changes) => {
      const { usher, codeOf } = await start(changes);
      const responses = [
        await send(usher.public, userRequest()),
        ...('GUEST_TOKEN_SECRET' in changes ? [] : [await send(usher.public, guestRequest())]),
      ];
      for (const response of responses) {
        expect([401, 403]).toContain(response.status);
        // The response reveals nothing of the configuration.
        expect(response.text).toMatch(/The credential is not valid|Token expired or invalid/);
        expect(await codeOf(response.headers.get('x-decision-id'))).toBe(
          'credential-not-configured',
        );
      }
    },
  );

  it('guest tokens only, guests are granted when their booking is stored', async () => {
    const { usher } = await start({ GUEST_TOKEN_SECRET: guestSecret });
    await send(usher.operator, {
      method: 'PUT',
      path: '/resources/hotels/grand-hotel/bookings/BK-2025-ABC123',
      headers: { 'content-type': 'application/json' },
      body: '{"status":"open"}',
    });
    const response = await send(usher.public, guestRequest({ fields: { token: guestToken() } }));
    expect(response.status).toBe(200);
  });

  it('tokens of users only, a hotel guest is refused with the exact reason', async () => {
    const { usher, codeOf } = await start({ USER_TOKEN_SECRET: testSecret.reveal() });
    expect((await send(usher.public, userRequest())).status).toBe(200);
    const response = await send(usher.public, guestRequest());
    expect(response.status).toBe(403);
    expect(await codeOf(response.headers.get('x-decision-id'))).toBe('credential-not-configured');
  });
});
