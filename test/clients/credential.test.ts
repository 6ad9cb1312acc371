import { describe, expect, it } from 'vitest';
import type { UsherAuthError, UsherAuthOptions, UsherHeaders } from '../../clients/js/src/index.ts';
import { createConnection, createPage, grantAll, json, type Respond } from './page.ts';

/** Responds as Usher does: 401 for each channel, unless the token is good. */
const onlyWith =
  (good: string): Respond =>
  (sent) => {
    if (sent.headers['authorization'] === good) return grantAll(sent);
    const refused = { status: 401, message: 'The credential has expired', decision_id: 'id' };
    const names = sent.body.channel_name;
    if (names === undefined) return json({ message: refused.message }, 401);
    return json(Object.fromEntries(names.map((name) => [name, refused])));
  };

function createExpired(options: UsherAuthOptions = {}) {
  const signedOut: UsherAuthError[] = [];
  const page = createPage({
    headers: { Authorization: 'old' },
    onSignedOut: (error) => signedOut.push(error),
    ...options,
  });
  page.state.respond = onlyWith('new');
  return { ...page, signedOut };
}

/** An application that has a fresh credential at the third call. */
function refreshLater() {
  let calls = 0;
  const refresh = () => {
    calls += 1;
    return calls < 3
      ? Promise.reject(new Error('no network'))
      : Promise.resolve({ Authorization: 'new' });
  };
  return { refresh, calls: () => calls };
}

const errorsOf = ({ results }: ReturnType<typeof createPage>) =>
  results.map(({ name, error }) => [name, (error as UsherAuthError | null)?.status]);

describe('a credential that has expired', () => {
  it('is refreshed once for all waiting requests', async () => {
    let refreshes = 0;
    const page = createExpired({
      refresh: async () => {
        refreshes += 1;
        await page.sleep(1_000);
        return { Authorization: 'new' };
      },
    });
    for (let i = 0; i < 150; i += 1) page.subscribe(`private-${i}`);
    page.signIn();
    await page.advance(500);
    page.subscribe('private-late');
    await page.advance(2_000);
    expect(refreshes).toBe(1);
    expect(page.results.length).toBe(152);
    expect(page.results.filter(({ error }) => error !== null)).toEqual([]);
    expect(page.signedOut).toEqual([]);
  });

  it('is not refreshed again for a late response', async () => {
    let refreshes = 0;
    const page = createExpired({
      refresh: () => {
        refreshes += 1;
        return Promise.resolve({ Authorization: 'new' });
      },
    });
    const { respond } = page.state;
    page.state.respond = async (sent) => {
      const isSlow =
        sent.body.channel_name === undefined && sent.headers['authorization'] === 'old';
      if (isSlow) await page.sleep(1_000);
      return respond(sent);
    };
    page.subscribe('private-a');
    page.signIn();
    await page.advance(2_000);
    expect(errorsOf(page)).toEqual([
      ['private-a', undefined],
      ['sign-in', undefined],
    ]);
    expect(refreshes).toBe(1);
  });

  it('is refreshed by a page whose `headers` is a function', async () => {
    let token = 'old';
    const page = createExpired({
      headers: () => ({ Authorization: token }),
      refresh: () => {
        token = 'new';
        return Promise.resolve(true);
      },
    });
    page.subscribe('private-a');
    await page.advance(100);
    expect(errorsOf(page)).toEqual([['private-a', undefined]]);
  });

  it.each<[string, Partial<UsherAuthOptions>]>([
    ['cannot be refreshed', {}],
    ['has no replacement', { refresh: () => Promise.resolve(undefined) }],
    ['has no replacement, according to the application', { refresh: () => Promise.resolve(false) }],
    [
      'has a replacement that is refused as well',
      { refresh: () => Promise.resolve({ Authorization: 'bad' }) },
    ],
  ])('ends the page’s session once, if it %s', async (_case, options) => {
    const page = createExpired(options);
    page.subscribe('private-a');
    page.subscribe('private-b');
    page.signIn();
    await page.advance(60_000);
    expect(errorsOf(page)).toEqual([
      ['private-a', 401],
      ['private-b', 401],
      ['sign-in', 401],
    ]);
    expect(page.signedOut).toMatchObject([{ status: 401, message: 'The credential has expired' }]);
  });

  it('is not refreshed for later channels of a signed-out user', async () => {
    let refreshes = 0;
    const page = createExpired({
      refresh: () => {
        refreshes += 1;
        return Promise.resolve(false);
      },
    });
    page.subscribe('private-a');
    await page.advance(100);
    page.subscribe('private-b');
    await page.advance(100);
    expect([refreshes, page.signedOut.length]).toEqual([1, 1]);
    expect(errorsOf(page)).toEqual([
      ['private-a', 401],
      ['private-b', 401],
    ]);
  });

  it('is refreshed again after a login', async () => {
    let fresh: Record<string, string> | false = false;
    const page = createExpired({ refresh: () => Promise.resolve(fresh) });
    page.subscribe('private-a');
    await page.advance(100);
    fresh = { Authorization: 'new' };
    page.usher.resume();
    page.subscribe('private-b');
    await page.advance(100);
    expect(errorsOf(page)).toEqual([
      ['private-a', 401],
      ['private-b', undefined],
    ]);
  });

  it.each(['refresh', 'headers'])('is requested again if `%s` does not respond', async (name) => {
    let calls = 0;
    const hung = () => {
      calls += 1;
      return new Promise<never>(() => undefined);
    };
    const page = createExpired({ timeout: 5_000, [name]: hung });
    page.subscribe('private-a');
    await page.advance(4_900);
    expect([calls, page.results]).toEqual([1, []]);
    await page.advance(2_000);
    expect([calls, page.results]).toEqual([2, []]);
  });

  it('is refreshed later if the application cannot do it now', async () => {
    const later = refreshLater();
    const page = createExpired(later);
    page.subscribe('private-a');
    await page.advance(10_000);
    expect(errorsOf(page)).toEqual([['private-a', undefined]]);
    expect([later.calls(), page.signedOut]).toEqual([3, []]);
  });

  it('is requested later if `headers` fails', async () => {
    let isOffline = true;
    const page = createExpired({
      headers: () => {
        if (isOffline) throw new Error('no network');
        return { Authorization: 'new' };
      },
    });
    page.subscribe('private-a');
    await page.advance(1_000);
    expect([page.sent, page.results]).toEqual([[], []]);
    isOffline = false;
    await page.advance(5_000);
    expect(errorsOf(page)).toEqual([['private-a', undefined]]);
  });
});

/** The users whose credential was sent. */
const usersOf = ({ sent }: ReturnType<typeof createPage>) =>
  sent.map(({ headers }) => headers['authorization']);

describe('`resume` after the login of another user', () => {
  it('sends no request with the credential of the first user, even if it is still valid', async () => {
    const page = createPage({
      headers: { Authorization: 'first' },
      refresh: () => Promise.resolve({ Authorization: 'second' }),
    });
    page.subscribe('private-a');
    await page.advance(100);
    page.usher.resume();
    page.subscribe('private-a');
    page.signIn();
    await page.advance(100);
    expect(usersOf(page)).toEqual(['first', 'second', 'second']);
  });

  it('uses the headers of a page whose `headers` is a function', async () => {
    let user = 'first';
    let refreshes = 0;
    const page = createPage({
      headers: () => ({ Authorization: user }),
      refresh: () => Promise.resolve((refreshes += 1) > 0),
    });
    page.subscribe('private-a');
    await page.advance(100);
    user = 'second';
    page.usher.resume();
    page.subscribe('private-a');
    await page.advance(100);
    expect([usersOf(page), refreshes]).toEqual([['first', 'second'], 0]);
  });

  it('ignores a credential that `headers` returns too late, and sends no request for a closed connection', async () => {
    let user = 'first';
    const page = createPage({
      headers: async () => {
        const headers = { Authorization: user };
        await page.sleep(1_000);
        return headers;
      },
    });
    const { pusher, addChannel } = createConnection();
    page.usher.attach(pusher);
    addChannel('private-a');
    page.subscribe('private-a');
    page.subscribe('private-b', 'not attached');
    await page.advance(100);
    user = 'second';
    page.usher.resume();
    page.subscribe('private-a', pusher.connection.socket_id);
    await page.advance(5_000);
    expect(usersOf(page)).toEqual(['second', 'second']);
    const sockets = page.sent.map(({ body }) => body.socket_id);
    expect(sockets.sort()).toEqual([pusher.connection.socket_id, 'not attached']);
  });

  it.each<[string, UsherHeaders | false]>([
    ['has no credential', false],
    ['returns one of the first user', { Authorization: 'first' }],
  ])('ignores an earlier refresh that %s', async (_case, result) => {
    const results: (() => Promise<UsherHeaders | false>)[] = [
      async () => {
        await page.sleep(1_000);
        return result;
      },
      async () => {
        await page.sleep(2_000);
        return { Authorization: 'new' };
      },
    ];
    const page = createExpired({ refresh: () => results.shift()!() });
    page.subscribe('private-a');
    await page.advance(100);
    page.usher.resume();
    page.subscribe('private-b');
    await page.advance(5_000);
    expect(usersOf(page)).not.toContain('first');
    expect(errorsOf(page).sort()).toEqual([
      ['private-a', undefined],
      ['private-b', undefined],
    ]);
    expect([results.length, page.signedOut]).toEqual([0, []]);
  });

  it('ends the page’s session if there is no credential, and sends no request', async () => {
    const page = createExpired({ refresh: () => Promise.resolve(false) });
    page.usher.resume();
    page.subscribe('private-a');
    page.signIn();
    await page.advance(1_000);
    expect(page.sent).toEqual([]);
    expect(errorsOf(page)).toEqual([
      ['private-a', 401],
      ['sign-in', 401],
    ]);
    expect(page.signedOut).toMatchObject([{ status: 401 }]);
  });

  it('requests a credential again if the application cannot return one now', async () => {
    const page = createExpired(refreshLater());
    page.usher.resume();
    page.subscribe('private-a');
    await page.advance(10_000);
    expect([usersOf(page), errorsOf(page)]).toEqual([['new'], [['private-a', undefined]]]);
  });
});
