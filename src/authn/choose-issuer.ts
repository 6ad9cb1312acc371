import { fixedIssuers } from '../policy/policy.ts';
import { describeType } from '../runtime/describe-type.ts';
import { claimFault } from './claims.ts';
import { rejected, type RefusedCredential } from './credential.ts';
import { parseJsonMembers } from './json-object.ts';
import { readJwtHeader } from './jwt/jwt-header.ts';
import { isHmacAlgorithm } from './jwt/token-key.ts';
import type { JwtChoice } from './jwt/verify-jwt.ts';
import type { TokenIssuer } from './token-issuers.ts';

/** The issuers of which one may have made a token. */
export type TokenChoice = JwtChoice<TokenIssuer>;

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
    choose: (text, alg) => {
      const iss = named.size === 0 ? undefined : issuerClaimOf(text);
      const exact = typeof iss === 'string' ? named.get(iss) : undefined;
      if (exact !== undefined) return exact;
      const symmetric = isHmacAlgorithm(alg);
      const fitting = unnamed.find(({ isSymmetric }) => isSymmetric === symmetric);
      // The only issuer can say best what is wrong with the algorithm. Beside others, a wrong `iss` is the likely cause.
      const open = fitting ?? (issuers.length === 1 ? unnamed[0] : undefined);
      return open ?? unknownIssuer(iss, [...named.values()]);
    },
  };
}

/** Reads `iss` without verifying the token. */
export function issuerClaimOf(text: string): unknown {
  const payload = text.slice(text.indexOf('.') + 1, text.lastIndexOf('.'));
  return parseJsonMembers(Buffer.from(payload, 'base64url'))?.get('iss');
}

function unknownIssuer(iss: unknown, issuers: readonly TokenIssuer[]): Required<RefusedCredential> {
  const near = typeof iss === 'string' && issuers.find(({ issuer = '' }) => isNear(iss, issuer));
  if (near) {
    return rejected(
      `claim iss is exactly that of the issuer ${near.name}: found ${differsALittle}`,
    );
  }
  const [only, second] = issuers;
  if (only !== undefined && second === undefined) {
    return claimFault('iss', 'the configured issuer', iss);
  }
  return claimFault('iss', 'that of a configured issuer', iss);
}

const differsALittle = 'a text that differs in its case or in a slash at its end';

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

/** Why an issuer is chosen for a token, and why the others are not, for operators. */
export function explainChoice(text: string, choice: TokenChoice): readonly string[] {
  const header = readJwtHeader(text);
  if ('fault' in header) return [];
  const chosen = choice.choose(text, header.hint.alg);
  const iss = issuerClaimOf(text);
  return choice.issuers.map((each) => {
    if (each !== chosen) return `${each.name}: not chosen, because ${whyNot(each, chosen, iss)}`;
    return each.issuer === undefined
      ? `${each.name}: chosen, because it checks no iss, and no other issuer has that of the token`
      : `${each.name}: chosen, because it has the iss of the token`;
  });
}

function whyNot(
  { issuer, isSymmetric }: TokenIssuer,
  chosen: TokenIssuer | RefusedCredential,
  iss: unknown,
): string {
  if (issuer !== undefined) {
    const isAlike = typeof iss === 'string' && isNear(iss, issuer);
    const found = isAlike ? differsALittle : describeType(iss);
    return `the iss of the token is another one: found ${found}`;
  }
  if (!('fault' in chosen) && chosen.issuer !== undefined) {
    return `the iss of the token is that of ${chosen.name}`;
  }
  return `it has ${isSymmetric ? 'a secret' : 'public keys'}, and the alg of the token needs another kind of key`;
}
