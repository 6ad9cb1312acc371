import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadPolicy, readPolicy } from '../../src/policy/load-policy.ts';
import { problemsOf } from '../support/load-policy-files.ts';

type Files = Readonly<Record<string, string>>;

function writeFiles(files: Files): string {
  const directory = mkdtempSync(join(tmpdir(), 'usher-load-'));
  onTestFinished(() => {
    rmSync(directory, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

const channels = `channels:
  private-a.{school}:
    params: { school: id }
    allow: { user: { in it: user.tenant == params.school } }
`;

/** A module with a channel, whose `allow` is this text. */
const module = (pattern: string, allow = "{ user: () => [check('x', true)] }") =>
  `import { check, defineChannel } from 'usher/policy';
export const x = defineChannel('${pattern}', { about: 'x', params: { school: 'id' }, allow: ${allow} });
`;

const clash = 'Ambiguous channel patterns, one name can match both';

describe('two patterns that conflict', () => {
  it('are reported with the places of both, in two files', async () => {
    const other = channels.replace('private-a.{school}', 'private-{school}.b');
    expect(await problemsOf({ 'a.yaml': channels, 'b.yaml': other })).toEqual([
      `b.yaml:2:3: ${clash}: private-a.{school} and private-{school}.b; private-a.{school} is at a.yaml:2:3`,
    ]);
  });

  it('are reported with the places of both, in modules', async () => {
    const files = {
      'a.ts': module('private-a.{school}'),
      'b.js': module('private-{school}.b'),
    };
    expect(await problemsOf(files)).toEqual([
      `b.js:2: ${clash}: private-a.{school} and private-{school}.b; private-a.{school} is at a.ts:2`,
    ]);
  });
});

describe('an undeclared refusal code', () => {
  const own = 'neither a refusal code of Usher nor in `codes`';
  const withCode = (code: string) =>
    channels.replace(
      /in it: (.*?) \}/,
      (_all, rule: string) => `in it: { code: ${code}, rule: ${rule} } }`,
    );
  const codes = 'codes: { class-full: Raise its size. }\n';

  it('is reported with its place and the nearest code, of Usher or of another file', async () => {
    for (const [code, nearest] of [
      ['tenant-mismach', 'tenant-mismatch'],
      ['clas-full', 'class-full'],
    ] as const) {
      expect(await problemsOf({ 'a.yaml': withCode(code), 'b.yaml': codes })).toEqual([
        `a.yaml:4:37: ${code} is ${own}; the nearest is ${nearest}`,
      ]);
    }
  });

  it.each(['tenant-mismatch', 'class-full'])('cannot be %s', async (code) => {
    const files = { 'a.yaml': withCode(code), 'b.yaml': codes };
    await expect(loadPolicy([writeFiles(files)])).resolves.toBeDefined();
  });
});

describe('the path of a fact by HTTP', () => {
  const factAt = (path: string) => `sources: { host: { url: { env: HOST_URL } } }
facts:
  order: { ids: [order, user], fields: { status: string }, http: { source: host, path: '${path}' } }
${channels}`;

  it.each(['/u/{user}/orders/{order}.json', '/u-{user}/v1.{order}/', '/{user}/...{order}'])(
    'may have text next to an id: %s',
    async (path) => {
      await expect(loadPolicy([writeFiles({ 'a.yaml': factAt(path) })])).resolves.toBeDefined();
    },
  );

  // Two pairs of ids would have one address: `1-2` and `3`, `1` and `2-3`.
  it.each([
    '/{user}{order}',
    '/{user}-{order}',
    '/{user}/../{order}',
    '/{user}/%2e{order}',
    '/{user}/{order}?x',
  ])('has one id in each segment and no other characters: %s', async (path) => {
    expect(await problemsOf({ 'a.yaml': factAt(path) })).toEqual([
      expect.stringMatching(
        /^a\.yaml:3:\d+: the value of `path` is not a path: begins with \/; each segment/,
      ),
    ]);
  });
});

describe('a kind of principal that no credential creates', () => {
  it('is reported with its place in a module', async () => {
    const allow = "{ usr: () => [check('x', true)] }";
    expect(await problemsOf({ 'a.ts': module('private-a.{school}', allow) })).toEqual([
      'a.ts:2: the channel private-a.{school}: usr is not a kind of principal; the nearest is user',
    ]);
  });

  it.each([
    ['usr', 'usr is not a kind of principal; the nearest is user'],
    ['guestsession', 'guestsession is not a kind of principal; the nearest is guest_session'],
  ])('is the only problem of a presence channel: %s', async (kind, problem) => {
    const text = `channels:
  presence-a:
    allow: { ${kind}: { a: 'true' } }
    member: { user: { id: user.id } }
`;
    expect(await problemsOf({ 'p.yaml': text })).toEqual([`p.yaml:3:14: ${problem}`]);
  });
});

it.each([
  [
    'list: { guest: { params: { school: user.tenant } } }',
    'p.yaml:5:13: guest is not a kind of principal that this channel allows; there is user',
  ],
  [
    'also: [presence]\n    member: { guest: { id: guest.hotel } }',
    'p.yaml:6:5: the member of user is missing: each kind of principal that is allowed needs one',
  ],
])('reports a kind that is not allowed, or has no member: %s', async (keys, problem) => {
  expect(await problemsOf({ 'p.yaml': `${channels}    ${keys}\n` })).toContain(problem);
});

const credential = 'credential: { kind: guest, query: token }';

describe('a route', () => {
  it.each([
    [
      'with a constraint on a parameter that no channel has',
      `  /t/{school}: { ${credential}, pins: { school: schol } }`,
      '6:77: schol is not a parameter of a channel; the nearest is school',
    ],
    [
      'that signs an unknown channel',
      `  /t: { ${credential}, only: [private-a.{school}, private-a.{schol}] }`,
      '6:79: private-a.{schol} is not a channel; the nearest is private-a.{school}',
    ],
    [
      'that signs a channel with no similar name',
      `  /t: { ${credential}, only: [private-orders] }`,
      '6:59: private-orders is not a channel; there is private-a.{school}',
    ],
    [
      'for a kind of principal with no similar name',
      '  /t: { credential: { kind: courier, query: token } }',
      '6:23: courier is not a kind of principal; there are user, visitor, guest_session, guest',
    ],
    [
      'with an unknown answers style',
      `  /t: { ${credential}, answers: hotl }`,
      '6:61: hotl is not a style of answers; the nearest is hotel',
    ],
    [
      'that reads its credential from the name of the channel',
      '  /t: { credential: { kind: guest, field: channel_name } }',
      '6:43: channel_name is a field of every request, and cannot be the credential',
    ],
    [
      'with a path of Usher',
      `  /api/tenants/{t}/pusher/auth/: { ${credential} }`,
      '6:3: /api/tenants/{t}/pusher/auth/ is the same path as /api/tenants/{tenantId}/pusher/auth of Usher',
    ],
    [
      'with the path of another route',
      `  /t/{a}: { ${credential} }\n  /t/{b}/: { ${credential} }`,
      '7:3: /t/{b}/ is the same path as /t/{a}',
    ],
  ])('%s', async (_what, routes, problem) => {
    const text = `${channels}routes:\n${routes}\n`;
    expect(await problemsOf({ 'p.yaml': text })).toEqual([`p.yaml:${problem}`]);
  });

  it('may have the path of a WebSocket endpoint, which handles other requests', async () => {
    const endpoint = "{ channel: 'private-a.{x}', upstream: { env: SESSION_WS_UPSTREAM } }";
    const text = `${channels}routes:\n  /t/{x}: { ${credential} }\ndoors:\n  /t/{x}: ${endpoint}\n`;
    expect(await problemsOf({ 'p.yaml': text })).toEqual([]);
  });
});

it('suggests no name if none is similar', async () => {
  const other = (_: unknown, i: number) =>
    `  private-b${i}:\n    allow: { user: { in it: has(user.tenant) } }\n`;
  const text = `${channels}${Array.from({ length: 20 }, other).join('')}routes:\n`;
  const route = `  /t: { ${credential}, only: [presence-orders] }\n`;
  expect(await problemsOf({ 'p.yaml': text + route })).toEqual([
    'p.yaml:46:59: presence-orders is not a channel; none of the 21 known ones is near',
  ]);
});

it('reports two WebSocket endpoints with one path in two files', async () => {
  const endpoint = (path: string) =>
    `doors:\n  ${path}: { channel: 'private-a.{x}', upstream: { env: SESSION_WS_UPSTREAM } }\n`;
  const files = { 'a.yaml': channels + endpoint('/ws/{x}'), 'b.yaml': endpoint('/ws/{x}/') };
  expect(await problemsOf(files)).toEqual(['b.yaml:2:3: /ws/{x}/ is the same path as /ws/{x}']);
  const text = "  private-b:\n    allow: { visitor: { a: 'true' } }\n" + endpoint('/ws');
  expect(await problemsOf({ 'a.yaml': channels + text.replace('a.{x}', 'b') })).toEqual([
    'a.yaml:8:3: /ws is the same path as /ws of Usher',
  ]);
});

describe('two kinds of facts with one path', () => {
  const kind = (name: string, path: string) =>
    `  ${name}: { ids: [a], fields: { n: string }, path: '${path}' }\n`;

  it.each(['/resources/x/{a}', '/resources/x/{a}/'])('are refused: %s', async (path) => {
    const text = `facts:\n${kind('one', '/resources/x/{a}')}${kind('two', path)}`;
    expect(await problemsOf({ 'p.yaml': text })).toEqual([
      `p.yaml:3:43: ${path} is the same path as /resources/x/{a}`,
    ]);
  });

  it('are refused if a module declares one', async () => {
    const module = `import { defineFact } from 'usher/policy';
      export const one = defineFact('one', { ids: ['b'], fields: {}, path: '/resources/x/{b}' });`;
    const text = `facts:\n${kind('two', '/resources/x/{a}')}`;
    expect(await problemsOf({ 'm.ts': module, 'p.yaml': text })).toEqual([
      'p.yaml:2:43: /resources/x/{a} is the same path as /resources/x/{b} of the fact one',
    ]);
  });
});

it('an unknown kind of fact in a demo is reported with its place, even without facts of it', async () => {
  const text = `facts:\n  course: { ids: [a], fields: {} }\ndemo:\n  facts:\n    curse: []\n`;
  expect(await problemsOf({ 'p.yaml': text })).toEqual([
    'p.yaml:5:5: curse is not a kind of fact; the nearest is course',
  ]);
});

describe('the tests of a shipped policy', () => {
  const filesOf = async (...sources: readonly string[]) => {
    const { tests } = await (await readPolicy(sources)).build();
    return new Set(tests.map(({ file }) => file));
  };

  it('are not run by the service, because the build has run them', async () => {
    expect(await filesOf('builtin:rooms')).toEqual(new Set());
  });

  it('are run together with files of the operator, which can change the decisions', async () => {
    const directory = writeFiles({ 'a.yaml': channels });
    expect(await filesOf('builtin:rooms', directory)).toEqual(
      new Set(['policies/rooms/policy.test.yaml']),
    );
  });

  it('are run by a command', async () => {
    const { tests } = await loadPolicy(['builtin:rooms']);
    expect(tests.length).toBeGreaterThan(0);
  });
});

it('a file that is named together with its directory is read once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  const path = join(folder, 'p.yaml');
  writeFileSync(path, channels);
  const { files } = await loadPolicy([folder, path, `${folder}/./p.yaml`]);
  expect(files).toEqual([path]);
  rmSync(folder, { recursive: true });
});

describe('a problem of a channel is reported once', () => {
  const start = `facts:
  course: { ids: [school, course], fields: { teacher: string } }
routes:
  /t/{school}: { credential: { kind: guest, query: token }, pins: { school: school }, only: ['private-a.{school}'] }
channels:
  private-a.{school}:
`;
  const rules = `    params: { school: id }
    facts: { course: [params.school, params.school] }
    allow: { user: { teaches: facts.course.teacher == user.id } }
    list: { user: { fact: course, where: { teacher: user.id } } }
`;
  it.each([
    [
      '[params.school, params.school]',
      '[params.schol, params.school]',
      '8:30: unknown field schol',
    ],
    ['[params.school, params.school]', '[params.school]', '8:22: course has 2 ids'],
    ['course: [params', 'curse: [params', '8:14: curse is not a kind of fact'],
    ['allow: { user:', 'allow: { usr:', '9:14: usr is not a kind of principal'],
    ['teacher == user', 'techer == user', '9:44: unknown field techer; did you mean teacher?'],
  ])('with %s as %s', async (right, wrong, problem) => {
    expect(await problemsOf({ 'p.yaml': start + rules.replace(right, wrong) })).toEqual([
      expect.stringContaining(`p.yaml:${problem}`),
    ]);
  });
});

it('names that are declared in an unreadable file are not reported as unknown', async () => {
  const broken = `facts:\n  course: { ids: [a], field: {} }\n`;
  const other = `${channels.trimEnd()}\n    facts: { course: [user.id] }\n`;
  const test = `facts:\n  course: [{ a: x }]\nexpect:\n  - { chanel: private-a, refuse: not-allowed }\n`;
  const problems = await problemsOf({ 'a.yaml': broken, 'b.yaml': other, 'a.test.yaml': test });
  expect(problems).toEqual([
    expect.stringContaining('a.yaml:2:3: a kind of fact requires the key `fields`'),
    expect.stringContaining('a.yaml:2:23: field is not a key of a kind of fact'),
    expect.stringContaining('a.test.yaml:4:5: an expectation requires the key `channel`'),
    expect.stringContaining('a.test.yaml:4:7: chanel is not a key of an expectation'),
  ]);
});

it('an id of a test that is not a string is reported with its place', async () => {
  const facts = `facts:\n  course: { ids: [school, course], fields: {} }\n`;
  const test = `facts:
  course:
    - { school: north, course: 7 }
    - { school: north }
expect: [{ channel: private-a, refuse: not-allowed }]
`;
  expect(await problemsOf({ 'p.yaml': facts, 'p.test.yaml': test })).toEqual([
    expect.stringMatching(/p.test.yaml:3:32: the id course must be a string: write it in quotes$/),
    expect.stringMatching(/p.test.yaml:4:7: course has no id course$/),
  ]);
});

it('a repeated name is reported with the place of its other declaration', async () => {
  const definitions = `import { defineFact, defineSource } from 'usher/policy';
    export const seat = defineFact('seat', { ids: ['a'], fields: {} });
    export const shop = defineSource('shop', { url: { env: 'SHOP_URL' } });`;
  const facts = `facts:\n  course: { ids: [a], fields: {} }\n`;
  const seat = `  seat: { ids: [a], fields: {} }\n`;
  const shop = 'sources: { shop: { url: { env: SHOP_URL } } }\n';
  const files = {
    'a.yaml': facts,
    'b.yaml': facts + seat,
    'c.yaml': shop,
    'd.yaml': channels,
    'm.ts': definitions,
    'n.js': module('private-a.{school}'),
  };
  expect(await problemsOf(files)).toEqual([
    expect.stringMatching(/^b.yaml:2:3: the fact course is declared at .*a.yaml:2:3 as well$/),
    'b.yaml:3:3: the fact seat is declared in m.ts as well',
    'c.yaml:1:12: the source shop is declared in m.ts:3 as well',
    'd.yaml:2:3: the channel private-a.{school} is declared in n.js:2 as well',
  ]);
});

it('a misspelt parameter of a list is reported with the nearest name', async () => {
  const text = `${channels.trimEnd()}\n    list: { user: { params: { schol: user.id } } }\n`;
  expect(await problemsOf({ 'p.yaml': text })).toContainEqual(
    expect.stringContaining('schol is not a parameter of the channel; the nearest is school'),
  );
});

it.each(['int', 'list(string)', 'timestamp'])('%s cannot be the tenant', async (type) => {
  const yaml = `facts:\n  seat: { ids: [a], fields: { n: ${type} }, tenant: n }\n`;
  const message = `the tenant must be a string, and n is of the type ${type}`;
  expect(await problemsOf({ 'p.yaml': yaml })).toEqual([expect.stringContaining(message)]);
  const module = `import { defineFact } from 'usher/policy';
    export const seat = defineFact('seat', { ids: ['a'], fields: { n: '${type}' }, tenant: 'n' });`;
  expect(await problemsOf({ 'm.ts': module })).toEqual([expect.stringContaining(message)]);
});

it('a subscription of the demo to an unknown channel is reported', async () => {
  const demo = (channel: string) =>
    `demo:\n  principals: { ada: { kind: user, id: '1' } }\n  subscribe:\n    - { who: ada, channel: ${channel} }\n`;
  expect(await problemsOf({ 'p.yaml': channels + demo('private-a.north') })).toEqual([]);
  expect(await problemsOf({ 'p.yaml': channels + demo('private-b.north') })).toEqual([
    'p.yaml:8: private-b.north of the demo is not a channel of the policy',
  ]);
});
