import { randomBytes } from 'node:crypto';

import type { Options } from 'pusher-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Member } from '../../src/policy/decision.ts';
import { Secret } from '../../src/runtime/secret.ts';
import type { PusherApp } from '../../src/pusher/pusher-app.ts';
import { createPusherApps } from '../../src/pusher/apps.ts';
import { createSigner, createUserSigner } from '../../src/pusher/sign.ts';
import type { ChannelSignature } from '../../src/pusher/signatures.ts';
import { grantOf, signInOf } from '../pusher/grants.ts';
import {
  connectEcho,
  connectPusher,
  disconnectAfterEach,
  nextEvent,
  type PusherClient,
} from './support/clients.ts';
import { type Soketi, startSoketi } from './support/soketi.ts';

type Sign = (socketId: string, channelName: string) => ChannelSignature;

let soketi: Soketi;
const keep = disconnectAfterEach();
const encryptionMasterKey = new Secret(randomBytes(32).toString('base64'));
const alice: Member = { user_id: '15', user_info: { name: 'Alice' } };
const bob: Member = { user_id: '16', user_info: { name: 'Bob' } };

beforeAll(async () => {
  soketi = await startSoketi({ userAuthentication: true });
});
afterAll(() => soketi.stop());

const apps = (over: Partial<PusherApp> = {}) =>
  createPusherApps({
    appId: soketi.appId,
    key: soketi.key,
    secret: new Secret(soketi.secret),
    host: '127.0.0.1',
    port: soketi.port,
    tls: false,
    encryptionMasterKey,
    dialect: 'soketi',
    ...over,
  });

/** Signs any channel, as a grant of this member and by an app with these settings. */
function signing(member?: Member, over: Partial<PusherApp> = {}): Sign {
  const signer = createSigner(apps(over));
  return (socketId, channelName) =>
    signer.sign(grantOf({ socketId, channelName, ...(member && { member }) }));
}

function authorizing(sign: Sign): Pick<Options, 'channelAuthorization'> {
  return {
    channelAuthorization: {
      customHandler: ({ socketId, channelName }, respondWith) => {
        queueMicrotask(() => {
          respondWith(null, sign(socketId, channelName));
        });
      },
    },
  };
}

function connect(options: Partial<Options>): PusherClient {
  return keep(connectPusher(soketi, options));
}

const joining = (channelName: string, sign: Sign) =>
  connect(authorizing(sign)).subscribe(channelName);

const refused = { ok: false, status: 401 };

describe('signatures of Usher at a real server, with pusher-js', () => {
  it('subscribe a socket to a private channel', async () => {
    expect(await joining('private-a.1', signing())).toEqual({ ok: true });
  });

  it('subscribe a member to a private channel only in the dialect of the server', async () => {
    expect(await joining('private-a.1', signing(alice))).toEqual({ ok: true });
    expect(await joining('private-a.1', signing(alice, { dialect: 'pusher' }))).toEqual(refused);
  });

  it('show the members of a presence channel to each other', async () => {
    expect(await joining('presence-a.1', signing(alice))).toEqual({
      ok: true,
      members: { 15: { name: 'Alice' } },
    });
    expect(await joining('presence-a.1', signing(bob))).toEqual({
      ok: true,
      members: { 15: { name: 'Alice' }, 16: { name: 'Bob' } },
    });
  });

  it('allow client events between members', async () => {
    const [one, other] = [connect(authorizing(signing())), connect(authorizing(signing()))];
    await one.subscribe('private-a.1');
    await other.subscribe('private-a.1');
    const typing = nextEvent(other.pusher.channel('private-a.1'), 'client-typing');
    one.pusher.channel('private-a.1').trigger('client-typing', { user: '15' });
    expect(await typing).toEqual({ user: '15' });
  });

  it('include the key that decrypts an encrypted event', async () => {
    const client = connect(authorizing(signing()));
    const channelName = 'private-encrypted-a.1';
    const onTheWire = new Promise((resolve) => {
      client.pusher.connection.bind('message', ({ event, data }: Record<string, unknown>) => {
        if (event === 'greeting') resolve(data);
      });
    });
    expect(await client.subscribe(channelName)).toEqual({ ok: true });
    const greeting = nextEvent(client.pusher.channel(channelName), 'greeting');
    await apps().for(undefined)!.client.trigger(channelName, 'greeting', { text: 'hello' });
    expect(await greeting).toEqual({ text: 'hello' });
    expect(await onTheWire).toHaveProperty('ciphertext');
  });
});

describe('signatures of Usher at a real server, with Laravel Echo', () => {
  it('subscribe it to private, encrypted and presence channels', async () => {
    const client = keep(connectEcho(soketi, authorizing(signing(alice))));
    expect(await client.private('tenant.1.user.15')).toEqual({ ok: true });
    expect(await client.encryptedPrivate('tenant.1.user.15')).toEqual({ ok: true });
    expect(await client.join('tenant.1.user.15')).toMatchObject({ ok: true, members: { 15: {} } });
  });
});

describe('a signature for another purpose is refused', () => {
  it('with another secret', async () => {
    const sign = signing(undefined, { secret: new Secret('another-secret') });
    expect(await joining('private-a.1', sign)).toEqual(refused);
  });

  it('for another socket', async () => {
    const sign = signing();
    expect(await joining('private-a.1', (_mine, name) => sign('1.1', name))).toEqual(refused);
  });

  it('for another channel', async () => {
    const sign = signing();
    expect(await joining('private-a.1', (id) => sign(id, 'private-a.2'))).toEqual(refused);
  });

  it('for another member', async () => {
    const sign = signing(alice);
    const asAdmin: Sign = (id, name) => ({
      ...sign(id, name),
      channel_data: JSON.stringify({ user_id: 'admin' }),
    });
    expect(await joining('presence-a.1', asAdmin)).toEqual(refused);
  });

  it('for a private channel, on the presence channel of the same name', async () => {
    const sign = signing(alice);
    const fromPrivate: Sign = (id) => sign(id, 'private-a.1');
    expect(await joining('presence-a.1', fromPrivate)).toEqual(refused);
  });
});

describe('sign-in at a real server', () => {
  const signingIn = (secret: string, idOf = (mine: string) => mine) => {
    const signUser = createUserSigner(apps({ secret: new Secret(secret) }));
    return connect({
      userAuthentication: {
        customHandler: ({ socketId }, respondWith) => {
          respondWith(null, signUser(signInOf({ socketId: idOf(socketId), member: alice })));
        },
      },
    });
  };

  it('accepts our signature of a user', async () => {
    const client = signingIn(soketi.secret);
    expect(await client.signIn()).toEqual({
      ok: true,
      user: { id: '15', user_info: { name: 'Alice' } },
    });
  });

  it('refuses another secret and another socket', async () => {
    expect(await signingIn('another-secret').signIn()).toMatchObject({ ok: false });
    expect(await signingIn(soketi.secret, () => '1.1').signIn()).toMatchObject({ ok: false });
  });
});
