import { createRequire } from 'node:module';

import type { Options } from 'pusher-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  connectPusher,
  disconnectAfterEach,
  nextEvent,
  type PusherClient,
} from './support/clients.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';

// Written for pusher-js 7, whose option `authorizer` 8 still takes.
const authorizer = createRequire(import.meta.url)('pusher-js-auth') as NonNullable<
  Options['authorizer']
>;

let deployment: Deployment;
const keep = disconnectAfterEach();

beforeAll(async () => {
  deployment = await startDeployment();
});
afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
});

/** A page of user 15 of tenant 1 whose pusher-js requests channels through the plugin. */
function connect(token = deployment.tokens.user(), path = '/pusher/auth/batch'): PusherClient {
  return keep(
    connectPusher(deployment.soketi, {
      authEndpoint: deployment.usher.publicUrl + path,
      auth: { headers: { Authorization: `Bearer ${token}`, 'X-Tenant-ID': '1' } },
      authorizer,
    }),
  );
}

const own = 'private-tenant.1.user.15';
const news = 'private-tenant.1.announcements';

/** The number of batches in the log. Its lines are written later, in order: once our own last request is there, none is missing. */
async function countBatches(): Promise<number> {
  const { headers } = await fetch(deployment.usher.publicUrl);
  const mark = headers.get('x-request-id');
  await expect.poll(() => deployment.usher.output()).toContain(mark);
  return deployment.usher.output().split('/auth/batch').length - 1;
}

describe('the plugin pusher-js-auth', () => {
  it.each(['/pusher/auth/batch', '/broadcasting/auth/batch'])(
    'enters several channels with one request to %s',
    async (path) => {
      const client = connect(undefined, path);
      await client.socketId();
      const before = await countBatches();
      const names = [own, news, 'private-tenant.1.admin', 'private-nothing', 'private-a:b'];
      const results = await Promise.all(names.map((name) => client.subscribe(name)));
      expect(results.map(({ ok }) => ok)).toEqual([true, true, false, false, false]);
      expect(await countBatches()).toBe(before + 1);
    },
  );

  it('also enters presence and encrypted channels, and receives their messages', async () => {
    await deployment.put('/resources/tenants/1/escrows/7', {
      buyer_id: '15',
      seller_id: '16',
      status: 'FUNDED',
    });
    const client = connect(deployment.tokens.user({ name: 'Bea' }));
    const chat = 'presence-tenant.1.escrow.7.chat';
    const encrypted = 'private-encrypted-tenant.1.user.15';
    const [present, hidden] = await Promise.all([
      client.subscribe(chat),
      client.subscribe(encrypted),
    ]);
    expect(present).toEqual({ ok: true, members: { 15: { id: '15', name: 'Bea' } } });
    expect(hidden).toEqual({ ok: true });
    const message = nextEvent(client.pusher.channel(encrypted), 'message');
    await deployment.publisher.trigger(encrypted, 'message', { text: 'Hello' });
    expect(await message).toEqual({ text: 'Hello' });
  });

  it('cannot subscribe with a bad token', async () => {
    const forged = deployment.tokens.user({}, { secret: 'another secret of 32 bytes at least' });
    const client = connect(forged);
    const results = await Promise.all([own, news].map((name) => client.subscribe(name)));
    expect(results.map(({ ok }) => ok)).toEqual([false, false]);
  });
});
