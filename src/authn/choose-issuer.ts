import { fixedIssuers } from '../policy/policy.ts';
import { claimFault, describeType } from './claim-fault.ts';
import type { RefusedCredential } from './credential.ts';
import { parseJsonObject } from './json-object.ts';
import { isHmacAlgorithm } from './jwt/token-key.ts';
import type { JwtChoice } from './jwt/verify-jwt.ts';
import type { TokenIssuer } from './token-issuers.ts';

/** The issuers of which one may have made a token. */
export interface TokenChoice extends JwtChoice<TokenIssuer> {
  readonly issuers: readonly TokenIssuer[];
}

/**
 * Chooses by the `iss` of the token, which is not verified yet, so only the keys of that issuer can verify it. A token with another
 * `iss` or with none is of an issuer whose `iss` is not checked: of that with a secret, or of that with public keys.
 */
export function createTokenChoice(issuers: readonly TokenIssuer[]): TokenChoice {
  const named = new Map(
    issuers.flatMap((each) => (each.issuer === undefined ? [] : [[each.issuer, each]])),
  );
  const unnamed = issuers.filter(({ issuer }) => issuer === undefined);
  return {
    issuers,
    includes: (issuer) => issuers.includes(issuer),
    choose: (text, alg) => {
      const iss = named.size === 0 ? undefined : issuerClaimOf(text);
      const exact = typeof iss === 'string' ? named.get(iss) : undefined;
      if (exact !== undefined) return exact;
      const symmetric = isHmacAlgorithm(alg);
      const open =
        unnamed.length === 1
          ? unnamed[0]
          : unnamed.find(({ isSymmetric }) => isSymmetric === symmetric);
      return open ?? unknownIssuer(iss, [...named.values()]);
    },
  };
}

/** Reads `iss` without verifying the token. */
function issuerClaimOf(text: string): unknown {
  const payload = text.slice(text.indexOf('.') + 1, text.lastIndexOf('.'));
  return parseJsonObject(Buffer.from(payload, 'base64url'))?.get('iss');
}

function unknownIssuer(iss: unknown, issuers: readonly TokenIssuer[]): Required<RefusedCredential> {
  const near = typeof iss === 'string' && issuers.find(({ issuer = '' }) => isNear(iss, issuer));
  if (near) {
    const detail = `claim iss is exactly that of the issuer ${near.name}: found a text that differs in its case or in a slash at its end`;
    return { fault: 'credential-rejected', detail };
  }
  const [only, second] = issuers;
  if (only !== undefined && second === undefined) {
    return claimFault('iss', 'the configured issuer', iss);
  }
  return claimFault('iss', 'that of a configured issuer', iss);
}

const isNear = (one: string, other: string): boolean => plain(one) === plain(other);

const plain = (iss: string): string => iss.toLowerCase().replace(/\/+$/, '');

/** Names the issuer in the reason, unless there is no other one. */
export function ofIssuer(
  refused: RefusedCredential,
  issuer: TokenIssuer | undefined,
  { issuers }: TokenChoice,
): RefusedCredential {
  if (issuer === undefined || refused.detail === undefined) return refused;
  if (issuers.length === 1 && fixedIssuers.includes(issuer.name)) return refused;
  return { ...refused, detail: `issuer ${issuer.name}: ${refused.detail}` };
}

/** Why the issuer of a token is chosen, and why the others are not, for operators. */
export function explainChoice(
  text: string,
  { issuers, choose }: TokenChoice,
  alg: string,
): readonly string[] {
  const chosen = choose(text, alg);
  const iss = issuerClaimOf(text);
  return issuers.map((issuer) => {
    const { name } = issuer;
    if (issuer === chosen) {
      return issuer.issuer === undefined
        ? `${name}: chosen, because it takes any iss of no other issuer`
        : `${name}: chosen by the iss of the token`;
    }
    if (issuer.issuer !== undefined) {
      const near = typeof iss === 'string' && isNear(iss, issuer.issuer);
      const found = near
        ? 'a text that differs in its case or in a slash at its end'
        : describeType(iss);
      return `${name}: not chosen, because its iss is another: found ${found}`;
    }
    return 'fault' in chosen || chosen.issuer === undefined
      ? `${name}: not chosen, because it has ${issuer.isSymmetric ? 'a secret' : 'public keys'}, and the alg of the token is for another kind of key`
      : `${name}: not chosen, because the iss of the token is that of ${chosen.name}`;
  });
}
