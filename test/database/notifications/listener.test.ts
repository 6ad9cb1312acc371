import { afterEach, expect, it } from 'vitest';
import {
  parseChange,
  type RevocationChange,
} from '../../../src/database/notifications/notification.ts';
import { startListening, type Listener } from '../../../src/database/notifications/listener.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { describePostgres, useDatabase, withClient } from '../../support/database.ts';
import { startInstance } from '../../support/instance.ts';
import { revocationHelper } from '../../support/revoking.ts';
import { testNow } from '../../support/tokens.ts';

const started: Listener[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((listener) => listener.stop()));
});

/** A listener, its notifications so far, and the ages of its catch-up queries. */
function listen(url: Parameters<typeof startListening>[0]['url']) {
  const received: RevocationChange[] = [];
  const readsOfPast: number[] = [];
  const listener = startListening({
    ...systemClock,
    url,
    onChange: (change) => received.push(change),
    catchUp: (milliseconds) => {
      readsOfPast.push(milliseconds);
      return Promise.resolve();
    },
    log: { warn: () => undefined },
  });
  started.push(listener);
  return { listener, received, readsOfPast };
}

const eventually = { timeout: 30_000, interval: 10 };
const user = { kind: 'user', userId: '15' } as const;

describePostgres('the listener for changes', (server) => {
  const at = useDatabase(server);
  const revocations = () => revocationHelper(at.database);
  const endSessions = () =>
    withClient(at.url, (admin) =>
      admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'usher changes' AND datname = current_database()`),
    );

  it('receives each revocation, on every replica, with its effective time', async () => {
    const replicas = [listen(at.url), listen(at.url)];
    await expect.poll(() => replicas.every((r) => r.listener.isListening()), eventually).toBe(true);
    const odd = { kind: 'named', parts: ['booking', '","\u0000\ud800', '🛎️'] } as const;
    await revocations().revoke(user, testNow);
    await revocations().revoke(user, testNow - 5);
    await revocations().revoke(odd, testNow + 1);
    const changes = [user, user, odd].map((subject, i) => ({
      kind: 'revocation',
      subject,
      issuedBefore: testNow + (i === 2 ? 1 : 0),
    }));
    for (const { received } of replicas)
      await expect.poll(() => received, eventually).toEqual(changes);
  });

  it('reconnects automatically, and reads the changes that it missed', async () => {
    const { listener, received, readsOfPast } = listen(at.url);
    await expect.poll(listener.isListening, eventually).toBe(true);
    await endSessions();
    await expect.poll(() => readsOfPast.length, eventually).toBe(2);
    await expect.poll(listener.isListening, eventually).toBe(true);
    await revocations().revoke(user, testNow);
    await expect.poll(() => received.length, eventually).toBe(1);
  });

  it('reads only recent revocations', async () => {
    await revocations().revoke({ kind: 'token', tokenId: 'long-ago' }, testNow);
    await withClient(at.url, (admin) =>
      admin.query(`UPDATE revocations SET revoked_at = now() - interval '10 minutes'`),
    );
    await revocations().revoke({ kind: 'token', tokenId: 'now' }, testNow);
    const lately = [{ subject: { kind: 'token', tokenId: 'now' }, issuedBefore: testNow }];
    expect(await revocations().within(1_000)).toEqual(lately);
    expect((await revocations().within(600_000)).length).toBeGreaterThan(1);
  });

  it('sends no notification of a transaction that was rolled back', async () => {
    const { listener, received } = listen(at.url);
    await expect.poll(listener.isListening, eventually).toBe(true);
    await withClient(at.url, async (admin) => {
      await admin.query('BEGIN');
      await admin.query(`INSERT INTO revocations VALUES ('["user","held"]', now())`);
      const held = revocations().revoke({ kind: 'user', userId: 'held' }, testNow);
      const notification = JSON.stringify({
        kind: 'revocation',
        subject: ['user', '1'],
        issuedBefore: 1,
      });
      await withClient(at.url, (other) => other.query(`NOTIFY usher_changes, '${notification}'`));
      await expect.poll(() => received.length, eventually).toBe(1);
      await admin.query('COMMIT');
      await held;
    });
    await expect.poll(() => received.length, eventually).toBe(2);
  });
});

it('detects a frozen server, and listens again when it continues', async () => {
  const instance = await startInstance();
  try {
    const { listener, readsOfPast } = listen(instance.server.url);
    await expect.poll(listener.isListening, eventually).toBe(true);
    const resume = await instance.freeze();
    try {
      await expect.poll(listener.isListening, eventually).toBe(false);
    } finally {
      resume();
    }
    await expect.poll(listener.isListening, eventually).toBe(true);
    expect(readsOfPast[1]).toBeGreaterThan(1_000);
  } finally {
    await instance.close();
  }
});

it.each([
  '',
  'null',
  '[]',
  '{"kind":"revocation"}',
  '{"kind":"revocation","subject":["user"],"issuedBefore":1}',
  '{"kind":"revocation","subject":["user","15"]}',
  '{"kind":"revocation","subject":["planet"],"issuedBefore":1}',
  '{"kind":"of-a-newer-usher","subject":["user","15"],"issuedBefore":1}',
])('ignores the message %s', (message) => {
  expect(parseChange(message)).toBe(undefined);
});
