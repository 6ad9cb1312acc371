import { describe, expect, it } from 'vitest';
import type { UsherAuthOptions } from '../../clients/js/src/index.ts';
import { createConnection, createPage, grantAll, json, socketId } from './page.ts';

const unavailable = () => json({ message: 'Try again in a moment' }, 503);

function createAttached(options: UsherAuthOptions = {}) {
  const page = createPage(options);
  const connection = createConnection();
  expect(page.usher.attach(connection.pusher)).toBe(connection.pusher);
  const subscribe = (name: string) => {
    const channel = connection.addChannel(name);
    page.subscribe(name, connection.connection.socket_id);
    return channel;
  };
  return { page, ...connection, subscribe };
}

describe('a channel whose authorization failed temporarily', () => {
  it('is reported to the page, and subscribed after a retry', async () => {
    const { page, subscribe } = createAttached({ retryFor: 5_000 });
    page.state.respond = unavailable;
    const channel = subscribe('private-a');
    await page.advance(60_000);
    expect(page.results).toMatchObject([{ error: { status: 503 } }]);
    channel.subscriptionPending = false;
    page.state.respond = grantAll;
    await page.advance(16_000);
    expect(page.results.slice(1)).toEqual([
      { name: 'private-a', error: null, signature: { auth: 'key:private-a' } },
    ]);
    // So that pusher-js unsubscribes if the page leaves the channel before the server has responded.
    expect(channel.subscriptionPending).toBe(true);
  });

  it('is not retried after the page has left it', async () => {
    const { page, channels, subscribe } = createAttached({ retryFor: 1_000 });
    page.state.respond = unavailable;
    subscribe('private-a');
    const left = subscribe('private-b');
    await page.advance(10_000);
    delete channels['private-a'];
    left.subscriptionCancelled = true;
    const before = page.sent.length;
    page.state.respond = grantAll;
    await page.advance(60_000);
    expect([page.sent.length, page.results.length]).toEqual([before, 2]);
  });

  it('is aborted when the connection closes: pusher-js requests it again on the next one', async () => {
    const { page, connection, subscribe } = createAttached();
    page.state.respond = unavailable;
    subscribe('private-a');
    await page.advance(2_000);
    connection.socket_id = '9.9';
    page.state.respond = grantAll;
    subscribe('private-a');
    await page.advance(60_000);
    expect(page.results.length).toBe(1);
    expect(page.sent.at(-1)?.body.socket_id).toBe('9.9');
  });

  it('has one result if the page subscribes again meanwhile', async () => {
    const { page, subscribe } = createAttached();
    page.state.respond = unavailable;
    subscribe('private-a');
    await page.advance(2_000);
    page.state.respond = grantAll;
    subscribe('private-a');
    await page.advance(60_000);
    expect(page.results.length).toBe(1);
  });

  it('keeps the state of a subscribed channel, whose encryption key pusher-js requests again', async () => {
    const { page, subscribe } = createAttached({ retryFor: 1_000 });
    page.state.respond = unavailable;
    const channel = subscribe('private-encrypted-a');
    Object.assign(channel, { subscribed: true, subscriptionPending: false });
    await page.advance(5_000);
    page.state.respond = grantAll;
    await page.advance(20_000);
    expect(page.results.length).toBe(2);
    expect(channel.subscriptionPending).toBe(false);
  });
});

/** A page with a grant, whose application gets a fresh credential each time. */
async function createGranted(options: UsherAuthOptions = {}) {
  let refreshes = 0;
  const attached = createAttached({
    refresh: () => {
      refreshes += 1;
      return Promise.resolve({ Authorization: `Bearer ${refreshes}` });
    },
    ...options,
  });
  attached.subscribe('private-a');
  await attached.page.advance(10_000);
  expect(attached.page.results).toMatchObject([{ error: null }]);
  return { ...attached, refreshes: () => refreshes };
}

describe('a connection that the server closed', () => {
  it('with 4009, after a grant, is opened again with a fresh credential', async () => {
    const { page, end, calls, refreshes, subscribe, connection } = await createGranted();
    end(4009);
    expect(calls).toEqual([]);
    await page.advance(1_000);
    expect([calls, refreshes()]).toEqual([['connect'], 1]);
    expect(connection.socket_id).not.toBe(socketId);
    subscribe('private-a');
    await page.advance(100);
    expect(page.sent.at(-1)?.headers['authorization']).toBe('Bearer 1');
  });

  it('with 4009, without a grant, is opened again with the same credential', async () => {
    let refreshes = 0;
    const { page, end, calls } = createAttached({
      refresh: () => Promise.resolve((refreshes += 1) > 0),
    });
    end(4009);
    await page.advance(1_000);
    expect([calls, refreshes]).toEqual([['connect'], 0]);
  });

  it('with 4009 is opened again by a page that cannot refresh', async () => {
    const { page, end, calls, subscribe } = createAttached();
    subscribe('private-a');
    await page.advance(10_000);
    end(4009);
    await page.advance(1_000);
    expect(calls).toEqual(['connect']);
  });

  it.each([4000, 4001, 4004, 4100, 4200, 1006])('with %i is left to pusher-js', async (code) => {
    const { page, end, calls } = await createGranted();
    end(code);
    await page.advance(60_000);
    expect(calls).toEqual([]);
  });

  it('is reopened after a close code 4009, not after a message with code 4009', async () => {
    const { page, emit, calls, pusher } = await createGranted();
    emit('error', { type: 'PusherError', data: { code: 4009 } });
    emit('error', { type: 'WebSocketError', error: null });
    emit('error', new Error('unknown'));
    pusher.disconnect();
    await page.advance(60_000);
    expect(calls).toEqual(['disconnect']);
  });

  it('is not changed if the page has opened it meanwhile', async () => {
    const { page, end, calls, pusher, refreshes } = await createGranted();
    end(4009);
    pusher.connect();
    await page.advance(60_000);
    expect([calls, refreshes()]).toEqual([['connect'], 0]);
  });

  it('repeatedly is reopened with growing delays, at most every 15 seconds', async () => {
    const { page, end, calls } = await createGranted();
    const times: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      const before = calls.length;
      end(4009);
      const started = page.clock.now;
      while (calls.length === before) await page.advance(100);
      times.push(page.clock.now - started);
    }
    expect(times[0]).toBeLessThan(1_000);
    expect(times.at(-1)).toBeGreaterThan(5_000);
    expect(Math.max(...times)).toBeLessThanOrEqual(15_100);
    await page.advance(60_000);
    end(4009);
    await page.advance(1_000);
    expect(calls.length).toBe(11);
  });

  it('stays closed if there is no fresh credential, and is reopened by `resume`', async () => {
    const errors: unknown[] = [];
    const { page, end, calls } = await createGranted({
      refresh: () => Promise.resolve(false),
      onSignedOut: (error) => errors.push(error),
    });
    end(4009);
    await page.advance(60_000);
    expect(calls).toEqual([]);
    expect(errors).toMatchObject([{ status: 401 }]);
    page.usher.resume();
    expect(calls).toEqual(['disconnect', 'connect']);
  });

  it('is closed again if its credential is refused after it was reopened', async () => {
    const { page, end, calls, subscribe } = createAttached();
    subscribe('private-a');
    await page.advance(10_000);
    page.state.respond = () => json({ message: 'The credential has been revoked' }, 401);
    end(4009);
    await page.advance(1_000);
    subscribe('private-a');
    await page.advance(1_000);
    expect(calls).toEqual(['connect', 'disconnect']);
    end(4009);
    await page.advance(60_000);
    expect(calls).toEqual(['connect', 'disconnect']);
  });

  it('is reopened later if the application cannot refresh immediately', async () => {
    let isOffline = true;
    const { page, end, calls } = await createGranted({
      refresh: () => (isOffline ? Promise.reject(new Error('no network')) : Promise.resolve(true)),
    });
    end(4009);
    await page.advance(30_000);
    expect(calls).toEqual([]);
    isOffline = false;
    await page.advance(16_000);
    expect(calls).toEqual(['connect']);
  });
});

describe('the error event', () => {
  it('has the status and the decision id; other events do not', async () => {
    const { page, subscribe, events } = createAttached();
    page.state.respond = () => json({ message: 'No' }, 403, { 'X-Decision-Id': 'id' });
    const channel = subscribe('private-a');
    page.usher.channelAuthorization.customHandler(
      { socketId, channelName: 'private-a' },
      (error) => {
        // Like pusher-js.
        channel.emit('pusher:subscription_error', { type: 'AuthError', error: error?.message });
        channel.emit('other', 'data');
      },
    );
    await page.advance(100);
    channel.emit('pusher:subscription_error', { type: 'of the server' });
    expect(events).toEqual([
      [
        'pusher:subscription_error',
        { type: 'AuthError', error: 'No', status: 403, decisionId: 'id' },
      ],
      ['other', 'data'],
      ['pusher:subscription_error', { type: 'of the server' }],
    ]);
  });
});
