import { afterEach, describe, expect, it } from 'vitest';
import { send, userRequest } from '../http/requests.ts';
import { withClient } from '../support/database.ts';
import { usePusherServers, type Behaviour } from '../support/pusher-server.ts';
import { startUsher, type TestUsher } from '../support/usher.ts';

const chat = 'presence-tenant.1.escrow.42.chat';
const reverbStays = {
  effect: 'pusher-connections-stay',
  server: 'reverb',
  which: 'in no presence channel',
};

describe('revoking a member of a presence channel at Reverb', () => {
  const startServer = usePusherServers();
  let usher: TestUsher | undefined;
  afterEach(() => usher?.stop());

  /** User 15 is in a presence channel and is revoked. Returns the status of Reverb in the response to `POST /revocations`, and the users of its requests. */
  const revokeMember = async (behaviour: Behaviour, changes: Record<string, string> = {}) => {
    const { requests, port } = await startServer(behaviour);
    usher = await startUsher({
      PUSHER_SERVER: 'reverb',
      PUSHER_HOST: '127.0.0.1',
      PUSHER_PORT: String(port),
      PUSHER_TLS: 'false',
      ...changes,
    });
    const entered = await send(usher.public, userRequest({ fields: { channel_name: chat } }));
    expect(entered.status).toBe(200);
    const { status, body } = await send(usher.operator, {
      path: '/revocations',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_id: '15', issued_before: new Date(usher.clock.now + 1) }),
    });
    expect(status).toBe(200);
    const held = await withClient(usher.database, (admin) =>
      admin.query('SELECT FROM live_grants'),
    );
    // No client is left that would authorize again.
    expect(held.rowCount).toBe(0);
    const { effects } = body as { effects: readonly { server?: string }[] };
    return { atReverb: effects.filter(({ server }) => server === 'reverb'), requests };
  };

  it.each<[Behaviour, string]>([
    [500, 'status 500'],
    ['hang-up', 'no response (ECONNRESET)'],
  ])(
    'reports the remaining connections and the cause after a response %s, and sends one request',
    async (behaviour, why) => {
      const { atReverb, requests } = await revokeMember(behaviour);
      expect(atReverb).toEqual([
        { effect: 'pusher-connections-not-ended', server: 'reverb', users: 1, why },
        reverbStays,
      ]);
      expect(requests).toEqual(['15']);
    },
  );

  it('reports that the connections were terminated if Reverb confirms it', async () => {
    const { atReverb, requests } = await revokeMember(200);
    expect(atReverb).toEqual([
      { effect: 'pusher-connections-ended', server: 'reverb', users: 1 },
      reverbStays,
    ]);
    expect(requests).toEqual(['15']);
  });

  it('sends no request with PUSHER_TERMINATE=off, and reports that all connections remain', async () => {
    const { atReverb, requests } = await revokeMember(200, { PUSHER_TERMINATE: 'off' });
    const why = 'PUSHER_TERMINATE is off';
    expect(atReverb).toEqual([
      { effect: 'pusher-connections-stay', server: 'reverb', which: 'all', why },
    ]);
    expect(requests).toEqual([]);
  });
});
