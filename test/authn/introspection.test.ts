import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/runtime/secret.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { createApplicationClient } from '../../src/application/application-client.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import {
  createIntrospectionReader,
  type IntrospectionSettings,
} from '../../src/authn/introspection.ts';
import type { CredentialReader } from '../../src/authn/credential.ts';
import type { IssuerAttribute } from '../../src/authn/token-issuers.ts';
import { testNow } from '../support/tokens.ts';
import { refused } from './refused.ts';
import { endlessBody, json, startJwksServer } from './jwt/jwks-server.ts';
import type { JwksServer } from './jwt/jwks-server.ts';

const alice = { id: '1', is_staff: true, is_superuser: false, name: 'Alice' };
const cookie = 'k3yOfA1ice';
const second = 1000;

let server: JwksServer;
let time: number;
let read: CredentialReader;
let requests: IncomingMessage[];
let declared: readonly IssuerAttribute[] | undefined;

const says =
  (status: number, body: unknown) => (_request: IncomingMessage, response: ServerResponse) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body));

/** Sets the response of the application, and records its requests. */
const respondWith = (how: (request: IncomingMessage, response: ServerResponse) => unknown) => {
  server.respondWith((request, response) => {
    requests.push(request);
    how(request, response);
  });
};

const settingsOf = (): IntrospectionSettings => ({
  url: server.url,
  cookieName: 'sid',
  secret: new Secret('between-us'),
  client: createApplicationClient(
    { name: 'session introspection', origin: server.url.origin },
    { fetch, startTimer: systemClock.startTimer },
  ),
  attributes: () => declared,
  now: () => time,
});

const expectOutage = async (text = cookie) => {
  const outcome = read(text);
  await expect(outcome).rejects.toBeInstanceOf(Unavailable);
  await expect(outcome).rejects.toMatchObject({ dependency: 'session introspection' });
};

beforeEach(async () => {
  server = await startJwksServer();
  time = testNow;
  requests = [];
  declared = undefined;
  read = createIntrospectionReader(settingsOf());
  respondWith(says(200, alice));
});

afterEach(() => server.close());

describe('the introspection request', () => {
  it('is a GET with the cookie and the secret, and no other data of the visitor', async () => {
    await read(cookie);
    const [{ method, url, headers }] = requests as [IncomingMessage];
    expect({ method, url }).toEqual({ method: 'GET', url: server.url.pathname });
    expect(headers).toMatchObject({
      cookie: `sid=${cookie}`,
      authorization: 'Bearer between-us',
      accept: 'application/json',
    });
  });

  it('contains a quoted cookie unchanged', async () => {
    await read('"quoted"');
    expect(requests[0]!.headers.cookie).toBe('sid="quoted"');
  });

  it('contains several cookies under their names, if several are configured', async () => {
    read = createIntrospectionReader({ ...settingsOf(), cookieName: undefined });
    await read('sid=abc; remember_me="x=="');
    expect(requests[0]!.headers.cookie).toBe('sid=abc; remember_me="x=="');
    for (const text of ['abc', 'sid=a;b=c', 'sid=a; b', 'sid=a; b c=d', 'sid=a\r\nx: y', 'é=1']) {
      expect(await read(text)).toEqual(refused('credential-malformed'));
    }
    expect(requests).toHaveLength(1);
  });

  it.each(['', 'a;sid=b', 'a b', 'a,b', 'a\r\nx: y', 'ä', 'a\\b', 'a'.repeat(16385)])(
    'is not sent for %j',
    async (text) => {
      expect(await read(text)).toEqual(refused('credential-malformed'));
      expect(requests).toEqual([]);
    },
  );
});

describe('the introspection response', () => {
  it('authenticates the visitor', async () => {
    const expires_at = new Date(time + 1234).toISOString();
    respondWith(says(200, { ...alice, expires_at, other: [1] }));
    expect(await read(cookie)).toEqual({
      principal: {
        kind: 'visitor',
        id: '1',
        name: 'Alice',
        roles: ['staff'],
        attributes: { is_staff: true, is_superuser: false },
        expiresAt: time + 1234,
      },
    });
  });

  it('may contain roles and a tenant', async () => {
    const roles = ['editor', { name: 'staff' }, 'editor'];
    respondWith(says(200, { ...alice, roles, tenant: 7 }));
    expect(await read(cookie)).toMatchObject({
      principal: { id: '1', tenantId: '7', roles: ['editor', 'staff'] },
    });
  });

  it('may contain the id in user_id, or in both fields if they are equal', async () => {
    respondWith(says(200, { id: 15, user_id: '15' }));
    expect(await read('one')).toHaveProperty('principal.id', '15');
    respondWith(says(200, { user_id: '15' }));
    expect(await read('other')).toHaveProperty('principal.id', '15');
    respondWith(says(200, { id: '15', user_id: '16' }));
    await expectOutage('third');
  });

  it.each<[string, object, string]>([
    [
      'a text for is_staff',
      { is_staff: 'false' },
      'is_staff, which is true or false: found a text',
    ],
    [
      'a number for is_superuser',
      { is_superuser: 1 },
      'is_superuser, which is true or false: found a number',
    ],
    ['a number as name', { name: 1 }, 'name, which is a text: found a number'],
    [
      'an expiry without a zone',
      { expires_at: '2030-01-01T00:00:00' },
      'expires_at, which is a time such as 2030-01-01T12:00:00Z, or in seconds since 1970: found a text',
    ],
    [
      'an expiry in milliseconds',
      { expires_at: 1893456000000 },
      'expires_at, which is a time such as 2030-01-01T12:00:00Z, or in seconds since 1970: found a number',
    ],
    [
      'an expiry that is not a time',
      { expires_at: '2030-13-01T00:00:00Z' },
      'expires_at, which is a time such as 2030-01-01T12:00:00Z, or in seconds since 1970: found a text',
    ],
    [
      'a list as tenant',
      { tenant: ['1'] },
      'tenant, which is a printable text of 1 to 255 characters or a whole number from 0 to 2^53 − 1: found a list',
    ],
    ['a role that is a number', { roles: [1] }, 'some of its roles, which cannot be read'],
  ])('with %s is accepted without the value, and a note says so', async (_case, members, left) => {
    respondWith(says(200, { id: '1', ...members }));
    expect(await read(cookie)).toEqual({
      principal: {
        kind: 'visitor',
        id: '1',
        roles: [],
        attributes: { is_staff: false, is_superuser: false },
        expiresAt: time + 3600 * second,
      },
      notes: [`session is accepted without ${left}`],
    });
  });

  it('may be the user’s id alone, also as a number; the user is then not staff, and the response is cached for at most an hour', async () => {
    respondWith(
      says(200, {
        id: 15,
        is_staff: null,
        name: null,
        roles: null,
        tenant: null,
        expires_at: null,
      }),
    );
    expect(await read(cookie)).toEqual({
      principal: {
        kind: 'visitor',
        id: '15',
        roles: [],
        attributes: { is_staff: false, is_superuser: false },
        expiresAt: time + 3600 * second,
      },
    });
  });

  it('may contain the expiry in any zone', async () => {
    respondWith(says(200, { id: '1', expires_at: '2026-01-01T00:00:00.5+05:30' }));
    expect(await read(cookie)).toHaveProperty(
      'principal.expiresAt',
      Date.UTC(2025, 11, 31, 18, 30, 0, 500),
    );
    respondWith(says(200, { id: '1', expires_at: time / second + 60 }));
    expect(await read('other')).toHaveProperty('principal.expiresAt', time + 60 * second);
  });

  it.each([401, 403, 404])('with %i does not authenticate', async (status) => {
    respondWith(says(status, alice));
    const detail = `the application knows who is logged in: found status ${status}`;
    expect(await read(cookie)).toEqual({ fault: 'credential-rejected', detail });
  });

  it('with an expiry in the past is an expired credential', async () => {
    respondWith(says(200, { ...alice, expires_at: new Date(time).toISOString() }));
    expect(await read(cookie)).toEqual(refused('credential-expired'));
  });

  it.each<[string, unknown]>([
    ['an empty body', ''],
    ['no JSON', '<html>'],
    ['null', 'null'],
    ['a list', '[{"id":"1"}]'],
    ['a text', '"1"'],
    ['an empty object', {}],
    ['an empty id', { id: '' }],
    ['no id', { id: null }],
    ['a fraction as id', { id: 1.5 }],
    ['an object as id', { id: {} }],
    ['an id with an invisible character', { id: '1\u200b' }],
  ])('with %s is an outage, and is not cached', async (_name, body) => {
    respondWith(says(200, body));
    await expectOutage();
    respondWith(says(200, alice));
    expect(await read(cookie)).toHaveProperty('principal');
  });

  it.each([201, 204, 301, 400, 402, 429, 500, 503])(
    'with status %i is an outage',
    async (status) => {
      respondWith(says(status, status === 204 ? '' : alice));
      await expectOutage();
    },
  );

  it('with invalid UTF-8 is an outage', async () => {
    respondWith((_request, response) => response.end(Buffer.from('{"user_id":"\xff"}', 'latin1')));
    await expectOutage();
  });

  it('is not read from a redirect', async () => {
    const elsewhere = await startJwksServer();
    elsewhere.respondWith(json(JSON.stringify(alice)));
    respondWith((_request, response) =>
      response.writeHead(302, { location: elsewhere.url.href }).end(),
    );
    await expectOutage();
    expect(elsewhere.requests()).toBe(0);
    await elsewhere.close();
  });

  it('without an end is aborted', async () => {
    const body = endlessBody();
    respondWith(body.respond);
    await expectOutage();
    expect(body.sent()).toBeLessThan(16 * 1024 * 1024);
  });

  it('is an outage while the application is down, and the error contains no part of the cookie or the secret', async () => {
    await server.close();
    const error = (await read(cookie).catch((reason: unknown) => reason)) as Unavailable;
    expect(error).toBeInstanceOf(Unavailable);
    const details = [error.stack, (error.cause as Error).stack, JSON.stringify(error)].join();
    expect(details).not.toContain(cookie);
    expect(details).not.toContain('between-us');
  });
});

describe('a cached response', () => {
  it('is used for five seconds, and for that cookie only', async () => {
    await read(cookie);
    respondWith(says(401, ''));
    time += 5 * second - 1;
    expect(await read(cookie)).toHaveProperty('principal');
    expect(await read('another')).toEqual(refused('credential-rejected'));
    time += 1;
    expect(await read(cookie)).toEqual(refused('credential-rejected'));
    expect(requests).toHaveLength(3);
  });

  it('without a user is used for one second', async () => {
    respondWith(says(401, ''));
    await read(cookie);
    respondWith(says(200, alice));
    time += second - 1;
    expect(await read(cookie)).toEqual(refused('credential-rejected'));
    time += 1;
    expect(await read(cookie)).toHaveProperty('principal');
    expect(requests).toHaveLength(2);
  });

  it('does not outlive the session that it is about', async () => {
    respondWith(says(200, { ...alice, expires_at: new Date(time + second).toISOString() }));
    expect(await read(cookie)).toHaveProperty('principal');
    time += second;
    expect(await read(cookie)).toEqual(refused('credential-expired'));
    // The request is repeated once: the application may have renewed the session.
    expect(requests).toHaveLength(2);
  });

  it('expires when the clock is set back', async () => {
    await read(cookie);
    time -= 1;
    await read(cookie);
    expect(requests).toHaveLength(2);
  });

  it('serves all concurrent requests', async () => {
    const responses = await Promise.all(Array.from({ length: 50 }, () => read(cookie)));
    expect(new Set(responses.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(requests).toHaveLength(1);
  });

  it('is not used if the request failed', async () => {
    respondWith(says(500, ''));
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => read(cookie)));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    expect(requests).toHaveLength(1);
    respondWith(says(200, alice));
    expect(await read(cookie)).toHaveProperty('principal');
  });
});

describe('attributes of the policy', () => {
  const attribute = (
    name: string,
    type: IssuerAttribute['type'],
    claim: readonly string[] = [name],
  ): IssuerAttribute => ({ name, type, claim, isRequired: false });
  const attributesOf = async (text = cookie) => {
    const found = await read(text);
    return 'principal' in found ? [found.principal.attributes, found.notes] : found;
  };
  const staff = { is_staff: true, is_superuser: false };

  beforeEach(() => {
    declared = [
      attribute('department', 'string'),
      attribute('level', 'int', ['plan', 'level']),
      attribute('shops', 'list(string)'),
      attribute('until', 'timestamp'),
    ];
  });

  it('are read by their types, and no others', async () => {
    const plan = { level: 3 };
    const attributes = { department: 'sales', plan, shops: ['a'], until: 1735689600, other: 1 };
    respondWith(says(200, { ...alice, attributes }));
    const until = new Date('2025-01-01T00:00:00Z');
    const expected = { ...staff, department: 'sales', level: 3, shops: ['a'], until };
    expect(await attributesOf()).toEqual([expected, undefined]);
  });

  it('of another type are left out, each by itself', async () => {
    const attributes = { department: 7, plan: { level: '3' }, shops: ['a', {}], until: null };
    respondWith(says(200, { ...alice, attributes }));
    expect(await attributesOf()).toEqual([
      staff,
      [
        'session is accepted without attributes → department, which is a printable text of 1 to 128 characters: found a number',
        'session is accepted without attributes → plan → level, which is a whole number: found a text',
        expect.stringMatching(/^session is accepted without attributes → shops, .*: found a list$/),
      ],
    ]);
  });

  it.each<[unknown, string]>([
    ['x', 'a text'],
    [['department'], 'a list'],
    [7, 'a number'],
  ])('that are %j are ignored', async (attributes, found) => {
    respondWith(says(200, { ...alice, attributes }));
    const note = `session is accepted without attributes, which is an object: found ${found}`;
    expect(await attributesOf()).toEqual([staff, [note]]);
  });

  it.each([undefined, null, {}])('that are missing are ignored: %j', async (attributes) => {
    respondWith(says(200, { ...alice, attributes }));
    expect(await attributesOf()).toEqual([staff, undefined]);
  });

  it('do not replace the standard fields of a visitor', async () => {
    declared = [attribute('is_staff', 'bool')];
    respondWith(says(200, { ...alice, is_staff: false, attributes: { is_staff: true } }));
    expect(await attributesOf()).toEqual([{ ...staff, is_staff: false }, undefined]);
  });

  it('are read from other fields if the policy declares them', async () => {
    respondWith(says(200, { ...alice, attributes: { level: '3' } }));
    declared = [attribute('level', 'string')];
    expect(await attributesOf()).toEqual([{ ...staff, level: '3' }, undefined]);
    expect(await attributesOf()).toEqual([{ ...staff, level: '3' }, undefined]);
    expect(requests).toHaveLength(1);
    declared = [attribute('level', 'int')];
    expect(await attributesOf()).toEqual([staff, [expect.stringContaining('level')]]);
    expect(requests).toHaveLength(2);
  });
});
