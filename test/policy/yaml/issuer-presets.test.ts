import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { issuerPresets } from '../../../src/policy/yaml/issuer-presets.ts';
import { formatProblem } from '../../../src/policy/yaml/problem.ts';
import { readPolicyFile } from '../../../src/policy/yaml/read-policy.ts';

const read = (lines: string) => readPolicyFile('p.yaml', `version: 1\nissuers:\n${lines}`);
const problemsOf = (lines: string) => {
  const result = read(lines);
  return 'problems' in result ? result.problems.map(formatProblem) : [];
};
const only = (lines: string) => {
  const result = read(lines);
  if ('problems' in result) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.document.issuers[0]!;
};

const keycloak = `  a:
    preset: keycloak
    issuer: https://id.example/realms/shop
`;

describe('a preset', () => {
  it('is listed in the schema, for editors', () => {
    const schema = JSON.parse(
      readFileSync(new URL('../../../policies/policy.schema.json', import.meta.url), 'utf8'),
    ) as { $defs: { issuer: { properties: { preset: { enum: string[] } } } } };
    expect(schema.$defs.issuer.properties.preset.enum).toEqual(Object.keys(issuerPresets));
  });

  it('adds values that the operator omits', () => {
    expect(only(`${keycloak}    audience: [chat]\n`)).toMatchObject({
      kind: 'user',
      keys: 'discover',
      audience: ['chat'],
      require: { typ: { values: ['Bearer'], isOptional: false } },
      claims: { id: ['sub'], roles: ['realm_access', 'roles'], name: ['name'] },
      attributes: [{ name: 'groups', claim: ['groups'], type: 'list(string)' }],
    });
  });

  it('is overridden by the operator, claim by claim', () => {
    const own = only(`${keycloak}    audience: [chat]
    kind: staff
    keys: { jwks: https://id.example/keys }
    require: { typ: DPoP, azp: web }
    claims: { roles: [resource_access, chat, roles] }
    attributes: { groups: { claim: teams, type: string }, level: { claim: level, type: int } }
`);
    expect(own).toMatchObject({
      kind: 'staff',
      keys: { jwks: 'https://id.example/keys' },
      require: { typ: { values: ['DPoP'] }, azp: { values: ['web'] } },
      claims: { id: ['sub'], roles: ['resource_access', 'chat', 'roles'], name: ['name'] },
      attributes: [
        { name: 'groups', claim: ['teams'], type: 'string' },
        { name: 'level', claim: ['level'], type: 'int' },
      ],
    });
  });

  it('is overridden by an id that is built from attributes', () => {
    const own = only(`${keycloak}    audience: [chat]
    kind: partner
    id: [shop]
    attributes: { shop: { claim: shop, type: string } }
`);
    expect(own.claims).not.toHaveProperty('id');
  });

  it.each(['https://clerk.shop.example', 'https://clerk.shop.example/'])(
    'has the keys of %s',
    (issuer) => {
      const { keys } = only(
        `  a: { preset: clerk, issuer: '${issuer}', require: { azp: 'https://a.example' } }\n`,
      );
      expect(keys).toEqual({ jwks: 'https://clerk.shop.example/.well-known/jwks.json' });
    },
  );

  it('is not found by a similar name', () => {
    expect(problemsOf('  a:\n    preset: keycloack\n')).toEqual([
      expect.stringMatching(
        /^p\.yaml:4:13: the value of `preset` is not a preset: one of keycloak, .*; the nearest is keycloak$/,
      ),
    ]);
    expect(problemsOf('  a: { preset: constructor }\n')).toHaveLength(1);
  });

  it('cannot be used by an issuer of the settings', () => {
    expect(problemsOf('  user_token:\n    preset: simplejwt\n    kind: user\n')).toEqual([
      'p.yaml:4:5: `preset` of user_token does not fit the settings USER_TOKEN_…; give the issuer another name',
    ]);
  });

  it('makes the kind optional', () => {
    expect(
      problemsOf('  a: { issuer: https://a.example, keys: discover, audience: [a] }\n'),
    ).toEqual(['p.yaml:3:3: an issuer requires the key `kind`']);
  });
});

describe('the requirements of a preset', () => {
  const places = {
    keycloak: ['`issuer`', '`audience` or `require: { azp: … }`'],
    auth0: ['`issuer`', '`audience`'],
    cognito: ['`issuer`', '`require: { client_id: … }` or `audience`'],
    clerk: ['`issuer`', '`require: { azp: … }` or `audience`'],
    supabase: ['`issuer`'],
    firebase: ['`issuer`', '`audience`'],
    simplejwt: ['`keys`'],
    passport: ['`keys`', '`audience`'],
    tymon: ['`keys`'],
    entra: ['`issuer`', '`audience`'],
    okta: ['`issuer`', '`audience`'],
  };

  it.each(Object.entries(places))('are not met by an empty %s', (preset, needs) => {
    const problems = problemsOf(`  a:\n    preset: ${preset}\n`);
    const starts = needs.map((need) => `p.yaml:3:3: the preset ${preset} requires ${need}: `);
    expect(problems.map((problem, i) => problem.slice(0, starts[i]?.length))).toEqual(starts);
  });

  it.each([
    '{ azp: { present: true } }',
    '{ azp: { if_present: web } }',
    '{ azp: { differs_from: aud } }',
    '{ cid: web }',
  ])('are not met by %s', (rule) => {
    expect(problemsOf(`${keycloak}    require: ${rule}\n`)).toEqual([
      expect.stringContaining('the preset keycloak requires `audience`'),
    ]);
  });

  it('are the same without a preset: a condition is not a requirement of the token', () => {
    const issuer = (rule: string) =>
      `  a: { issuer: https://a.example, keys: discover, kind: user, require: ${rule} }\n`;
    expect(problemsOf(issuer('{ azp: web }'))).toEqual([]);
    expect(problemsOf(issuer('{ azp: [web, app] }'))).toEqual([]);
    expect(problemsOf(issuer('{ azp: { present: true } }'))).toEqual([
      expect.stringContaining('an issuer requires the key `audience`'),
    ]);
  });
});

describe('a required claim', () => {
  it.each([
    '[]',
    '[a, a]',
    '[[a]]',
    '{}',
    '{ present: false }',
    '{ present: true, if_present: a }',
    '{ if_present: [] }',
    '{ if_present: { present: true } }',
    '{ differs_from: [aud] }',
    '{ is: a }',
    'null',
  ])('cannot be %s', (rule) => {
    const [problem, ...others] = problemsOf(
      `${keycloak}    audience: [chat]\n    require:\n      typ: ${rule}\n`,
    );
    expect([problem, others]).toEqual([expect.stringMatching(/^p\.yaml:8:\d+: /), []]);
  });
});
