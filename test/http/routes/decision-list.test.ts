import { get } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startUsher, useUsher, type TestUsher } from '../../support/usher.ts';
import { send, userRequest } from '../requests.ts';

type Entry = Readonly<Record<string, unknown>>;

const decide = async (usher: Pick<TestUsher, 'public'>, channel: string, headers = {}) => {
  const { headers: received } = await send(
    usher.public,
    userRequest({ fields: { channel_name: channel }, headers }),
  );
  return received.get('x-decision-id') ?? '';
};

describe('the list of decisions', () => {
  const usher = useUsher();
  const read = (query: string) =>
    send(usher.operator, { method: 'GET', path: `/decisions?${query}` });
  const idsOf = async (query: string) => {
    const { status, body } = await read(query);
    expect([query, status]).toEqual([query, 200]);
    return (body as { decisions: Entry[] }).decisions.map((each) => each['decision_id']);
  };

  it('returns the matches of each filter, newest first, with the body of a single decision', async () => {
    const granted = await decide(usher, 'private-tenant.1.user.15');
    usher.clock.now += 1_000;
    const refused = await decide(usher, 'private-tenant.1.user.16');
    usher.clock.now += 1_000;
    const unknown = await decide(usher, 'private-tenant.1.user.16', { authorization: undefined });
    expect(await idsOf('')).toEqual([unknown, refused, granted]);
    expect(await idsOf('channel=private-tenant.1.user.16')).toEqual([unknown, refused]);
    expect(await idsOf('channel=private-tenant.1.user.16&principal=15')).toEqual([refused]);
    expect(await idsOf('outcome=grant')).toEqual([granted]);
    expect(await idsOf('outcome=refusal&code=credential-missing')).toEqual([unknown]);
    expect(await idsOf(`check=${encodeURIComponent('channel is the user’s own')}`)).toEqual([
      refused,
    ]);
    expect(await idsOf('kind=user&tenant=1&action=subscribe')).toEqual([refused, granted]);
    expect(await idsOf('policy=0000000000000000')).toEqual([]);
    const { body: one } = await send(usher.operator, {
      method: 'GET',
      path: `/decisions/${refused}`,
    });
    const { decisions } = (await read('principal=15&outcome=refusal')).body as {
      decisions: Entry[];
    };
    expect(decisions).toEqual([one]);
    expect(one).toMatchObject({
      remedy: expect.stringContaining('See the failed check') as unknown,
      policy: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
    });
    const at = String(decisions[0]?.['at']);
    expect(await idsOf(`from=${at}`)).toEqual([unknown, refused]);
    expect(await idsOf(`to=${at}`)).toEqual([granted]);
    const first = (await read('limit=2')).body as { decisions: Entry[]; next: string };
    expect(first.decisions).toHaveLength(2);
    expect(await idsOf(`limit=2&after=${first.next}`)).toEqual([granted]);
  });

  it('contains no credential, and is not cacheable', async () => {
    const secret = 'Bearer secret-of-a-client';
    await decide(usher, 'private-tenant.1.user.15', {
      authorization: secret,
      cookie: 'sid=secret-x',
    });
    const { text, headers } = await read('code=credential-malformed');
    expect(text).toContain('credential-malformed');
    expect(text).not.toContain('secret-');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['limit=0', 'limit must be a whole number from 1 to 200'],
    ['limit=201', 'limit must be a whole number from 1 to 200'],
    ['limit=1e2', 'limit must be a whole number from 1 to 200'],
    ['from=yesterday', 'from must be a time with its zone such as 2025-12-31T11:00:00Z'],
    ['to=2026-02-30T00:00:00Z', 'to must be a time with its zone such as 2025-12-31T11:00:00Z'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from must be before to'],
    ['after=x', 'after is malformed; send the value of `next`'],
    ['after=WzEsIngiXQ', 'after is malformed; send the value of `next`'],
    ['after=WzFlOTksIngiXQ', 'after is malformed; send the value of `next`'],
    ['outcome=granted', 'outcome must be grant or refusal'],
    ['channel=a&channel=b', 'channel is repeated'],
    [`channel=${'x'.repeat(513)}`, 'channel is too long'],
  ])('refuses %j', async (query, message) => {
    const { status, body } = await read(query);
    expect([status, body]).toMatchObject([400, { message }]);
  });

  it('refuses an unknown filter, which would return other decisions', async () => {
    const { status, body } = await read('chanel=x');
    expect(status).toBe(400);
    expect((body as Entry)['message']).toMatch(/^The query may have: principal, channel, /);
  });
});

/** Opens a stream, and returns what it has sent. */
async function follow(usher: TestUsher, query = '', headers = {}) {
  let received = '';
  let isOpen = true;
  const request = get(`${usher.operator}/decisions/stream${query}`, { headers });
  request.on('error', () => undefined);
  onTestFinished(() => void request.destroy());
  const { statusCode, response } = await new Promise<{
    statusCode: number | undefined;
    response: NodeJS.ReadableStream;
  }>((resolve) => {
    request.once('response', (incoming) => {
      resolve({ statusCode: incoming.statusCode, response: incoming });
    });
  });
  response.on('data', (chunk: Buffer) => (received += chunk.toString()));
  const closed = new Promise<void>((resolve) => {
    response.once('close', () => {
      isOpen = false;
      resolve();
    });
  });
  /** Lets time pass until the stream has this text. */
  const until = (text: string) =>
    expect
      .poll(
        () => {
          usher.clock.advance(1_000);
          return received;
        },
        { timeout: 20_000 },
      )
      .toContain(text);
  return {
    status: statusCode,
    received: () => received,
    until,
    closed,
    isOpen: () => isOpen,
    stop: () => request.destroy(),
  };
}

describe('the stream of decisions', () => {
  it('sends each new decision that matches the filters once, and no older one', async () => {
    const usher = await startUsher();
    try {
      const before = await decide(usher, 'private-tenant.1.user.16');
      usher.clock.now += 1;
      const stream = await follow(usher, '?outcome=refusal');
      expect(stream.status).toBe(200);
      const granted = await decide(usher, 'private-tenant.1.user.15');
      const refused = await decide(usher, 'private-tenant.1.user.16');
      await stream.until(refused);
      await stream.until(': heartbeat');
      const text = stream.received();
      expect(text.split(refused)).toHaveLength(2);
      expect([text.includes(granted), text.includes(before)]).toEqual([false, false]);
      const [, data = ''] = /event: decision\ndata: (.*)\n\n/.exec(text) ?? [];
      const { body } = await send(usher.operator, { method: 'GET', path: `/decisions/${refused}` });
      expect(JSON.parse(data)).toEqual(body);
    } finally {
      await usher.stop();
    }
  });

  it('ends at shutdown without a delay', async () => {
    const usher = await startUsher();
    const stream = await follow(usher);
    await usher.stop();
    await stream.closed;
    expect(stream.isOpen()).toBe(false);
  });

  it('is refused with an invalid filter, and over the limit of streams until one ends', async () => {
    const usher = await startUsher();
    try {
      const path = '/decisions/stream';
      const bad = await send(usher.operator, { method: 'GET', path: `${path}?from=x` });
      expect(bad.status).toBe(400);
      const streams = await Promise.all(Array.from({ length: 16 }, () => follow(usher)));
      const refused = await send(usher.operator, { method: 'GET', path });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
      streams[0]?.stop();
      await expect.poll(async () => (await follow(usher)).status, { timeout: 20_000 }).toBe(200);
    } finally {
      await usher.stop();
    }
  });

  it('requires the token of the operator', async () => {
    const token = 'operators-token-of-tests';
    const usher = await startUsher({ OPS_TOKEN: token });
    try {
      expect((await follow(usher)).status).toBe(401);
      expect((await follow(usher, '', { authorization: `Bearer ${token}` })).status).toBe(200);
    } finally {
      await usher.stop();
    }
  });
});
