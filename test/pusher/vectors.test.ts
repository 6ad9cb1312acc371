import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { parseChannelName } from '../../src/policy/pusher-names.ts';
import type { Member } from '../../src/policy/decision.ts';
import { createPusherApps, type PusherApps } from '../../src/pusher/apps.ts';
import { createSigner, createUserSigner } from '../../src/pusher/sign.ts';
import { Secret } from '../../src/runtime/secret.ts';
import vectors from '../vectors/pusher-auth-vectors.json' with { type: 'json' };
import { grantOf, signInOf } from './grants.ts';
import { settings } from './settings.ts';

interface ChannelVector {
  readonly key: string;
  readonly secret: string;
  readonly socket_id: string;
  readonly channel_name: string;
  readonly channel_data: string | null;
  readonly auth: string;
  readonly shared_secret?: string;
  readonly encryption_master_key_base64?: string;
}

function appsOf(vector: Omit<ChannelVector, 'auth' | 'channel_name' | 'channel_data'>): PusherApps {
  const masterKey = vector.encryption_master_key_base64;
  return createPusherApps(
    settings({
      key: vector.key,
      secret: new Secret(vector.secret),
      ...(masterKey === undefined ? {} : { encryptionMasterKey: new Secret(masterKey) }),
    }),
  );
}

const isMember = (data: unknown): data is Member =>
  typeof data === 'object' && data !== null && 'user_id' in data;

/** A grant cannot contain a public name or data that is not a member: these vectors are passed to the client library directly. */
function grantable({ channel_name, channel_data }: ChannelVector): boolean {
  if (parseChannelName(channel_name) === undefined) return false;
  return channel_data === null || isMember(JSON.parse(channel_data));
}

/** Vectors from PHP and Python have a space in their JSON text, which no JavaScript signer would write. */
const writtenByJavaScript = ({ channel_data }: ChannelVector): boolean =>
  channel_data === null || JSON.stringify(JSON.parse(channel_data)) === channel_data;

const all: readonly ChannelVector[] = vectors.channel_auth;
const throughSigner = all.filter(grantable);
const byClientOnly = all.filter((vector) => !grantable(vector) && writtenByJavaScript(vector));

describe('channel signatures of the official libraries', () => {
  it('are reproduced, except two whose JSON text only PHP and Python produce', () => {
    expect(all.length - throughSigner.length - byClientOnly.length).toBe(2);
    expect(throughSigner.length).toBeGreaterThanOrEqual(6);
  });

  it.each(throughSigner)('signer: $auth for $channel_name', (vector) => {
    const data: unknown = JSON.parse(vector.channel_data ?? 'null');
    const response = createSigner(appsOf(vector)).sign(
      grantOf({
        socketId: vector.socket_id,
        channelName: vector.channel_name,
        ...(isMember(data) ? { member: data } : {}),
      }),
    );
    expect(response).toEqual({
      auth: vector.auth,
      ...(vector.channel_data === null ? {} : { channel_data: vector.channel_data }),
      ...(vector.shared_secret === undefined ? {} : { shared_secret: vector.shared_secret }),
    });
  });

  it.each(byClientOnly)('client: $auth for $channel_name', (vector) => {
    const data = JSON.parse(vector.channel_data ?? 'null') as Member | null;
    const response = appsOf(vector)
      .for(undefined)!
      .client.authorizeChannel(vector.socket_id, vector.channel_name, data ?? undefined);
    expect(response.auth).toBe(vector.auth);
    expect(response.shared_secret).toBe(vector.shared_secret);
  });
});

describe('shared secrets of the official libraries', () => {
  it.each(vectors.shared_secret)('$channel_name', ({ master_key, channel_name, shared_secret }) => {
    const sha256 = createHash('sha256').update(channel_name).update(master_key);
    expect(sha256.digest('base64')).toBe(shared_secret);

    const encryptionMasterKey = new Secret(Buffer.from(master_key).toString('base64'));
    const app = settings({ encryptionMasterKey });
    // The Go library's example has 33 bytes; Pusher requires 32, so we refuse a key that only the formula would accept.
    if (master_key.length !== 32) {
      expect(() => createPusherApps(app)).toThrow('32 bytes');
      return;
    }
    const grant = grantOf({ socketId: '1.1', channelName: channel_name });
    expect(createSigner(createPusherApps(app)).sign(grant).shared_secret).toBe(shared_secret);
  });
});

describe('user signatures of the official libraries', () => {
  it.each(vectors.user_auth)(
    '$auth for $user_data',
    ({ key, secret, socket_id, user_data, auth }) => {
      const apps = createPusherApps(settings({ key, secret: new Secret(secret) }));
      const user = JSON.parse(user_data) as { id: string };
      // We put the public attributes of a user under user_info; two vectors have them beside the id, and are passed to the signer directly.
      const response =
        Object.keys(user).length === 1
          ? createUserSigner(apps)(signInOf({ socketId: socket_id, member: { user_id: user.id } }))
          : apps.for(undefined)!.client.authenticateUser(socket_id, user);
      expect(response).toEqual({ auth, user_data });
    },
  );
});
