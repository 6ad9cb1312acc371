import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startHeldApplication, type HeldApplication } from '../application/held-application.ts';
import { guestRequest, send, socketId, type TestRequest } from '../http/requests.ts';
import { metric } from '../support/metrics.ts';
import { allowedOrigin, startUsher, userToken, type TestUsher } from '../support/usher.ts';

/** More channels than may be processed at once. */
const waitingCount = 300;

const policy = `version: 1
sources: { host: { url: { env: HOST_URL } } }
facts:
  parcel: { ids: [parcel], fields: { state: string }, http: { source: host, path: '/{parcel}', timeout: 30s } }
channels:
  private-parcel-{parcel}:
    about: a channel with a fact of the application
    params: { parcel: id }
    facts: { parcel: [params.parcel] }
    allow: { user: { the parcel is on its way: facts.parcel.state == 'sent' } }
  private-asked-{id}:
    about: a channel about which the application is asked
    params: { id: id }
    ask: { laravel: { source: host, path: /auth, timeout: 30s, forward: [authorization] } }
`;

const asUser = { authorization: `Bearer ${userToken()}`, 'x-tenant-id': '1' };
const asVisitor = (id: number) => ({ origin: allowedOrigin, cookie: `sid=visitor-${id}` });

const one = (channel: string, headers: Readonly<Record<string, string>>): TestRequest => ({
  path: '/broadcasting/auth',
  headers,
  body: new URLSearchParams({ socket_id: socketId, channel_name: channel }),
});

const batchOf = (channels: readonly string[], id: number): TestRequest => {
  const body = new URLSearchParams({ socket_id: socketId });
  for (const [n, channel] of channels.entries()) body.append(`channel_name[${n}]`, channel);
  return { path: '/pusher/auth/batch', headers: asVisitor(id), body };
};

describe('channels that wait for a host', () => {
  let [directory, host, usher]: [string?, HeldApplication?, TestUsher?] = [];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-asking-'));
    await writeFile(join(directory, 'host.yaml'), policy);
    host = await startHeldApplication();
    usher = await startUsher({
      POLICY: `builtin:*,${directory}`,
      HOST_URL: host.url.origin,
      SESSION_MODE: 'introspect',
      SESSION_INTROSPECTION_URL: host.url.href,
      SESSION_COOKIE_NAME: 'sid',
    });
  });
  afterAll(async () => {
    await usher?.stop();
    await host?.close();
    if (directory !== undefined) await rm(directory, { recursive: true });
  });

  const gauge = async (name: string) =>
    metric((await send(usher!.operator, { method: 'GET', path: '/metrics' })).text, name);
  /** They lend their permits step by step: the last ones get theirs from the first ones. */
  const untilAllReleased = () =>
    vi.waitUntil(
      async () => {
        usher!.clock.advance(100);
        return (await gauge('usher_requests_waiting_for_host')) === waitingCount;
      },
      // Each step is a tenth of a second of the application’s ten.
      { timeout: 80_000, interval: 300 },
    );
  const respondUntilDone = async (all: Promise<unknown>) => {
    let isOver = false;
    void all.finally(() => (isOver = true));
    await vi.waitUntil(
      () => {
        for (const { response } of host!.open.splice(0)) response.writeHead(401).end();
        return isOver;
      },
      { timeout: 80_000, interval: 1 },
    );
  };

  it.each([
    ['a fact', waitingCount, (n: number) => one(`private-parcel-${n}`, asUser)],
    ['its decision', waitingCount, (n: number) => one(`private-asked-${n}`, asUser)],
    ['a session', waitingCount, (n: number) => one('private-parcel-1', asVisitor(n))],
    [
      'a session, in batches',
      waitingCount / 10,
      (n: number) =>
        batchOf(
          Array.from({ length: 10 }, (_, i) => `private-parcel-${i}`),
          waitingCount + n,
        ),
    ],
  ])(
    'for %s release their permits to those that need no host',
    async (_what, requests, request) => {
      const pending = Array.from({ length: requests }, (_, n) => send(usher!.public, request(n)));
      const waiting = Promise.all(pending);
      await untilAllReleased();
      expect((await send(usher!.public, guestRequest())).status).toBe(200);
      expect(await gauge('usher_requests_waiting')).toBe(0);
      await respondUntilDone(waiting);
      expect(await gauge('usher_requests_waiting_for_host')).toBe(0);
      for (const { text } of await waiting) expect(text).not.toContain('"auth"');
    },
    200_000,
  );
});
