import { readdirSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { Policy } from '../../src/policy/policy.ts';
import { loadPolicyText } from '../support/load-policy-files.ts';
import type { JsonObject } from '../support/tokens.ts';

/** A token of a provider, built from its documentation. Its claims change those of the fixture; null leaves a claim out. */
export interface PresetToken {
  readonly name: string;
  readonly header?: JsonObject;
  readonly claims?: JsonObject;
  /** Instead of claims: a token that is no JWT. */
  readonly text?: string;
  /** Signed with a key that is not that of the issuer. */
  readonly key?: 'other';
  readonly accepted?: {
    readonly id: string;
    readonly roles?: readonly string[];
    readonly tenant?: string;
    readonly name?: string | null;
    readonly attributes?: JsonObject;
    readonly tokenId?: string;
  };
  readonly notes?: readonly string[];
  /** The exact reason of the refusal. */
  readonly refused?: string;
}

/** Tokens of one configuration of a provider. */
export interface PresetVariant {
  readonly name: string;
  readonly algorithm?: string;
  /** Fields that change those of the documented example, and fields that are left out of it. */
  readonly issuer?: JsonObject;
  readonly without?: readonly string[];
  readonly claims?: JsonObject;
  readonly tokens: readonly PresetToken[];
}

interface PresetFixture {
  readonly documentation: readonly object[];
  readonly algorithm: string;
  readonly header?: JsonObject;
  readonly claims: JsonObject;
  readonly tokens: readonly PresetToken[];
  readonly variants?: readonly PresetVariant[];
}

const directory = new URL('../vectors/issuer-presets/', import.meta.url);

/** The names of the presets that have a fixture. */
export const fixtureNames = readdirSync(directory).map((file) => file.replace('.yaml', ''));

export const readFixture = (name: string): PresetFixture =>
  parse(readFileSync(new URL(`${name}.yaml`, directory), 'utf8'), { merge: true }) as PresetFixture;

/** Claims or fields with these changes; null leaves one out. */
export const changed = (values: JsonObject, changes: JsonObject = {}): JsonObject =>
  Object.fromEntries(
    Object.entries({ ...values, ...changes }).filter(([, value]) => value !== null),
  );

const page = readFileSync(new URL('../../docs/issuer-presets.md', import.meta.url), 'utf8');

/** The sections `issuers` that the documentation shows. */
export const documentedIssuers = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(
  ([, text = '']) => {
    const { issuers } = parse(text) as { issuers: Record<string, JsonObject> };
    const [[name, fields] = ['', {}]] = Object.entries(issuers);
    return { text, name, fields };
  },
);

/** The first documented issuer with this preset. */
export function documentedIssuer(preset: string) {
  const found = documentedIssuers.find(({ fields }) => fields['preset'] === preset);
  if (found === undefined) throw new Error(`docs/issuer-presets.md has no ${preset}`);
  return found;
}

/** Loads a policy of this one issuer. */
export const loadIssuer = (name: string, fields: JsonObject): Promise<Policy> =>
  loadPolicyText(`version: 1\n${stringify({ issuers: { [name]: fields } })}`);
