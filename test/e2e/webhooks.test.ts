import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { freePort } from '../support/free-port.ts';
import { metric } from '../support/metrics.ts';
import { nextEvent } from './support/clients.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';
import { buyer, openTenantUsers, seller, type TenantUsers } from './support/tenant-users.ts';

let deployment: Deployment;
let users: TenantUsers;

beforeAll(async () => {
  // soketi gets the address of the webhooks before Usher listens.
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/pusher/webhooks`;
  const event_types = [
    ...['channel_occupied', 'channel_vacated', 'member_added', 'member_removed', 'client_event'],
  ];
  const settings = { PORT: String(port), RATE_LIMIT_MESSAGES: '3' };
  deployment = await startDeployment(settings, { webhooks: [{ url, event_types }] });
  users = openTenantUsers(deployment);
});
afterEach(() => {
  users.close();
});
afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
});

const metrics = async () => (await fetch(`${deployment.usher.operatorUrl}/metrics`)).text();

/** The figures of tenant 1: occupied channels, members, messages. */
async function figures(): Promise<readonly (number | undefined)[]> {
  const text = await metrics();
  const names = ['occupied_channels', 'presence_members', 'client_events_total'];
  return names.map((name) => metric(text, `usher_${name}`, 'tenant="1"'));
}

/** Waits until the figures are these; webhooks come when they come. */
async function until(expected: readonly (number | undefined)[]): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline && String(await figures()) !== String(expected)) await sleep(50);
  expect(await figures()).toEqual(expected);
}

describe('webhooks of a real server', () => {
  it('change the metrics of members, channels and client events', async () => {
    const chat = `tenant.1.escrow.${await users.newEscrow()}.chat`;
    const [one, other] = [users.connect({ claims: buyer }), users.connect({ claims: seller })];
    expect(await one.join(chat)).toMatchObject({ ok: true });
    expect(await one.private('tenant.1.user.15')).toEqual({ ok: true });
    await until([2, 1, undefined]);
    expect(await other.join(chat)).toMatchObject({ ok: true });
    await until([2, 2, undefined]);

    const typing = nextEvent(other.pusher.channel(`presence-${chat}`), 'client-typing');
    for (let i = 0; i < 5; i += 1) one.echo.join(chat).whisper('typing', { secret: `words ${i}` });
    await typing;
    await until([2, 2, 5]);
    // Above the limit there is one log line about it, without the content.
    const signals = () =>
      deployment.usher
        .output()
        .split('\n')
        .filter((line) => line.includes('limit-'))
        .map((line) => JSON.parse(line) as unknown);
    // Lines are written in batches, with a delay.
    await expect
      .poll(signals)
      .toMatchObject([{ signal: { signal: 'limit-exceeded', tenantId: '1', principalId: '15' } }]);
    expect(deployment.usher.output()).not.toContain('words');

    other.disconnect();
    await until([2, 1, 5]);
    one.disconnect();
    await until([0, 0, 5]);
  });

  it('are refused from other senders, and counted once', async () => {
    const { soketi, usher } = deployment;
    const body = JSON.stringify({
      time_ms: Date.now(),
      events: [{ name: 'client_event', channel: 'private-tenant.1.user.15' }],
    });
    const send = (secret: string) =>
      fetch(`${usher.publicUrl}/pusher/webhooks`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-pusher-key': soketi.key,
          'x-pusher-signature': createHmac('sha256', secret).update(body).digest('hex'),
        },
      });
    const [, , before = 0] = await figures();
    expect((await send('another secret')).status).toBe(401);
    expect(await (await send(soketi.secret)).json()).toEqual({ status: 'taken' });
    expect(await (await send(soketi.secret)).json()).toEqual({ status: 'repeated' });
    const [, , after] = await figures();
    expect(after).toBe(before + 1);
  });
});
