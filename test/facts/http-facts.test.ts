import { describe, expect, it } from 'vitest';
import { createHttpFacts } from '../../src/facts/http-facts.ts';
import { createApplicationClient } from '../../src/application/application-client.ts';
import type { Fact, FactKind, Field } from '../../src/policy/fact-kind.ts';
import { RequestHeaders } from '../../src/http/input/auth-request.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import {
  json,
  plain,
  useScriptedApplication,
  type Respond,
} from '../application/scripted-application.ts';
import { createTestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';

const host = await useScriptedApplication();

const field = (type: Field['type'], more: Partial<Field> = {}): Field => ({
  type,
  optional: false,
  maxLength: 20,
  maxItems: 3,
  dateMeansEndOfDay: false,
  ...more,
});

const kindOf = (more: Partial<FactKind> = {}, from: object = {}): FactKind => ({
  name: 'order',
  ids: ['order'],
  fields: {
    status: field('string', { oneOf: ['open', 'closed'] }),
    note: field('string', { optional: true }),
    size: field('int', { optional: true }),
    price: field('double', { optional: true }),
    paid: field('bool', { optional: true }),
    due: field('timestamp', { optional: true }),
    people: field('list(string)', { optional: true }),
  },
  ...more,
  from: {
    type: 'http',
    source: 'host',
    path: '/usher/orders/{order}',
    timeoutMs: 30_000,
    freshMs: 0,
    members: new Map(),
    forward: { headers: [], cookies: [] },
    ...from,
  },
});

function setUp() {
  const time = createTestClock(testNow);
  const { startTimer } = systemClock;
  const client = createApplicationClient(
    { name: 'source host', origin: host.url },
    { fetch, startTimer },
  );
  const base = new URL(`${host.url}/app/`);
  const source = { base, headers: { authorization: 'Bearer usher' }, client };
  const find = createHttpFacts({
    findSource: () => source,
    now: time.clock.now,
  });
  return { find, time };
}

const escape = (text: string): string => text.replace(/[.()]/g, '\\$&');

const find = (kind: FactKind, ...ids: string[]) => setUp().find(kind, ids, {});

describe('a fact by HTTP', () => {
  it.each([
    ['/orders/{order}.json', 'a.json', '/orders/a.json.json'],
    ['/orders/o-{order}', '7/8', '/orders/o-7%2F8'],
    ['/orders/{order}.json', '?x=', '/orders/%3Fx%3D.json'],
    ['/orders/.{order}', '...', '/orders/....'],
    ['/orders/v1.{order}/', '%2e', '/orders/v1.%252e/'],
  ])('may have text around its id: %s of %s', async (template, id, path) => {
    host.respondWith = json({ status: 'open' });
    await find(kindOf({}, { path: template }), id);
    expect(host.requests.map(({ path }) => path)).toEqual([`/app${path}`]);
  });

  it.each(['.', '..', '', '/8', './8', '7/..'])(
    'is not requested with the id %j next to a text',
    async (id) => {
      expect(await find(kindOf({}, { path: '/orders/.{order}' }), id)).toBeUndefined();
      expect(host.requests).toEqual([]);
    },
  );

  it('is the object of a response with 200', async () => {
    host.respondWith = json({
      status: 'open',
      note: '',
      size: 3,
      price: 1.5,
      paid: false,
      people: ['1', '1'],
      due: '2026-01-02T03:04:05+01:00',
      more: { than: ['declared'] },
      __proto__x: 1,
    });
    const fact: Fact | undefined = await find(kindOf(), '7');
    expect(fact).toEqual({
      status: 'open',
      note: '',
      size: 3,
      price: 1.5,
      paid: false,
      people: ['1', '1'],
      due: new Date('2026-01-02T02:04:05Z'),
    });
    const [{ method, path, headers }] = host.requests as [(typeof host.requests)[0]];
    expect([method, path, headers.accept]).toEqual([
      'GET',
      '/app/usher/orders/7',
      'application/json',
    ]);
    expect(headers.authorization).toBe('Bearer usher');
  });

  it.each([404, 410])('does not exist if the status is %i', async (status) => {
    host.respondWith = plain(status);
    expect(await find(kindOf(), '7')).toBeUndefined();
  });

  it('has fields in members of other names, which may be nested', async () => {
    const members = new Map([
      ['status', ['data', 'attributes', 'state']],
      ['note', ['data', 'owner', 'name']],
      ['size', ['count']],
      ['paid', ['data', 'attributes', 'constructor']],
    ]);
    const attributes = { state: 'open', status: 'closed', paid: true };
    host.respondWith = json({ data: { attributes, owner: null }, count: 3, price: 1.5 });
    const kind = kindOf({}, { members });
    expect(await find(kind, '7')).toEqual({ status: 'open', size: 3, price: 1.5 });
    for (const data of [undefined, null, [{ state: 'open' }], 'open', { attributes: [] }]) {
      host.respondWith = json({ data, status: 'open' });
      const error: unknown = await find(kind, '7').catch((fault: unknown) => fault);
      expect((error as Error).cause).toMatchObject({
        message: 'fact order: The field status (data.attributes.state) is missing',
      });
    }
  });

  it('has no optional field that is null', async () => {
    host.respondWith = json({ status: 'open', note: null });
    expect(await find(kindOf(), '7')).toEqual({ status: 'open' });
  });

  const typed = (text: string, type = 'application/json'): Respond =>
    plain(200, text, { 'content-type': type });
  /** A response that does not end, with this text. */
  const endless =
    (text: string, everyMs: number): Respond =>
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(text), everyMs);
      response.on('close', () => {
        clearInterval(drip);
      });
    };
  const gigabyte: Respond = (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 ** 30 });
    const chunk = 'x'.repeat(65_536);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  };

  const silent = 'The server did not respond in time';
  /** Responses with the reason for the operator. */
  const unclear: Readonly<Record<string, readonly [Respond, string | RegExp]>> = {
    'a list': [json([{ status: 'open' }]), 'fact order: The body is not a JSON object'],
    'a text': [json('open'), 'fact order: The body is not a JSON object'],
    null: [json(null), 'fact order: The body is not a JSON object'],
    true: [json(true), 'fact order: The body is not a JSON object'],
    'no JSON': [typed('{"status"'), 'fact order: The body is not JSON'],
    'an empty body': [typed(''), 'fact order: The body is not JSON'],
    'two objects': [
      typed('{"status":"open"}{"status":"open"}'),
      'fact order: The body is not JSON',
    ],
    'a repeated field': [
      typed('{"status":"closed","status":"open"}'),
      'fact order: The body has two members of the same name',
    ],
    'a repeated field, escaped': [
      typed('{"status":"closed","st\\u0061tus":"open"}'),
      'fact order: The body has two members of the same name',
    ],
    'another encoding': [
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(Buffer.from('{"status":"open","note":"\xe4"}', 'latin1'));
      },
      'The body is not UTF-8',
    ],
    HTML: [
      typed('<html>Sign in</html>', 'text/html; charset=utf-8'),
      'fact order: The content type of the response is not JSON',
    ],
    'JSON as HTML': [
      typed('{"status":"open"}', 'text/html'),
      'fact order: The content type of the response is not JSON',
    ],
    'a content type that begins like JSON': [
      typed('{"status":"open"}', 'application/jsonp'),
      'fact order: The content type of the response is not JSON',
    ],
    'no content type': [
      plain(200, '{"status":"open"}'),
      'fact order: The content type of the response is not JSON',
    ],
    'no content': [plain(204), 'fact order: The response has status 204'],
    'a partial content': [json({ status: 'open' }, 206), 'fact order: The response has status 206'],
    'a redirect to a metadata address': [
      plain(302, '', { location: 'http://169.254.169.254/latest/meta-data' }),
      'it redirects (status 302), and Usher does not follow redirects',
    ],
    'a redirect on the same host': [
      plain(307, '', { location: '/usher/orders/8' }),
      'it redirects (status 307), and Usher does not follow redirects',
    ],
    'a permanent redirect': [
      plain(308, '', { location: '/login' }),
      /^it redirects \(status 308\)/,
    ],
    'an unchanged fact': [plain(304), 'fact order: The response has status 304'],
    407: [
      plain(407, '', { 'proxy-authenticate': 'Basic' }),
      'fetch() refused the response without a reason, as it does for the status 407',
    ],
    401: [plain(401), 'fact order: The response has status 401'],
    403: [plain(403), 'fact order: The response has status 403'],
    429: [plain(429), 'fact order: The response has status 429'],
    500: [json({ status: 'open' }, 500), 'fact order: The response has status 500'],
    'a missing field': [json({ note: 'x' }), 'fact order: The field status is missing'],
    'a null in place of a field': [
      json({ status: null }),
      'fact order: The field status is missing',
    ],
    'a field of the prototype': [
      typed('{"__proto__":{"status":"open"}}'),
      'fact order: The field status is missing',
    ],
    'another value than the listed ones': [json({ status: 'lost' }), /The field status is not/],
    'a number as text': [
      json({ status: 'open', size: '3' }),
      'fact order: The field size is not an int within its limits: found a text',
    ],
    'an int beyond the exact ones': [
      typed('{"status":"open","size":9007199254740993}'),
      /The field size is not/,
    ],
    'a fraction as int': [json({ status: 'open', size: 1.5 }), /The field size is not/],
    'a double beyond all numbers': [
      typed('{"status":"open","price":1e999}'),
      /The field price is not/,
    ],
    'a text as bool': [json({ status: 'open', paid: 'true' }), /The field paid is not/],
    'a number as bool': [json({ status: 'open', paid: 1 }), /The field paid is not/],
    'a time without a zone': [
      json({ status: 'open', due: '2026-01-02T03:04:05' }),
      'fact order: The field due is not a time with its zone such as 2025-12-31T11:00:00Z: found a text',
    ],
    'a time as number': [json({ status: 'open', due: 1_780_000_000 }), /The field due is not/],
    'a long text': [json({ status: 'open', note: 'x'.repeat(21) }), /The field note is not/],
    'a long list': [json({ status: 'open', people: ['1', '2', '3', '4'] }), /The field people/],
    'a list of numbers': [json({ status: 'open', people: [1] }), /The field people is not/],
    'a text as list': [json({ status: 'open', people: '1' }), /The field people is not/],
    'more than 64 KB': [
      json({ status: 'open', more: 'x'.repeat(66_000) }),
      'The body is larger than 65536 bytes',
    ],
    'a gigabyte': [gigabyte, 'The body is larger than 65536 bytes'],
    'chunks without an end': [endless(' '.repeat(8_000), 1), 'The body is larger than 65536 bytes'],
    'a broken connection': [(response) => response.destroy(), /./],
    silence: [() => undefined, silent],
    'a response byte by byte': [endless(' ', 50), silent],
  };
  it.each(Object.entries(unclear))(
    'is unavailable, with the reason: %s',
    async (_name, [respondWith, reason]) => {
      host.respondWith = respondWith;
      const timeoutMs = reason === silent ? 300 : 30_000;
      const error: unknown = await find(kindOf({}, { timeoutMs }), '7').catch(
        (fault: unknown) => fault,
      );
      expect(error).toBeInstanceOf(Unavailable);
      const { message } = (error as Unavailable).cause as Error;
      expect(message).toMatch(
        typeof reason === 'string' ? new RegExp(`^${escape(reason)}$`) : reason,
      );
    },
  );

  it.each([
    ['7/8', '7%2F8'],
    ['%2f', '%252f'],
    ['a?b#c', 'a%3Fb%23c'],
    ['a.b./...', 'a.b.%2F...'],
    ['\\8', '%5C8'],
    ['.well-known', '.well-known'],
    ['ä 1', '%C3%A4%201'],
    ['%2e%2e', '%252e%252e'],
  ])('has the id %j in one path segment', async (id, segment) => {
    host.respondWith = json({ status: 'open' });
    await find(kindOf(), id);
    expect(host.requests[0]!.path).toBe(`/app/usher/orders/${segment}`);
  });

  it.each(['.', '..', '7/../8', '../8', '7/.', '\\..\\8', '..;/8', '/.;a=b', '', '\ud800'])(
    'with the id %j does not exist, and is not requested',
    async (id) => {
      host.respondWith = json({ status: 'open' });
      expect(await find(kindOf(), id)).toBeUndefined();
      expect(host.requests).toHaveLength(0);
    },
  );

  it('has each id at its place in the path', async () => {
    host.respondWith = json({ status: 'open' });
    const kind = kindOf({ ids: ['order', 'user'] }, { path: '/u/{user}/o/{order}/' });
    await find(kind, '7', '15');
    expect(host.requests[0]!.path).toBe('/app/u/15/o/7/');
  });

  it('is cached while it is fresh, and never longer than Cache-Control says', async () => {
    const requestsAfter = async (cacheControl: string | undefined, advanceMs: number) => {
      host.respondWith = json(
        { status: 'open' },
        200,
        cacheControl ? { 'cache-control': cacheControl } : {},
      );
      const before = host.requests.length;
      const { find, time } = setUp();
      const kind = kindOf({}, { freshMs: 5_000 });
      await find(kind, ['7'], {});
      time.advance(advanceMs);
      await find(kind, ['7'], {});
      await find(kind, ['8'], {});
      return host.requests.length - before;
    };
    expect(await requestsAfter(undefined, 4_999)).toBe(2);
    expect(await requestsAfter(undefined, 5_000)).toBe(3);
    expect(await requestsAfter('max-age=60', 5_000)).toBe(3);
    expect(await requestsAfter('max-age=2', 1_999)).toBe(2);
    expect(await requestsAfter('max-age=2', 2_000)).toBe(3);
    expect(await requestsAfter('public, s-maxage="1", max-age=60', 1_000)).toBe(3);
    expect(await requestsAfter('no-store', 0)).toBe(3);
    expect(await requestsAfter('No-Cache', 0)).toBe(3);
    expect(await requestsAfter('max-age=0', 0)).toBe(3);
    expect(await requestsAfter('max-age=-1', 0)).toBe(3);
    expect(await requestsAfter('max-age=60, max-age=soon', 0)).toBe(3);
    expect(await requestsAfter('x-max-age=0, max-age-x=0', 0)).toBe(2);
  });

  it('sends one request at a time', async () => {
    host.respondWith = (response, request) => {
      setTimeout(() => {
        json({ status: 'open' })(response, request);
      }, 50);
    };
    const { find } = setUp();
    const kind = kindOf();
    const found = await Promise.all(Array.from({ length: 10 }, () => find(kind, ['7'], {})));
    expect(new Set(found.map((each) => each?.['status']))).toEqual(new Set(['open']));
    expect(host.requests).toHaveLength(1);
  });

  it('is requested with the headers that the policy names, for each visitor', async () => {
    host.respondWith = json({ status: 'open' });
    const { find } = setUp();
    const kind = kindOf(
      {},
      { freshMs: 5_000, forward: { headers: ['authorization'], cookies: ['a'] } },
    );
    const visitor = (raw: readonly string[]) => ({ headers: new RequestHeaders(raw, []) });
    await find(
      kind,
      ['7'],
      visitor(['Authorization', 'Bearer 1', 'Cookie', 'a=1; b=2', 'X-Y', 'z']),
    );
    await find(kind, ['7'], visitor(['Authorization', 'Bearer 2']));
    await find(kind, ['7'], {});
    expect(
      host.requests.map(({ headers: { authorization, cookie, 'x-y': other } }) => [
        authorization,
        cookie,
        other,
      ]),
    ).toEqual([
      ['Bearer 1', 'a=1', undefined],
      ['Bearer 2', undefined, undefined],
      ['Bearer usher', undefined, undefined],
    ]);
  });

  it('of another tenant is hidden', async () => {
    host.respondWith = json({ status: 'open', shop: '1' });
    const kind = kindOf({ tenant: 'shop', fields: { shop: field('string') } });
    const { find } = setUp();
    expect(await find(kind, ['7'], { tenantId: '1' })).toEqual({ shop: '1' });
    expect(await find(kind, ['7'], { tenantId: '2' })).toBeUndefined();
    expect(await find(kind, ['7'], {})).toBeUndefined();
  });
});
