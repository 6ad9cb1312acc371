import { describe, expect, it } from 'vitest';
import { runPolicyTests } from '../../../src/policy-test/run-tests.ts';
import { loadPolicyFiles, problemsOf as policyProblems } from '../../support/load-policy-files.ts';

const problemsOf = async (...issuers: readonly string[]): Promise<readonly string[]> => {
  const text = ['version: 1', 'issuers:', ...issuers].join('\n');
  const problems = await policyProblems({ 'p.yaml': text });
  return problems.map((problem) => problem.replace(/^p\.yaml:/, ''));
};

const rest = 'audience: [chat], kind: user';

describe('an issuer', () => {
  it('is read with its defaults', async () => {
    const { issuers } = await loadPolicyFiles({
      'p.yaml': `
issuers:
  keycloak:
    issuer: https://id.example/realms/shop
    keys: discover
    audience: [account, chat]
    require: { typ: Bearer }
    kind: user
    claims: { roles: [realm_access, roles], tenant: 'https://shop.example/tenant' }
    attributes: { department: { claim: [org, department], type: string } }
    max_age: 90m
`,
    });
    expect(issuers.get('keycloak')).toMatchObject({
      kind: 'user',
      claims: {
        id: ['sub'],
        name: ['name'],
        roles: [['realm_access', 'roles']],
        tenant: ['https://shop.example/tenant'],
      },
      attributes: { department: { claim: ['org', 'department'], isRequired: false } },
      tokens: {
        issuer: 'https://id.example/realms/shop',
        keys: { from: 'discovery', issuer: 'https://id.example/realms/shop' },
        audience: ['account', 'chat'],
        require: { typ: { values: ['Bearer'], isOptional: false } },
        maxAgeMs: 5_400_000,
      },
    });
    expect([...issuers.keys()]).toEqual(['guest_token', 'user_token', 'keycloak']);
  });

  it.each([
    'http://127.0.0.1:8080/keys',
    'http://localhost/keys',
    'http://[::1]/keys',
    'https://id.example/keys',
  ])('may have its keys at %s', async (jwks) => {
    expect(await problemsOf(`  a: { keys: { jwks: '${jwks}' }, ${rest} }`)).toEqual([]);
    const pinned = `  a: { keys: { jwks: '${jwks}', algorithm: PS256 }, ${rest} }`;
    expect(await problemsOf(pinned)).toEqual([]);
  });

  it.each([
    ['http://id.example', 'must use https'],
    ['http://127.0.0.1.example', 'must use https'],
    ['ftp://id.example', 'must use https'],
    ['https://a:b@id.example', 'must not have a user name or a password'],
    ['https://id.example:6000', 'must not use a port that the Fetch standard blocks'],
    ['id.example', 'must be an address'],
  ])('cannot have its keys at %s', async (address, problem) => {
    expect(await problemsOf(`  a: { keys: { jwks: '${address}' }, ${rest} }`)).toEqual([
      expect.stringMatching(`^3:22: the address ${problem}`),
    ]);
    expect(await problemsOf(`  a: { issuer: '${address}', keys: discover, ${rest} }`)).toEqual([
      expect.stringMatching(`^3:16: the address ${problem}`),
    ]);
  });

  it.each([
    [
      '  a: { keys: discovr, issuer: x, audience: [y], kind: user }',
      '3:14: the value of `keys` is not a source of keys: one of discover; the nearest is discover',
    ],
    [
      '  a: { kees: discover, kind: user }',
      '3:8: kees is not a key of an issuer; the nearest is keys',
    ],
    ['  a: { kind: user }', '3:3: an issuer requires the key `keys`'],
    [
      `  a: { keys: discover, ${rest} }`,
      '3:8: `keys: discover` requires the key `issuer` beside it: the address of the issuer',
    ],
    [
      "  a: { issuer: 'https://a.example', keys: discover, kind: user }",
      '3:3: an issuer requires the key `audience`, or `require` with the claim that binds a token to this application: its other tokens would be accepted here',
    ],
    [
      `  a: { keys: { jwks: 'https://a.example', secret: { env: A } }, ${rest} }`,
      '3:8: keys require exactly one of `jwks`, `secret` and `public_key`',
    ],
    [
      `  a: { keys: { algorithm: HS256 }, ${rest} }`,
      '3:8: keys require exactly one of `jwks`, `secret` and `public_key`',
    ],
    [
      `  a: { keys: { secret: { env: A, file: b } }, ${rest} }`,
      '3:24: `secret` has 2 entries; at most 1 are allowed',
    ],
    [
      `  a: { keys: { secret: { env: A }, algorithm: RS256 }, ${rest} }`,
      '3:47: RS256 is not an algorithm of a secret',
    ],
    [
      `  a: { keys: { public_key: { env: A }, algorithm: HS256 }, ${rest} }`,
      '3:51: HS256 is not an algorithm of a public key',
    ],
    [
      `  a: { keys: { public_key: { env: A }, encoding: base64 }, ${rest} }`,
      '3:40: `encoding` is that of a secret',
    ],
    [
      `  a: { keys: { secret: { env: A }, encoding: hex }, ${rest} }`,
      '3:46: the value of `encoding` is not an encoding: one of base64',
    ],
    [
      `  a: { keys: { jwks: 'https://a.example', algorithm: HS256 }, ${rest} }`,
      '3:54: HS256 is not an algorithm of a public key',
    ],
    [
      `  a: { keys: { secret: { env: A } }, max_age: 1w, ${rest} }`,
      '3:47: the value of `max_age` is not a duration: a whole number with s, m, h or d, such as 15m; of a token the maximum of `exp` − `iat`',
    ],
    [
      `  a: { keys: { secret: { env: A } }, claims: { role: r }, ${rest} }`,
      '3:48: role is not a key of a mapping of claims; the nearest is roles',
    ],
    [
      `  a: { keys: { secret: { env: A } }, attributes: { tenant: { claim: t, type: string } }, ${rest} }`,
      '3:52: tenant is what rules read of every principal: set its claim in `claims`',
    ],
    [
      '  a: { keys: { secret: { env: A } }, audience: [b], kind: visitor }',
      '3:59: a token cannot make a visitor, which another credential of Usher makes',
    ],
    ['  session: { kind: user }', '3:20: a session makes a visitor'],
    [
      '  session: { kind: visitor, claims: { id: sub } }',
      '3:29: `claims` of a session has a fixed name in the response of the application; declare `attributes` only',
    ],
    [
      '  session: { kind: visitor, keys: discover, attributes: { level: { claim: level, type: int } } }',
      '3:29: `keys` of session is one of the settings SESSION_…; give the issuer another name',
    ],
    [
      '  session: { kind: visitor, attributes: { is_staff: { claim: staff, type: bool } } }',
      '3:43: is_staff is what rules read of every visitor',
    ],
    [
      '  guest_token: { keys: discover, kind: guest }',
      '3:18: `keys` of guest_token is one of the settings GUEST_TOKEN_…; give the issuer another name',
    ],
  ])('%s', async (issuer, problem) => {
    expect(await problemsOf(issuer)).toEqual([problem]);
  });
});

describe('two issuers', () => {
  const named = (name: string, iss: string) =>
    `  ${name}: { issuer: '${iss}', keys: { secret: { env: A } }, ${rest} }`;
  const open = (name: string, keys: string) => `  ${name}: { keys: { ${keys} }, ${rest} }`;

  it('may have different iss', async () => {
    const iss = 'https://a.example';
    expect(await problemsOf(named('a', iss), named('b', iss))).toEqual([
      '4:8: has the same `issuer` as the issuer a: a token would fit both',
    ]);
    expect(await problemsOf(named('a', iss), named('b', `${iss}/`))).toEqual([]);
  });

  it.each([
    ['secret: { env: A }', 'secret: { file: b }'],
    ['public_key: { env: A }', "jwks: 'https://a.example'"],
  ])('without iss cannot have keys of the same kind: %s, %s', async (one, other) => {
    expect(await problemsOf(open('a', one), open('b', other))).toEqual([
      '4:8: has no `issuer`, and the same kind of key as the issuer a: a token would fit both',
    ]);
  });

  it('without iss may have a secret and a public key', async () => {
    const [one, other] = [open('a', 'secret: { env: A }'), open('b', 'public_key: { env: A }')];
    expect(await problemsOf(one, other)).toEqual([]);
  });

  it('of one kind must have the same type for an attribute, and the same form of the id', async () => {
    const of = (name: string, more: string) =>
      `  ${name}: { issuer: ${name}, keys: { secret: { env: A } }, audience: [x], kind: partner, ${more} }`;
    const typed = (type: string) => `attributes: { level: { claim: l, type: ${type} } }`;
    expect(await problemsOf(of('a', typed('int')), of('b', typed('string')))).toEqual([
      '4:70: makes principals of the same kind as the issuer a, with another type of the attribute level',
    ]);
    expect(
      await problemsOf(of('a', `id: [level], ${typed('int')}`), of('b', typed('int'))),
    ).toEqual(['4:70: makes principals of the same kind as the issuer a, with another id']);
  });
});

describe('rules and tests', () => {
  const policy = `
issuers:
  a:
    issuer: a
    keys: { secret: { env: A } }
    audience: [x]
    kind: user
    attributes:
      department: { claim: d, type: string }
      level: { claim: l, type: int }
      since: { claim: s, type: timestamp }
      groups: { claim: g, type: list(string) }
  b:
    issuer: b
    keys: { secret: { env: A } }
    audience: [x]
    kind: partner
    attributes: { shop: { claim: s, type: string } }
channels:
  private-desk-{department}:
    params: { department: id }
    allow:
      user: { user is of it: user.department == params.department }
  private-old:
    allow:
      user:
        user is old enough: user.since < now && user.level > 2
        user is in the group: "'old' in user.groups"
  private-shop-{shop}:
    params: { shop: id }
    allow:
      partner: { partner has it: partner.shop == params.shop && partner.id != '' }
`;
  const tests = `
now: 2026-01-01T00:00:00Z
principals:
  ada: { kind: user, id: '1', department: it, level: 3, since: '2025-01-01T00:00:00Z', groups: [old] }
  ben: { kind: user, id: '2', level: 2, since: '2025-01-01T00:00:00Z', groups: [old] }
  cyd: { kind: user, id: '3', level: 3, since: '2027-01-01T00:00:00Z', groups: [old] }
  dot: { kind: user, id: '4', level: 3, since: '2025-01-01T00:00:00Z' }
  eve: { kind: partner, id: '4', shop: s }
expect:
  - { who: ada, channel: private-desk-it, grant: true }
  - { who: ben, channel: private-desk-it, refuse: not-allowed }
  - { who: ada, channel: private-old, grant: true }
  - { who: ben, channel: private-old, refuse: not-allowed }
  - { who: cyd, channel: private-old, refuse: not-allowed }
  - { who: dot, channel: private-old, refuse: not-allowed }
  - { who: eve, channel: private-shop-s, grant: true }
`;

  it('read the attributes with their types', async () => {
    const loaded = await loadPolicyFiles({ 'p.yaml': policy, 'p.test.yaml': tests });
    const { results } = await runPolicyTests(loaded, () => 0);
    expect(results.flatMap(({ problems }) => problems)).toEqual([]);
    expect(results).toHaveLength(7);
  });

  it.each([
    ['user.department', 'user.departmnt', /unknown field departmnt/],
    ['user.level > 2', "user.level == 'x'", /^27:\d+: int == string is not supported/],
    ['partner.shop ==', 'partner.department ==', /unknown field department/],
  ])('are checked when the policy is loaded: %s → %s', async (before, after, problem) => {
    const text = policy.replace(before, after);
    expect(text).not.toBe(policy);
    const [first = ''] = await problemsOf(...text.split('\n').slice(2));
    expect(first).toMatch(problem);
  });

  it.each([
    ['level: 3, since', 'level: x, since', 'level must be int'],
    ['shop: s }', 'shp: s }', 'shp is not an attribute of this kind of principal'],
    ["since: '2027-01-01T00:00:00Z'", "since: 'soon'", 'since must be timestamp'],
  ])('have the attributes of the kind: %s → %s', async (before, after, problem) => {
    const changed = tests.replace(before, after);
    expect(changed).not.toBe(tests);
    await expect(
      loadPolicyFiles({ 'p.yaml': policy, 'p.test.yaml': changed }),
    ).rejects.toMatchObject({
      problems: [expect.stringContaining(problem)],
    });
  });
});
