import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { usherAuth, type UsherAuth } from '../../clients/js/src/index.ts';
import { requestJson } from './support/requests.ts';
import { connectEcho, nextEvent } from './support/clients.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';
import { expiring, openPage, type PageOptions, type UsherPage } from './support/usher-pages.ts';

let deployment: Deployment;
const open: { disconnect(): void }[] = [];

beforeAll(async () => {
  deployment = await startDeployment();
  for (const id of ['1', '2']) {
    const escrow = { buyer_id: '15', seller_id: '16', status: 'FUNDED' };
    await deployment.put(`/resources/tenants/1/escrows/${id}`, escrow);
  }
});
afterEach(() => {
  for (const client of open.splice(0)) client.disconnect();
});
afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
});

const own = 'private-tenant.1.user.15';
const news = 'private-tenant.1.announcements';
const escrows = ['private-tenant.1.escrow.1', 'private-tenant.1.escrow.2'];
const refused = 'private-tenant.1.user.16';

function page(options: Partial<PageOptions> = {}): UsherPage {
  const opened = openPage(deployment, { sub: '15', channels: [own, news], ...options });
  open.push(opened);
  return opened;
}

/** The number of requests to this path in the log, once our own last request is there. */
async function requestsTo(path: string): Promise<number> {
  const { headers } = await fetch(deployment.usher.publicUrl);
  await expect.poll(() => deployment.usher.output()).toContain(headers.get('x-request-id'));
  return deployment.usher.output().split(`"route":"${path}"`).length - 1;
}

/** The next error of a channel, as the page receives it. */
const nextError = async (client: UsherPage, channel: string) =>
  nextEvent(client.pusher.subscribe(channel), 'pusher:subscription_error');

describe('a page with pusher-js', () => {
  it('subscribes with one request, and signs in with another', async () => {
    const before = [await requestsTo('/pusher/auth/batch'), await requestsTo('/pusher/user-auth')];
    const client = page({ channels: [own, news, ...escrows] });
    await expect.poll(client.dead).toEqual([]);
    await client.pusher.user.signinDonePromise;
    expect(client.pusher.user.user_data).toMatchObject({ id: '15' });
    const after = [await requestsTo('/pusher/auth/batch'), await requestsTo('/pusher/user-auth')];
    expect(after).toEqual(before.map((count) => count + 1));
  });

  it('receives status, message and decision id of a refused channel, under which Usher stores the reason', async () => {
    const client = page();
    await client.socketId();
    const error = (await nextError(client, refused)) as Record<string, string>;
    expect(error).toEqual({
      type: 'AuthError',
      error: 'You may not enter this channel',
      status: 403,
      decisionId: expect.any(String) as string,
    });
    const address = `${deployment.usher.operatorUrl}/decisions/${error['decisionId'] ?? ''}`;
    expect(await (await fetch(address)).json()).toMatchObject({ channel: refused });
    await expect.poll(client.dead).toEqual([]);
  });

  it('receives the same for a refused sign-in', async () => {
    const client = page({
      headers: { Authorization: `Bearer ${deployment.tokens.user({ sub: 'a b' })}` },
    });
    const error = await nextEvent(client.pusher.user as never, 'pusher:signin_error');
    expect(error).toMatchObject({ status: expect.any(Number) as number, type: 'AuthError' });
    expect((error as { status: number }).status).toBeGreaterThan(399);
  });

  it('subscribes again to its channels, except those that it has left', async () => {
    const client = page();
    await expect.poll(client.dead).toEqual([]);
    client.pusher.unsubscribe(news);
    client.pusher.subscribe(escrows[0]!);
    client.pusher.unsubscribe(escrows[0]!);
    client.pusher.subscribe(news);
    await expect.poll(client.dead).toEqual([]);
    await expect.poll(() => client.pusher.channel(escrows[0]!) as unknown).toBeUndefined();
  });
});

describe('a credential that expires', () => {
  it('is replaced, and the connection that the server closed is opened again', async () => {
    let lifetime = 3;
    const client = page({ lifetime: () => lifetime });
    await expect.poll(client.dead).toEqual([]);
    const first = await client.socketId();
    lifetime = 3600;
    await expect.poll(() => client.pusher.connection.socket_id).not.toBe(first);
    await expect.poll(client.dead).toEqual([]);
    expect(client.refreshes()).toBe(1);
    await expect.poll(() => client.pusher.user.user_data as unknown).toMatchObject({ id: '15' });
    const received = nextEvent(client.pusher.channel(own), 'message');
    await deployment.publisher.trigger(own, 'message', 'Hello');
    expect(await received).toBe('Hello');
  });

  it('in one of two tabs of a user does not disconnect the other tab', async () => {
    const expires = page({
      sub: '21',
      channels: [news],
      lifetime: () => 3,
      canRefresh: false,
    });
    const other = page({ sub: '21', channels: [news, 'private-tenant.1.user.21'] });
    await expect.poll(() => [...expires.dead(), ...other.dead()]).toEqual([]);
    const first = await other.socketId();
    await expect.poll(() => other.pusher.connection.socket_id).not.toBe(first);
    await expect.poll(other.dead).toEqual([]);
    await expect.poll(() => expires.signedOut()?.status).toBe(401);
    expect(expires.pusher.connection.state).toBe('disconnected');
    expect(other.signedOut()).toBeUndefined();
  });

  it('in one of two tabs does not disconnect a tab that cannot refresh, but has a valid credential', async () => {
    const shared = { sub: '22', channels: [news], canRefresh: false };
    page({ ...shared, lifetime: () => 3 });
    const other = page(shared);
    await expect.poll(other.dead).toEqual([]);
    const first = await other.socketId();
    await expect.poll(() => other.pusher.connection.socket_id).not.toBe(first);
    await expect.poll(other.dead).toEqual([]);
  });

  it('and is revoked leaves the connection closed, reports it, and allows a new one after a login', async () => {
    let isSignedIn = false;
    const client = page({
      sub: '23',
      channels: [news],
      refresh: () =>
        Promise.resolve(
          isSignedIn && {
            Authorization: `Bearer ${deployment.tokens.user(expiring('23', 3600))}`,
            'X-Tenant-ID': '1',
          },
        ),
    });
    await expect.poll(client.dead).toEqual([]);
    await client.pusher.user.signinDonePromise;
    const at = new Date(Math.ceil(Date.now() / 1000) * 1000).toISOString();
    const revocation = { user_id: '23', tenant_id: '1', issued_before: at };
    const { status } = await requestJson(
      'POST',
      `${deployment.usher.operatorUrl}/revocations`,
      revocation,
    );
    expect(status).toBe(200);
    await expect.poll(() => client.signedOut()?.status).toBe(401);
    expect(client.pusher.connection.state).toBe('disconnected');
    await expect.poll(() => Date.now()).toBeGreaterThan(Date.parse(at));
    isSignedIn = true;
    client.resume();
    await expect.poll(client.dead).toEqual([]);
  });
});

describe('a page with Laravel Echo', () => {
  const settings = (usher: UsherAuth) => ({
    authorizer: usher.authorizer,
    userAuthentication: usher.userAuthentication,
    // Like a page of Laravel. Echo writes it into the headers of its options.
    csrfToken: 'csrf',
  });
  const open15 = (seconds = () => 3600) => {
    const mint = () => ({
      Authorization: `Bearer ${deployment.tokens.user({ ...expiring('15', seconds()), name: 'Bea' })}`,
      'X-Tenant-ID': '1',
    });
    const usher = usherAuth({
      url: deployment.usher.publicUrl,
      headers: mint(),
      refresh: () => Promise.resolve(mint()),
    });
    const client = connectEcho(deployment.soketi, settings(usher));
    open.push(client);
    return client;
  };

  it('subscribes to private, presence and encrypted channels, and signs in', async () => {
    const client = open15();
    const [chat, encrypted] = ['tenant.1.escrow.1.chat', 'tenant.1.user.15'];
    await deployment.put('/resources/tenants/1/escrows/1', {
      buyer_id: '15',
      seller_id: '16',
      status: 'FUNDED',
    });
    const joined = await Promise.all([
      client.private('tenant.1.announcements'),
      client.join(chat),
      client.encryptedPrivate(encrypted),
      client.private('tenant.1.user.16'),
    ]);
    expect(joined).toEqual([
      { ok: true },
      { ok: true, members: { 15: { id: '15', name: 'Bea' } } },
      { ok: true },
      { ok: false, status: 403 },
    ]);
    expect(await client.signIn()).toMatchObject({ ok: true, user: { id: '15' } });
  });

  it('reconnects after its credential expired', async () => {
    let lifetime = 3;
    const client = open15(() => lifetime);
    const first = await client.socketId();
    await client.private('tenant.1.announcements');
    await client.signIn();
    lifetime = 3600;
    await expect.poll(() => client.echo.socketId()).not.toBe(first);
    await expect.poll(() => client.pusher.channel(news).subscribed).toBe(true);
  });
});
