import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectPusher, disconnectAfterEach, nextEvent } from './support/clients.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';

const policy = `
channels:
  private-price-{id}:
    about: every user
    also: [private-cache, presence-cache, private-encrypted-cache]
    params: { id: id }
    allow: { user: { user has an id: user.id != '' } }
    member: { user: { id: user.id } }
`;

let directory: string;
let deployment: Deployment;
const keep = disconnectAfterEach();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'usher-cache-'));
  await writeFile(join(directory, 'policy.yaml'), policy);
  deployment = await startDeployment({ POLICY: directory });
});
afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
  await rm(directory, { recursive: true });
});

/** A page that enters a channel, and the first events that it receives there. */
function enter(channelName: string) {
  const token = deployment.tokens.user({ sub: 'auth0|15', tenant_id: undefined });
  const client = keep(
    connectPusher(deployment.soketi, {
      channelAuthorization: {
        transport: 'ajax',
        endpoint: `${deployment.usher.publicUrl}/pusher/auth`,
        headers: { Authorization: `Bearer ${token}` },
      },
    }),
  );
  const channel = client.pusher.subscribe(channelName);
  const [missed, price] = [nextEvent(channel, 'pusher:cache_miss'), nextEvent(channel, 'price')];
  for (const event of [missed, price]) event.catch(() => undefined);
  return { missed, price };
}

const publish = (channelName: string) => {
  const { publisher } = deployment;
  return publisher.trigger(channelName, 'price', { eur: 9 });
};

it.each(['private-cache-price-7', 'presence-cache-price-7', 'private-encrypted-cache-price-7'])(
  'a page that subscribes later receives the last event of %s',
  async (channelName) => {
    const first = enter(channelName);
    await first.missed;
    await publish(channelName);
    expect(await first.price).toEqual({ eur: 9 });
    expect(await enter(channelName).price).toEqual({ eur: 9 });
  },
);

it('soketi also stores events of channels with cache- elsewhere in their names', async () => {
  await enter('private-price-my-cache-8').missed;
});
