import { describe, expect, it } from 'vitest';
import { createEndConnections } from '../../../src/authorize/revocation/end-connections.ts';
import { createTrackedConnections } from '../../../src/database/repositories/tracked-connections.ts';
import type { Principal } from '../../../src/policy/principal.ts';
import { createPusherApps } from '../../../src/pusher/apps.ts';
import type { PusherApp } from '../../../src/pusher/pusher-app.ts';
import { createTerminate } from '../../../src/pusher/terminate.ts';
import { firstRetryMs, maxRetryMs, maxAttempts } from '../../../src/pusher/tracked-connection.ts';
import { settings } from '../../pusher/settings.ts';
import { useDatabase, withClient } from '../../support/database.ts';
import { usePusherServers, type Behaviour } from '../../support/pusher-server.ts';
import { testNow } from '../../support/tokens.ts';

const lease = 15_000;
const hour = 60 * 60_000;
const day = 24 * hour;

describe('terminating the connections of a user', () => {
  const at = useDatabase();
  const startServer = usePusherServers();

  /** Users whose credential ends now, at a server that behaves like this; `look` is what each replica does every second. */
  const ending = async (
    behaviour: Behaviour,
    app: Partial<PusherApp>,
    users: readonly string[] = ['15'],
  ) => {
    await withClient(at.url, (admin) => admin.query('DELETE FROM live_grants'));
    const server = await startServer(behaviour);
    const apps = createPusherApps(
      settings({ host: '127.0.0.1', port: server.port, tls: false, ...app }),
    );
    const trackedConnections = createTrackedConnections(at.database);
    const lines: object[] = [];
    const line = (about: object, message: string) => void lines.push({ ...about, message });
    const time = { now: testNow };
    const endConnections = createEndConnections({
      terminate: createTerminate(apps),
      policyOf: (appKey) => apps.withKey(appKey)!.terminatePolicy,
      trackedConnections,
      now: () => time.now,
      closing: new AbortController().signal,
      log: { info: line, warn: line },
    });
    for (const userId of users) {
      const principal: Principal = {
        kind: 'user',
        id: userId,
        roles: [],
        issuedAt: testNow - hour,
        expiresAt: testNow,
      };
      const socket = { appKey: 'app-key', socketId: '1.1' };
      await trackedConnections.track({ ...socket, userId, principal, grantedAt: testNow - hour });
    }
    const look = async (now: number) => {
      time.now = now;
      const claim = await trackedConnections.leaseDue({ now, leaseUntil: now + lease });
      return Promise.all(endConnections(claim).map(({ outcome }) => outcome));
    };
    return { server, look, lines };
  };

  it.each<[Behaviour, string]>([
    [500, 'status 500'],
    [404, 'status 404'],
    ['hang-up', 'no response (ECONNRESET)'],
  ])('sends Reverb one request, also if the response is %s', async (behaviour, why) => {
    const { server, look, lines } = await ending(behaviour, { dialect: 'reverb' });
    expect(await look(testNow)).toEqual([{ notEnded: why }]);
    for (const later of [lease, hour, day]) expect(await look(testNow + later)).toEqual([]);
    expect(server.requests).toEqual(['15']);
    expect(lines).toEqual([
      {
        subject: 'app-key',
        userId: '15',
        why,
        message:
          'the Pusher server did not terminate the connections of a user; logged once until it does',
      },
    ]);
  });

  it('sends Reverb one request if it succeeds', async () => {
    const { server, look } = await ending(200, { dialect: 'reverb' });
    expect(await look(testNow)).toEqual(['ended']);
    expect(await look(testNow + day)).toEqual([]);
    expect(server.requests).toEqual(['15']);
  });

  it('sends Reverb one request although Usher exits before the response', async () => {
    const { server, look } = await ending(500, { dialect: 'reverb' });
    const claimed = createTrackedConnections(at.database);
    const { leaseUntil } = await claimed.leaseDue({ now: testNow, leaseUntil: testNow + lease });
    // Another process removed the connection and exited before the response.
    expect(await claimed.remove({ appKey: 'app-key', userId: '15' }, leaseUntil)).toBe(true);
    expect(await look(testNow + lease)).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  it.each(['reverb', 'pusher', 'soketi'] as const)(
    'sends %s no request with PUSHER_TERMINATE=off',
    async (dialect) => {
      const { server, look, lines } = await ending(200, { dialect, terminates: false });
      expect(await look(testNow)).toEqual([{ notEnded: 'PUSHER_TERMINATE is off' }]);
      expect(await look(testNow + day)).toEqual([]);
      expect([server.requests, lines]).toEqual([[], []]);
    },
  );

  it.each(['pusher', 'soketi'] as const)(
    'retries at %s with growing delays, for about a day',
    async (dialect) => {
      const { server, look } = await ending(500, { dialect });
      const pauses: number[] = [];
      for (let now = testNow; pauses.length < maxAttempts - 1;) {
        const [outcome] = await look(now);
        expect(outcome).toBe('pending');
        const pause = Math.min(firstRetryMs * 2 ** pauses.length, maxRetryMs);
        expect(await look(now + pause - 1)).toEqual([]);
        pauses.push(pause);
        now += pause;
      }
      const total = pauses.reduce((sum, pause) => sum + pause, 0);
      expect(total).toBeGreaterThan(20 * hour);
      expect(total).toBeLessThan(28 * hour);
      expect(await look(testNow + total)).toEqual([{ notEnded: 'status 500' }]);
      expect(await look(testNow + 10 * day)).toEqual([]);
      expect(server.requests).toHaveLength(maxAttempts);
    },
  );

  it('logs an outage of the Pusher server with one line, and its end with another', async () => {
    const users = Array.from({ length: 20 }, (_, i) => `u${i}`);
    const { server, look, lines } = await ending(503, {}, users);
    await look(testNow);
    await look(testNow + firstRetryMs);
    expect(lines).toMatchObject([{ why: 'status 503' }]);
    expect(JSON.stringify(lines)).not.toContain('stack');
    server.behaviour = 200;
    expect(await look(testNow + hour)).toEqual(users.map(() => 'ended'));
    expect(lines).toMatchObject([
      { why: 'status 503' },
      { message: 'the Pusher server terminates connections again' },
    ]);
  });
});
