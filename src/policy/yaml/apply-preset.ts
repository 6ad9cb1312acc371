import type { IssuerDeclaration, KeysDeclaration } from './policy-document.ts';
import { issuerPresets, type PresetNeed } from './issuer-presets.ts';
import { isBinding } from './read-claim-rules.ts';
import type { RawIssuer } from './read-issuers.ts';
import type { SchemaFault } from './schema-error.ts';

/**
 * Fills the fields of an issuer that its preset has. The issuer's own fields replace those of the preset; claims, required claims and
 * attributes replace those of the same name.
 */
export function applyPreset(raw: RawIssuer): RawIssuer {
  const preset = issuerPresets[raw.preset ?? '']?.fields;
  if (preset === undefined) return raw;
  const merged = {
    ...preset,
    ...raw,
    require: { ...preset.require, ...raw.require },
    claims: { ...preset.claims, ...raw.claims },
    attributes: { ...preset.attributes, ...raw.attributes },
  };
  // Attributes are the id instead.
  if (raw.id !== undefined && raw.claims?.['id'] === undefined) delete merged.claims['id'];
  const keys = raw.keys ?? toKeys(preset.keys, raw.issuer);
  return keys === undefined ? merged : { ...merged, keys };
}

/** Without an issuer the address is not used: the missing issuer is reported. */
function toKeys(
  keys: KeysDeclaration | undefined,
  issuer: string | undefined,
): KeysDeclaration | undefined {
  if (typeof keys !== 'object' || !('jwks' in keys) || issuer === undefined) return keys;
  return { ...keys, jwks: keys.jwks.replace('{issuer}', () => issuer.replace(/\/$/, '')) };
}

/** The fields that the preset requires and the policy does not have. */
export function checkPreset(issuer: IssuerDeclaration): readonly SchemaFault[] {
  const { at: path, preset = '' } = issuer;
  const missing = issuerPresets[preset]?.needs.filter((need) => !isMet(need, issuer)) ?? [];
  return missing.map(({ oneOf, reason }): SchemaFault => {
    const keys = oneOf.map((key) => {
      return typeof key === 'string' ? `\`${key}\`` : `\`require: { ${key.require}: … }\``;
    });
    const message = `the preset ${preset} requires ${keys.join(' or ')}: ${reason}`;
    return { path, part: 'key', message };
  });
}

const isMet = (
  { oneOf }: PresetNeed,
  { issuer, keys, audience, require: rules }: IssuerDeclaration,
): boolean => {
  const given = { issuer: issuer !== undefined, keys: keys !== undefined };
  return oneOf.some((key) => {
    if (typeof key === 'object') return isBinding(rules[key.require]);
    return key === 'audience' ? audience.length > 0 : given[key];
  });
};
