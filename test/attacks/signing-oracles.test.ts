import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  send,
  asJson,
  guestRequest,
  guestChannel,
  socketId,
  userRequest,
  signInRequest,
} from '../http/requests.ts';
import { createOracle, mayEnter, signaturesIn, type Caller } from '../support/oracle.ts';
import { pusherApp, useUsher, userToken } from '../support/usher.ts';
import { expectNoForgery, expectRefused, formOf, headersOf } from './attacker.ts';

const callers = Object.keys(mayEnter) as Caller[];
const users = callers.filter((who) => who.includes('tenant'));
const everyChannel = [...new Set(Object.values(mayEnter).flat())];
/** Names as a less strict server could read them. */
const similarNames = (name: string): readonly string[] => {
  const body = name.replace(/^(private|presence)-/, '');
  const prefixes = [
    '',
    'private',
    'presence-',
    'private-encrypted-',
    'private-cache-',
    'presence-cache-',
  ];
  return [
    ...[...prefixes, 'private-encrypted-cache-', 'private-private-', 'presence-private-'].map(
      (prefix) => prefix + body,
    ),
    `${name}:{"user_id":"16"}`,
    `#${name}`,
    `${name};`,
    `${name},${name}`,
  ];
};

describe('the checker of these tests', () => {
  const oracle = createOracle(pusherApp);
  const auth = (text: string) =>
    `${pusherApp.key}:${createHmac('sha256', pusherApp.secret).update(text).digest('hex')}`;
  const who = 'user 15 of tenant 1';
  const allowed = { who, sockets: ['1.2'] } as const;
  const own = 'private-tenant.1.user.15';

  it('accepts a signature that is allowed', () => {
    expect(oracle.forged(JSON.stringify({ auth: auth(`1.2:${own}`) }), allowed)).toEqual([]);
  });

  it.each([
    ['another channel', { auth: auth('1.2:private-tenant.1.user.16') }],
    ['another socket', { auth: auth(`1.3:${own}`) }],
    ['a member on a private channel', { auth: auth(`1.2:${own}:{}`), channel_data: '{}' }],
    [
      'a sign-in that was not requested',
      { auth: auth('1.2::user::{"id":"15"}'), user_data: '{"id":"15"}' },
    ],
    ['a nested signature under another name', { a: [{ b: auth('1.2:private-tenant.1.admin') }] }],
  ])('detects a signature that is not allowed: %s', (_case, body) => {
    expect(oracle.forged(JSON.stringify(body), allowed)).toHaveLength(1);
  });
});

describe('every channel, requested by every principal', () => {
  const usher = useUsher();

  it.each(users)('%s: signs the expected channels and no others', async (who) => {
    for (const channel_name of everyChannel) {
      const request = userRequest({ fields: { channel_name }, headers: headersOf[who]() });
      const response = await send(usher.public, request);
      expectNoForgery(response, { who, sockets: [socketId], channels: [channel_name] });
      expect(signaturesIn(response.text).length === 1, `${who} in ${channel_name}`).toBe(
        mayEnter[who].includes(channel_name),
      );
    }
  });

  it('signs the channel of the booking for a guest on the hotel’s route, and nothing on a general one', async () => {
    for (const channel_name of everyChannel) {
      const response = await send(usher.public, guestRequest({ fields: { channel_name } }));
      expectNoForgery(response, {
        who: 'guest of the hotel',
        sockets: [socketId],
        channels: [channel_name],
      });
      expect(response.status === 200).toBe(channel_name === guestChannel);
      const asGuest = { ...headersOf['guest of the hotel'](), authorization: undefined };
      await expectRefused(
        usher.public,
        userRequest({ fields: { channel_name }, headers: asGuest }),
      );
    }
  });

  it.each(users)('signs nothing for another form or type: %s', async (who) => {
    const own = new Set(mayEnter[who]);
    for (const channel_name of everyChannel
      .flatMap(similarNames)
      .filter((name) => !own.has(name))) {
      const request = userRequest({ fields: { channel_name }, headers: headersOf[who]() });
      await expectRefused(usher.public, request);
    }
  });
});

describe('a socket id that would change the meaning of the signed text', () => {
  const usher = useUsher();
  const ids = [
    '1234.5678:private-tenant.1.user.16',
    '1234.5678::user::{"id":"16"}',
    ':user:',
    '1234.5678:',
    '1234.5678\n',
    '1234.5678\r\nX-Injected: 1',
    '\u06f1\u06f2.\u06f3',
    '\uff11\uff12.\uff13',
    '1234\u00b75678',
    '1e3.5',
    '-1.2',
    '+1.2',
    '1.2.3',
    '0x1.2',
    '.5',
    '1.',
    ' 1.2',
    '1.2\0',
    `${'9'.repeat(32)}.${'9'.repeat(32)}`,
    `1.${'9'.repeat(10_000)}`,
  ];

  it.each(ids)('%j is refused on every route', async (socket_id) => {
    const fields = { socket_id };
    for (const request of [
      userRequest({ fields }),
      signInRequest({ fields }),
      guestRequest({ fields }),
    ]) {
      await expectRefused(usher.public, request);
      await expectRefused(usher.public, asJson(request));
    }
    const names = { 'channel_name[0]': 'private-tenant.1.user.15', channel_name: undefined };
    const batch = userRequest({ path: '/pusher/auth/batch', fields: { ...fields, ...names } });
    const response = await send(usher.public, batch);
    expect(signaturesIn(response.text)).toEqual([]);
  });
});

describe('the member data of a principal', () => {
  const usher = useUsher();
  const forged = { user_id: '16', user_info: { admin: true } };
  const extra = {
    channel_data: JSON.stringify(forged),
    user_data: JSON.stringify({ id: '16' }),
    user_id: '16',
    user_info: '{"admin":true}',
    name: 'Somebody else',
  };

  it('comes from the credential, never from the request', async () => {
    const channel_name = 'presence-tenant.1.escrow.42.chat';
    const allowed = {
      who: 'user 15 of tenant 1',
      sockets: [socketId],
      channels: [channel_name],
    } as const;
    const request = userRequest({ fields: { channel_name, ...extra } });
    for (const each of [request, asJson(request)]) {
      const response = await send(usher.public, each);
      expectNoForgery(response, allowed);
      expect(response.text).not.toMatch(/admin|Somebody/);
      expect(response.status).toBe(200);
    }
    const signIn = await send(usher.public, signInRequest({ fields: extra }));
    expectNoForgery(signIn, { ...allowed, signIn: true });
    expect(signIn.status).toBe(200);
  });

  it.each(['"},"user_id":"16', '\\","id":"16', '\u2028', '{"user_id":"16"}', ':private-x'])(
    'contains the name %j as text',
    async (name) => {
      const headers = { authorization: `Bearer ${userToken({ name })}` };
      const channel_name = 'presence-tenant.1.escrow.42.chat';
      const response = await send(usher.public, userRequest({ fields: { channel_name }, headers }));
      const allowed = {
        who: 'user 15 of tenant 1',
        sockets: [socketId],
        channels: [channel_name],
      } as const;
      expectNoForgery(response, allowed);
      const { channel_data } = response.body as { readonly channel_data: string };
      expect(JSON.parse(channel_data)).toEqual({ user_id: '15', user_info: { id: '15', name } });
    },
  );
});

describe('a request to another route', () => {
  const usher = useUsher();
  const paths = ['/pusher/user-auth', '/broadcasting/user-auth', '/api/broadcasting/user-auth'];

  it.each(paths)('%s signs the user, whatever channel the request contains', async (path) => {
    for (const channel_name of [
      'private-tenant.1.admin',
      ':user::{"id":"16"}',
      'private-tenant.1.user.15',
    ]) {
      const response = await send(usher.public, signInRequest({ path, fields: { channel_name } }));
      const allowed = { who: 'user 15 of tenant 1', sockets: [socketId], channels: [] } as const;
      expectNoForgery(response, { ...allowed, signIn: true });
      expect(signaturesIn(response.text)).toHaveLength(1);
    }
  });

  it('no route for channels signs a sign-in', async () => {
    for (const path of ['/broadcasting/auth', '/pusher/auth', '/api/broadcasting/auth']) {
      for (const channel_name of [
        '',
        ':user:',
        ':user::{"id":"15"}',
        'private-',
        '#server-to-user-15',
      ]) {
        await expectRefused(usher.public, userRequest({ path, fields: { channel_name } }));
      }
    }
  });

  it('a batch grants no more than single requests', async () => {
    const names = [
      ...everyChannel,
      ...everyChannel.flatMap(similarNames),
      '__proto__',
      ':user::{"id":"15"}',
    ];
    for (const who of users) {
      for (let from = 0; from < names.length; from += 50) {
        const some = [...new Set(names.slice(from, from + 50))];
        const pairs = some.map((name, i) => [`channel_name[${i}]`, name] as const);
        const { headers, body } = formOf([['socket_id', socketId], ...pairs]);
        const request = {
          path: '/pusher/auth/batch',
          headers: { ...headers, ...headersOf[who]() },
          body: body!,
        };
        const response = await send(usher.public, request);
        expect(response.status).toBe(200);
        const entries = Object.entries(response.body as object) as [string, { status: number }][];
        expect(entries.map(([name]) => name).sort()).toEqual(some.sort());
        for (const [name, entry] of entries) {
          expectNoForgery(
            { status: entry.status, text: JSON.stringify(entry) },
            { who, sockets: [socketId], channels: [name] },
          );
          expect(entry.status === 200).toBe(mayEnter[who].includes(name));
        }
      }
    }
  });
});
