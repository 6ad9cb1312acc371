import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { JsonObject } from '../support/tokens.ts';
import { type TextResponse, postForm } from './support/requests.ts';
import { type Deployment, pageOrigin, startDeployment } from './support/deployment.ts';
import { openTenantUsers, type TenantUsers, type UserPage } from './support/tenant-users.ts';
import { secondsNow } from './support/tokens.ts';

let deployment: Deployment;
let users: TenantUsers;

beforeAll(async () => {
  deployment = await startDeployment();
  users = openTenantUsers(deployment);
});
afterEach(() => {
  users.close();
});
afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
});

const own = 'tenant.1.user.15';
const socketId = '1234.5678';
const entered = { ok: true };
const refusedWith = (status: number) => ({ ok: false, status });

const endpoint = ({ usher }: Deployment) => `${usher.publicUrl}/broadcasting/auth`;

/** The headers of user 15 of tenant 1. */
const ownHeaders = ({ tokens }: Deployment) => ({
  authorization: `Bearer ${tokens.user()}`,
  'x-tenant-id': '1',
});

/** Sends what the Echo of user 15 of tenant 1 sends. */
function requestChannel(
  channelName: string,
  { at = deployment, headers = {} }: { at?: Deployment; headers?: Record<string, string> } = {},
): Promise<TextResponse> {
  const form = { socket_id: socketId, channel_name: channelName };
  return postForm(endpoint(at), form, { ...ownHeaders(at), ...headers });
}

const bodyOf = ({ text }: TextResponse) => JSON.parse(text) as Record<string, string>;

describe('the tenants of the token, of the request and of the channel', () => {
  const tenants = ['1', '2'];
  const triples = tenants.flatMap((token) =>
    tenants.flatMap((request) => tenants.map((channel) => ({ token, request, channel }))),
  );
  const agree = (named: object) => new Set(Object.values(named)).size === 1;

  it.each(triples)('$token, $request in the header, $channel', async (named) => {
    const { token, request, channel } = named;
    const client = users.connect({ claims: { tenant_id: token }, tenant: request });
    const expected = agree(named) ? entered : refusedWith(403);
    expect(await client.private(`tenant.${channel}.user.15`)).toEqual(expected);
    expect(await client.private(`tenant.${channel}.announcements`)).toEqual(expected);
  });

  it.each(triples)('$token, $request in the path, $channel', async (named) => {
    const { token, request, channel } = named;
    const path = `/api/tenants/${request}/pusher/auth`;
    const client = users.connect({ claims: { tenant_id: token }, path, tenant: '' });
    const expected = agree(named) ? entered : refusedWith(403);
    expect(await client.private(`tenant.${channel}.user.15`)).toEqual(expected);
  });

  it('must agree when both the path and the header name one', async () => {
    const [one, two] = ['/api/tenants/1/pusher/auth', '/api/tenants/2/pusher/auth'];
    const connect = (path: string, tenant: string) => users.connect({ path, tenant });
    expect(await connect(one, '1').private(own)).toEqual(entered);
    expect(await connect(one, '2').private(own)).toEqual(refusedWith(403));
    expect(await connect(two, '1').private(own)).toEqual(refusedWith(403));
  });

  it('are required', async () => {
    const noHeader = users.connect({ tenant: '' });
    expect(await noHeader.private(own)).toEqual(refusedWith(403));
    expect(await noHeader.private('announcements')).toEqual(refusedWith(403));
    const noClaim = users.connect({ claims: { tenant_id: undefined } });
    expect(await noClaim.private(own)).toEqual(refusedWith(403));
    expect(await noClaim.private('announcements')).toEqual(refusedWith(403));
  });
});

describe('a credential is refused with 401', () => {
  const forged = 'another secret of 32 bytes at least';
  const mint = (changes: JsonObject, by?: 'nobody' | { secret: string }) =>
    deployment.tokens.user(changes, by);
  const bad: Readonly<Record<string, () => string>> = {
    'when there is none': () => '',
    'that lives longer than an hour': () => mint({ exp: secondsNow() + 3660 }),
    'that does not say since when it lives': () => mint({ iat: undefined }),
    'that has expired': () => mint({ iat: secondsNow() - 60, exp: secondsNow() - 1 }),
    'without a signature': () => mint({}, 'nobody'),
    'that another secret signed': () => mint({}, { secret: forged }),
    'of a guest': () => deployment.tokens.guest(),
    'that is no token': () => 'letmein',
  };

  it.each(Object.entries(bad))('%s', async (_name, make) => {
    expect(await users.connect({ token: make() }).private(own)).toEqual(refusedWith(401));
  });
});

describe('a channel is refused with 403', () => {
  const unknown = ['tenant.1', 'tenant.1.user', 'tenant.1.user.15.x', 'tenant.1.users', 'user.15'];

  it.each(unknown)('that is not declared: %s', async (name) => {
    const client = users.connect();
    expect(await client.private(name)).toEqual(refusedWith(403));
    expect(await client.join(name)).toEqual(refusedWith(403));
    expect(await client.encryptedPrivate(name)).toEqual(refusedWith(403));
  });

  it('in a form that is not declared', async () => {
    expect(await users.connect().private(own)).toEqual(entered);
    expect(await users.connect().join(own)).toEqual(refusedWith(403));
  });

  it('of a hotel, for a user', async () => {
    const name = 'hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';
    expect(await users.connect().private(name)).toEqual(refusedWith(403));
  });
});

describe('without a master key', () => {
  let keyless: Deployment;
  let pages: TenantUsers;

  beforeAll(async () => {
    keyless = await startDeployment({ PUSHER_ENCRYPTION_MASTER_KEY: '' });
    pages = openTenantUsers(keyless);
  });
  afterAll(async () => {
    pages.close();
    expect(await keyless.stop()).toEqual([]);
  });

  it('an encrypted channel gets the response for an unknown one', async () => {
    expect(await pages.connect().private(own)).toEqual(entered);
    expect(await pages.connect().encryptedPrivate(own)).toEqual(refusedWith(403));
    const [encrypted, unknownOne] = await Promise.all(
      [`private-encrypted-${own}`, 'private-nobody'].map((name) =>
        requestChannel(name, { at: keyless }),
      ),
    );
    expect(bodyOf(encrypted!)['message']).toBe(bodyOf(unknownOne!)['message']);
  });
});

describe('a signature', () => {
  type Form = Readonly<{ socket_id: string; channel_name: string }>;

  /** A signature of Usher for user 15. */
  const signedFor = async (form: Form): Promise<{ auth: string }> => {
    const { status, text } = await postForm(endpoint(deployment), form, ownHeaders(deployment));
    if (status !== 200) throw new Error(`Not signed: ${status} ${text}`);
    return JSON.parse(text) as { auth: string };
  };

  /** A page that has one channel signed and enters another, and may add to the response. */
  const presenting = (change: (mine: Form) => Form, added: object = {}): UserPage => ({
    channelAuthorization: {
      customHandler: ({ socketId, channelName }, respondWith) => {
        signedFor(change({ socket_id: socketId, channel_name: channelName })).then(
          (signed) => {
            respondWith(null, { ...signed, ...added });
          },
          (error: unknown) => {
            respondWith(error as Error, null);
          },
        );
      },
    },
  });
  const forOwnChannel = (mine: Form) => ({ ...mine, channel_name: `private-${own}` });

  it('grants the channel and the socket for which it was made', async () => {
    expect(await users.connect(presenting((mine) => mine)).private(own)).toEqual(entered);
  });

  it('is refused on another socket', async () => {
    const otherSocket = await users.connect().socketId();
    const page = presenting((mine) => ({ ...mine, socket_id: otherSocket }));
    expect(await users.connect(page).private(own)).toEqual(refusedWith(401));
  });

  it('is refused on another channel', async () => {
    const page = presenting(forOwnChannel);
    expect(await users.connect(page).private('tenant.1.user.16')).toEqual(refusedWith(401));
  });

  it('is refused on the presence form with a forged member', async () => {
    const page = presenting(forOwnChannel, { channel_data: '{"user_id":"16"}' });
    expect(await users.connect(page).join(own)).toEqual(refusedWith(401));
  });
});

describe('the response to a refusal', () => {
  it('has the body format of the general routes', async () => {
    const response = await requestChannel('private-tenant.1.user.16');
    expect(response.status).toBe(403);
    expect(bodyOf(response)).toEqual({
      error: 'Forbidden',
      message: expect.any(String) as string,
      request_id: response.headers.get('x-request-id'),
    });
    expect(response.headers.get('x-decision-id')).not.toBeNull();
  });

  it('does not reveal which escrows exist', async () => {
    await deployment.put('/resources/tenants/1/escrows/others', {
      buyer_id: '1',
      seller_id: '2',
      status: 'FUNDED',
    });
    const [theirs, foreign] = await Promise.all(
      ['others', 'nobodys'].map((id) => requestChannel(`private-tenant.1.escrow.${id}.chat`)),
    );
    expect(theirs!.status).toBe(foreign!.status);
    expect(bodyOf(theirs!)['message']).toBe(bodyOf(foreign!)['message']);
  });

  it('names the malformed field', async () => {
    const url = endpoint(deployment);
    expect((await requestChannel('private-a b')).status).toBe(400);
    expect((await postForm(url, { socket_id: socketId })).status).toBe(400);
    expect((await postForm(url, { socket_id: '1.1:user', channel_name: 'private-a' })).status).toBe(
      400,
    );
  });

  it('can be read by a page of another origin, which may send Echo’s headers', async () => {
    const refusal = await requestChannel('private-nobody', { headers: { origin: pageOrigin } });
    expect(refusal.headers.get('access-control-allow-origin')).toBe(pageOrigin);
    const preflight = await fetch(endpoint(deployment), {
      method: 'OPTIONS',
      headers: {
        origin: pageOrigin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-tenant-id,x-csrf-token',
      },
    });
    expect(preflight.ok).toBe(true);
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(
      /authorization.*x-tenant-id.*x-csrf-token/i,
    );
  });
});
