import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInProcess } from '../support/command-line.ts';
import { hmacToken } from '../support/tokens.ts';
import { postForm, get } from './support/requests.ts';
import { findLaravel, startLaravel, type LaravelSite } from './support/laravel.ts';
import { leaksIn, secondsNow } from './support/tokens.ts';
import { startForPages, type Usher } from './support/usher.ts';

const page = 'https://site.example';
const laravel = await findLaravel();
const tokenSecret = randomBytes(32).toString('hex');

const sent = 'laravel: { source: site, forward: [{ cookie: [site_session] }] }';

/** The policy that `usher policy init --from laravel` writes for the site. */
async function initialPolicy(directory: string): Promise<string> {
  const file = fileURLToPath(new URL('laravel-site/routes/channels.php', import.meta.url));
  const { code } = await runInProcess(['policy', 'init', '--from', 'laravel', file, directory]);
  expect(code).toBe(0);
  return directory;
}

/** The rule of rooms differs on purpose: Laravel has no room `archive` that is closed. */
const policyOf = (ask: string, rule: (cel: string) => string) => `
sources: { site: { url: { env: SITE_URL } } }
channels:
  private-App.Models.User.{id}:
    ask: ${ask}
    params: { id: int }
    allow: { user: { is the user: ${rule('params.id == user.id')} } }
  presence-rooms.{room}:
    ask: ${ask}
    params: { room: slug }
    allow: { user: { room is open: ${rule(`!(params.room in ['closed', 'archive'])`)} } }
    member: { user: { id: user.id } }
`;
const policies = {
  applicationDecides: policyOf(`{ ${sent} }`, (cel) => `{ rule: "${cel}", shadow: true }`),
  rulesDecide: policyOf(`{ ${sent}, shadow: true }`, (cel) => `"${cel}"`),
};

interface Recorded {
  readonly decision_id: string;
  readonly channel: string;
  readonly shadow: Readonly<Record<string, string>>;
}

describe.skipIf(laravel === undefined)('shadow mode beside a real Laravel', () => {
  let site: LaravelSite;
  let directory: string;
  const users: { readonly id: string; readonly cookie: string; readonly token: string }[] = [];
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-shadow-'));
    stops.unshift(() => rm(directory, { recursive: true }));
    site = await startLaravel('AES-256-CBC', false);
    stops.unshift(site.stop);
    for (const name of ['ann', 'ben']) {
      const id = await site.addUser(name);
      const iat = secondsNow();
      const token = hmacToken({ sub: id, iat, exp: iat + 3600 }, {}, tokenSecret);
      users.push({ id, cookie: await site.login(name), token });
    }
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  const start = async (policy: string): Promise<Usher> => {
    const file = join(directory, `${randomBytes(4).toString('hex')}.yaml`);
    await writeFile(file, policy);
    const usher = await startForPages(page, {
      POLICY: file,
      SITE_URL: site.url,
      USER_TOKEN_SECRET: tokenSecret,
      LOG_LEVEL: 'debug',
    });
    stops.unshift(() => usher.stop());
    return usher;
  };

  /** Requests each channel as each user, up to this number of requests. */
  const requests = (count: number) => {
    const channels = [
      ...users.map(({ id }) => `private-App.Models.User.${id}`),
      ...['presence-rooms.lobby', 'presence-rooms.closed', 'presence-rooms.archive'],
    ];
    const all = users.flatMap((user) => channels.map((channel) => ({ user, channel })));
    return Array.from({ length: count }, (_, n) => ({ ...all[n % all.length]!, n }));
  };
  type ShadowRequest = ReturnType<typeof requests>[number];

  const sendAt = (url: string, { user, channel, n }: ShadowRequest) =>
    postForm(
      `${url}/broadcasting/auth`,
      { socket_id: `1.${n}`, channel_name: channel },
      { cookie: user.cookie, authorization: `Bearer ${user.token}`, origin: page },
    );

  /** The sum of the samples of a metric. */
  const metric = async (usher: Usher, name: string) => {
    const { text } = await get(`${usher.operatorUrl}/metrics`);
    const samples = text
      .split('\n')
      .filter((line) => line.startsWith(`usher_shadow_${name}_total`));
    return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  const compared = async (usher: Usher, count: number) => {
    for (let attempt = 0; attempt < 600; attempt += 1) {
      const names = ['agreements', 'disagreements', 'no_verdicts', 'dropped'];
      const counts = await Promise.all(names.map((name) => metric(usher, name)));
      if (counts.reduce((sum, each) => sum + each) >= count) return counts;
      await sleep(100);
    }
    throw new Error(`Not compared:\n${usher.output()}`);
  };
  const decisions = async (usher: Usher, result: string) => {
    const { text } = await get(`${usher.operatorUrl}/decisions?limit=200&shadow=${result}`);
    return (JSON.parse(text) as { readonly decisions: readonly Recorded[] }).decisions;
  };
  const expectNoLeaks = (usher: Usher) => {
    const secrets = users.flatMap(({ cookie, token }) => [cookie, token]);
    expect(leaksIn(usher.output(), secrets)).toEqual([]);
  };

  it('its closures decide as before, and the shadow rules are compared', async () => {
    const usher = await start(policies.applicationDecides);
    const responses: (readonly [string, number, number])[] = [];
    for (const request of requests(60)) {
      const [through, direct] = await Promise.all([
        sendAt(usher.publicUrl, request),
        sendAt(site.url, request),
      ]);
      responses.push([request.channel, through.status, direct.status]);
    }
    expect(responses.filter(([, through, direct]) => through !== direct)).toEqual([]);
    expect(new Set(responses.map(([, status]) => status))).toEqual(new Set([200, 403]));

    // Each user requested `archive` 6 times. The other 48 decisions agree.
    expect(await compared(usher, 60)).toEqual([48, 12, 0, 0]);
    const disagreed = await decisions(usher, 'disagreed');
    expect(new Set(disagreed.map(({ channel }) => channel))).toEqual(
      new Set(['presence-rooms.archive']),
    );
    expect(disagreed).toHaveLength(12);
    const [first] = disagreed;
    const { text } = await get(`${usher.operatorUrl}/decisions/${first?.decision_id ?? ''}`);
    expect((JSON.parse(text) as Recorded).shadow).toEqual({
      side: 'rules',
      answered: 'grant',
      watched: 'refusal',
      result: 'disagreed',
      reason: 'room is open',
    });
    expectNoLeaks(usher);
  }, 240_000);

  it('is reachable for the doctor, whose request has no credential', async () => {
    const usher = await start(policies.applicationDecides);
    const { text } = await get(`${usher.operatorUrl}/doctor`);
    const { checks } = JSON.parse(text) as { readonly checks: readonly { name: string }[] };
    expect(checks.filter(({ name }) => name.includes(' endpoint '))).toEqual([
      {
        name: 'the source site can be queried for the endpoint /broadcasting/auth',
        status: 'pass',
      },
    ]);
  });

  it('decides about all channels of the generated policy', async () => {
    const usher = await startForPages(page, {
      POLICY: await initialPolicy(join(directory, 'initial')),
      HOST_URL: site.url,
    });
    stops.unshift(() => usher.stop());
    const [ann, ben] = users;
    const decide = async (channel_name: string, cookie: string) => {
      const fields = { socket_id: '1.2', channel_name };
      return postForm(`${usher.publicUrl}/broadcasting/auth`, fields, { cookie, origin: page });
    };
    const own = `App.Models.User.${ann!.id}`;
    for (const form of ['private', 'presence']) {
      expect((await decide(`${form}-${own}`, ann!.cookie)).status).toBe(200);
      expect((await decide(`${form}-${own}`, ben!.cookie)).status).toBe(403);
      expect((await decide(`${form}-rooms.closed`, ann!.cookie)).status).toBe(403);
      expect((await decide(`${form}-rooms.lobby`, '')).status).toBe(401);
    }
    const { text } = await decide('presence-rooms.lobby', ben!.cookie);
    const { channel_data } = JSON.parse(text) as { readonly channel_data: string };
    expect(JSON.parse(channel_data)).toEqual({
      user_id: Number(ben!.id),
      user_info: { name: 'ben' },
    });
  });

  it('may be down if it is the shadow: no response is delayed or fails', async () => {
    const usher = await start(policies.rulesDecide);
    const expected = ({ user, channel }: ShadowRequest) =>
      channel === `private-App.Models.User.${user.id}` || channel === 'presence-rooms.lobby'
        ? 200
        : 403;
    const sendAll = async (count: number) => {
      const batch = requests(count);
      const responses = await Promise.all(batch.map((each) => sendAt(usher.publicUrl, each)));
      expect(responses.map(({ status }) => status)).toEqual(batch.map(expected));
    };
    await sendAll(20);
    expect(await compared(usher, 20)).toEqual([16, 4, 0, 0]);
    const resume = await site.freeze();
    try {
      // All of these responses arrive while Laravel is frozen: nothing continues it before.
      await sendAll(30);
      expect(await metric(usher, 'disagreements')).toBe(4);
    } finally {
      resume();
    }
    await sendAll(10);
    const [agreed = 0, disagreed = 0, none = 0, dropped = 0] = await compared(usher, 60);
    expect(agreed + disagreed + none + dropped).toBe(60);
    expect((await decisions(usher, 'no-verdict')).length).toBe(none);
    expectNoLeaks(usher);
  }, 240_000);
});
