import { describe, expect, it } from 'vitest';
import { createPage, grantAll, json, socketId } from './page.ts';

describe('channels that are subscribed within the batch window', () => {
  it('are one request; a sign-in is another', async () => {
    const page = createPage({
      url: 'https://usher.example',
      headers: { Authorization: 'Bearer a' },
    });
    page.subscribe('private-a');
    page.signIn();
    await page.advance(5);
    page.subscribe('presence-b');
    await page.advance(50);
    expect(page.sent.map(({ url, body }) => [url, body])).toEqual([
      [
        'https://usher.example/pusher/auth/batch',
        { socket_id: socketId, channel_name: ['private-a', 'presence-b'] },
      ],
      ['https://usher.example/pusher/user-auth', { socket_id: socketId }],
    ]);
    expect(page.sent[0]?.headers).toEqual({
      'content-type': 'application/json',
      authorization: 'Bearer a',
    });
    expect(page.results).toEqual([
      { name: 'private-a', error: null, signature: { auth: 'key:private-a' } },
      { name: 'presence-b', error: null, signature: { auth: 'key:presence-b' } },
      { name: 'sign-in', error: null, signature: { auth: 'key:user', user_data: '{"id":"15"}' } },
    ]);
  });

  it('may have their headers as a `Headers` object', async () => {
    const page = createPage({ headers: new Headers({ Authorization: 'Bearer a' }) });
    page.subscribe('private-a');
    await page.advance(50);
    expect(page.sent[0]?.headers).toHaveProperty('authorization', 'Bearer a');
  });

  it('have one content type, whatever type the page sets', async () => {
    const page = createPage({ headers: { 'content-type': 'text/plain', Accept: '*/*' } });
    page.subscribe('private-a');
    await page.advance(50);
    expect(page.sent[0]?.headers).toEqual({ 'content-type': 'application/json', accept: '*/*' });
  });

  it('of two connections are two requests', async () => {
    const page = createPage();
    page.subscribe('private-a', '1.1');
    page.subscribe('private-a', '2.2');
    await page.advance(50);
    expect(page.sent.map(({ body }) => body.socket_id)).toEqual(['1.1', '2.2']);
    expect(page.results.length).toBe(2);
  });

  it('are at most a hundred in one request', async () => {
    const page = createPage();
    for (let i = 0; i < 250; i += 1) page.subscribe(`private-${i}`);
    await page.advance(50);
    expect(page.sent.map(({ body }) => body.channel_name?.length)).toEqual([100, 100, 50]);
    expect(page.results.length).toBe(250);
  });

  it('later are another request, with the current headers', async () => {
    let token = 'a';
    const page = createPage({
      headers: () => Promise.resolve({ Authorization: token }),
      credentials: 'include',
      batchWindow: 100,
    });
    page.subscribe('private-a');
    await page.advance(90);
    expect(page.sent).toEqual([]);
    await page.advance(50);
    token = 'b';
    page.subscribe('private-b');
    await page.advance(150);
    expect(
      page.sent.map(({ headers, credentials }) => [headers['authorization'], credentials]),
    ).toEqual([
      ['a', 'include'],
      ['b', 'include'],
    ]);
  });
});

describe('a refusal', () => {
  it('of one channel has its status, message and decision id, and does not affect the others', async () => {
    const page = createPage();
    page.state.respond = () =>
      json({
        'private-a': { status: 403, message: 'You may not enter', decision_id: 'id-a' },
        'private-b': { status: 200, data: { auth: 'key:b' } },
      });
    page.subscribe('private-a');
    page.subscribe('private-b');
    await page.advance(60_000);
    expect(page.sent.length).toBe(1);
    const [a, b] = page.results;
    expect(a?.error).toMatchObject({
      status: 403,
      message: 'You may not enter',
      decisionId: 'id-a',
    });
    expect(a?.error).toBeInstanceOf(Error);
    expect(b?.signature).toEqual({ auth: 'key:b' });
  });

  it.each([400, 403, 404, 405, 413, 415, 500])(
    'of the whole request is final: %i',
    async (status) => {
      const page = createPage();
      page.state.respond = () => json({ message: 'No' }, status, { 'X-Decision-Id': 'id' });
      page.subscribe('private-a');
      page.signIn();
      await page.advance(60_000);
      expect(page.sent.length).toBe(2);
      expect(page.results.map(({ error }) => error)).toMatchObject(
        Array(2).fill({ status, message: 'No', decisionId: 'id' }),
      );
    },
  );

  it.each(['<html>', 'null'])('by a proxy, with %s as its body, has the status', async (body) => {
    const page = createPage();
    page.state.respond = () => new Response(body, { status: 403 });
    page.subscribe('private-a');
    await page.advance(100);
    expect(page.results[0]?.error).toMatchObject({ status: 403, message: 'Usher responded 403' });
  });
});

describe('a temporary failure', () => {
  it.each<[string, () => Response | Promise<Response>]>([
    ['408', () => json({}, 408)],
    ['429', () => json({}, 429)],
    ['502', () => json({}, 502)],
    ['503', () => json({}, 503)],
    ['504', () => json({}, 504)],
    ['no network connection', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['an HTML page', () => new Response('<html>', { status: 200 })],
    ['JSON that is not an object', () => json(null)],
    ['no entry for the channel', () => json({})],
    ['an empty entry', () => json({ 'private-a': null })],
    ['an entry without a signature', () => json({ 'private-a': { status: 200, data: {} } })],
    ['503 in the entry', () => json({ 'private-a': { status: 503, message: 'Later' } })],
  ])('is retried: %s', async (_case, respond) => {
    const page = createPage();
    page.state.respond = respond;
    page.subscribe('private-a');
    await page.advance(600);
    expect(page.results).toEqual([]);
    page.state.respond = grantAll;
    await page.advance(3_000);
    expect(page.sent.length).toBeGreaterThan(1);
    expect(page.results).toEqual([
      { name: 'private-a', error: null, signature: { auth: 'key:private-a' } },
    ]);
  });

  it.each([null, {}])('of a sign-in is retried: 200 with %j', async (body) => {
    const page = createPage();
    page.state.respond = () => json(body);
    page.signIn();
    await page.advance(600);
    expect(page.results).toEqual([]);
    page.state.respond = grantAll;
    await page.advance(3_000);
    expect(page.results).toMatchObject([{ name: 'sign-in', error: null }]);
  });

  it('without a response is aborted after the timeout, and retried', async () => {
    const page = createPage({ timeout: 5_000 });
    page.state.respond = () => new Promise(() => undefined);
    page.subscribe('private-a');
    await page.advance(4_900);
    expect(page.sent.length).toBe(1);
    page.state.respond = grantAll;
    await page.advance(1_000);
    expect(page.results.length).toBe(1);
  });

  it.each<[string, () => Response]>([
    ['in seconds', () => json({}, 429, { 'Retry-After': '7' })],
    ['as a date', () => json({}, 503, { 'Retry-After': 'Thu, 01 Jan 1970 00:00:07 GMT' })],
    [
      'in the entry',
      () => json({ 'private-a': { status: 429, message: 'Later', retry_after: 7 } }),
    ],
  ])('is never retried before Retry-After: %s', async (_case, respond) => {
    const page = createPage();
    page.state.random = 0;
    page.state.respond = respond;
    page.subscribe('private-a');
    await page.advance(6_900);
    expect(page.sent.length).toBe(1);
    page.state.respond = grantAll;
    await page.advance(200);
    expect(page.sent.length).toBe(2);
    expect(page.results[0]?.error).toBeNull();
  });

  it('is retried at different times by different pages', async () => {
    const times = await Promise.all(
      [0, 0.5, 0.99].map(async (random) => {
        const page = createPage();
        page.state.random = random;
        page.state.respond = () => json({}, 503, { 'Retry-After': '2' });
        page.subscribe('private-a');
        await page.advance(4_000);
        return page.sent[1]?.at;
      }),
    );
    expect(times[0]).toBeGreaterThanOrEqual(2_000);
    expect(times[1]! - times[0]!).toBeGreaterThan(300);
    expect(times[2]! - times[1]!).toBeGreaterThan(300);
  });

  it('is reported to the page after `retryFor`, with growing delays', async () => {
    const page = createPage({ retryFor: 20_000 });
    page.state.respond = () => json({ message: 'Try again in a moment' }, 503);
    page.subscribe('private-a');
    await page.advance(120_000);
    expect(page.results.map(({ error }) => error)).toMatchObject([
      { status: 503, message: 'Try again in a moment' },
    ]);
    const waits = page.sent.slice(1).map(({ at }, i) => at - page.sent[i]!.at);
    expect(waits.length).toBeGreaterThan(3);
    expect([...waits].sort((a, b) => a - b)).toEqual(waits);
    expect(page.sent.at(-1)!.at).toBeLessThan(20_000);
  });

  it('is not retried immediately if Retry-After exceeds the maximum of a timer', async () => {
    const page = createPage({ retryFor: 1e12 });
    page.state.respond = () => json({}, 503, { 'Retry-After': '99999999' });
    page.subscribe('private-a');
    await page.advance(10_000);
    expect(page.sent.length).toBe(1);
  });
});
