import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identification } from '../../src/authn/credential.ts';
import { createTokenReaders } from '../../src/authn/issued-token.ts';
import { createDiscoveredKeys, createJwks } from '../../src/authn/jwt/jwks.ts';
import { createLocalKeys } from '../../src/authn/jwt/local-key.ts';
import { createJwtVerifier } from '../../src/authn/jwt/verify-jwt.ts';
import { createTokenIssuers, type TokenIssuer } from '../../src/authn/token-issuers.ts';
import type { KeysPolicy, Policy } from '../../src/policy/policy.ts';
import { issuerPresets } from '../../src/policy/yaml/issuer-presets.ts';
import { loadPolicyText } from '../support/load-policy-files.ts';
import { testNow, testSecret } from '../support/tokens.ts';
import {
  changed,
  documentedIssuer,
  documentedIssuers,
  fixtureNames,
  loadIssuer,
  readFixture,
  type PresetToken,
} from './preset-fixtures.ts';
import { providerKeys, startProviders, type Providers } from './provider.ts';

let issuer = '';
let folder = '';
let providers: Providers;

beforeAll(async () => {
  providers = await startProviders(() => issuer);
  folder = await mkdtemp(join(tmpdir(), 'usher-keys-'));
  await writeFile(join(folder, 'public.key'), providerKeys.publicPem);
});
afterAll(async () => {
  await providers.close();
  await rm(folder, { recursive: true });
});

const now = () => testNow;

/** Reads tokens as the issuers of this policy do. */
function createReader(policy: Policy): (text: string) => Promise<Identification> {
  const onFetched = () => undefined;
  const openKeys = (_name: string, keys: KeysPolicy) => {
    const { fetch } = providers;
    if (keys.from === 'discovery') {
      ({ issuer } = keys);
      return createDiscoveredKeys({ issuer, fetch, now, onFetched });
    }
    if (keys.from === 'jwks') return createJwks({ url: keys.url, fetch, now, onFetched });
    const place = 'env' in keys.place ? keys.place : { file: join(folder, 'public.key') };
    const deps = { variable: () => testSecret.reveal(), now, overlapMs: 0, onRead: onFetched };
    return createLocalKeys({ ...keys, place }, deps);
  };
  const issuers = createTokenIssuers({
    fixed: new Map(),
    variable: () => undefined,
    openKeys,
    policy: () => policy,
    onChange: () => undefined,
  });
  return createTokenReaders(createJwtVerifier<TokenIssuer>({ now }), issuers).bearer;
}

/** A token of a provider, signed. */
interface SignedToken {
  readonly token: PresetToken;
  readonly text: string;
}

function expectRead({ token }: SignedToken, read: Identification): void {
  const { accepted, notes, refused = '' } = token;
  if (accepted === undefined) {
    const detail = 'fault' in read ? read.detail?.replace(/^issuer \w+: /, '') : read;
    expect(detail).toBe(refused);
    return;
  }
  if ('fault' in read) throw new Error(read.detail ?? read.fault);
  const { kind, id, roles, tenantId, name, attributes, tokenId } = read.principal;
  expect({ kind, id, roles, tenantId, name, attributes: attributes ?? {}, tokenId }).toEqual({
    kind: 'user',
    id: accepted.id,
    roles: accepted.roles ?? [],
    tenantId: accepted.tenant,
    name: accepted.name ?? undefined,
    attributes: accepted.attributes ?? {},
    tokenId: accepted.tokenId,
  });
  expect('notes' in read ? read.notes : []).toEqual(notes ?? []);
}

describe.each(fixtureNames)('the preset %s', (preset) => {
  const fixture = readFixture(preset);
  const example = documentedIssuer(preset);
  const configurations = [
    { name: 'as documented', tokens: fixture.tokens },
    ...(fixture.variants ?? []),
  ];

  it('names the documentation of its tokens', () => {
    expect(fixture.documentation.length).toBeGreaterThan(1);
    for (const each of fixture.documentation) {
      const [[title, address] = ['', '']] = Object.entries(each);
      expect([title.length > 5, address]).toEqual([true, expect.stringMatching(/^https:\/\//)]);
    }
  });

  it('is tested with a valid token, and with each kind that it must refuse', () => {
    const names = fixture.tokens.filter(({ refused }) => refused).map(({ name }) => name);
    expect(fixture.tokens.some(({ accepted }) => accepted)).toBe(true);
    expect(names.join('; ')).toMatch(/renew|refresh/i);
    expect(names.join('; ')).toMatch(/another|other/);
  });

  describe.each(configurations)('$name', (configuration) => {
    const variant = { issuer: {}, without: [], claims: {}, ...configuration };
    const without = Object.fromEntries(variant.without.map((key) => [key, null]));
    const fields = { ...changed(example.fields, without), ...variant.issuer };
    let read: (text: string) => Promise<Identification>;
    beforeAll(async () => {
      read = createReader(await loadIssuer(example.name, fields));
    });

    it.each(variant.tokens.map((token) => [token.name, token] as const))(
      'reads %s',
      async (_name, token) => {
        const alg = variant.algorithm ?? fixture.algorithm;
        const header = { alg, typ: 'JWT', ...fixture.header, ...token.header };
        const claims = changed(changed(fixture.claims, variant.claims), token.claims);
        const text = token.text ?? providerKeys.sign(header, claims, token.key);
        const signed = { token, text };
        // Twice: a cached token must have the same result.
        expectRead(signed, await read(text));
        expectRead(signed, await read(text));
      },
    );
  });
});

describe('the documentation of presets', () => {
  it('has a fixture and an example for each preset', () => {
    const presets = Object.keys(issuerPresets).sort();
    expect([...fixtureNames].sort()).toEqual(presets);
    expect([...new Set(documentedIssuers.map(({ fields }) => fields['preset']))].sort()).toEqual(
      presets,
    );
  });

  it.each(documentedIssuers)('has an example that loads: $fields.preset, %#', async ({ text }) => {
    const { issuers } = await loadPolicyText(`version: 1\n${text}`);
    expect([...issuers.values()].some(({ tokens }) => tokens !== undefined)).toBe(true);
  });
});

describe('a token of Entra with 200 groups', () => {
  const groups = Array.from(
    { length: 200 },
    (_, i) => `0a1b2c3d-0000-4000-8000-${String(i).padStart(12, '0')}`,
  );

  it('is read with all of them', async () => {
    const { algorithm: alg, claims } = readFixture('entra');
    const { name, fields } = documentedIssuer('entra');
    const text = providerKeys.sign({ alg, typ: 'JWT' }, { ...claims, groups });
    expect(text.length).toBeGreaterThan(10_000);
    const read = createReader(await loadIssuer(name, fields));
    expect(await read(text)).toMatchObject({ principal: { attributes: { groups } } });
  });
});

describe('the keys of a preset', () => {
  it.each([
    ['keycloak', 'https://id.example/realms/shop/.well-known/openid-configuration'],
    ['auth0', 'https://shop.eu.auth0.com/.well-known/openid-configuration'],
    ['clerk', 'https://clerk.shop.example/.well-known/jwks.json'],
    ['supabase', 'https://exampleref0123456789.supabase.co/auth/v1/.well-known/jwks.json'],
    [
      'firebase',
      'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
    ],
  ])('of %s are at %s', async (preset, address) => {
    const { algorithm: alg, claims } = readFixture(preset);
    const { name, fields } = documentedIssuer(preset);
    const before = providers.requests.length;
    await createReader(await loadIssuer(name, fields))(providerKeys.sign({ alg }, claims));
    expect(providers.requests[before]).toBe(address);
  });
});
