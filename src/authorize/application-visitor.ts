import { applicationVisitorKind, namesMember, type LaravelAsk } from '../policy/ask.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import type { ChannelType } from '../policy/channel-type.ts';
import type { VisitorHeaders } from '../policy/forward.ts';
import { maxTime, type Principal } from '../policy/principal.ts';
import type { AuthenticationRefusal, Authenticated, NotAuthenticated } from './authenticate.ts';
import { isRevoked, subjectsOf, type RevocationStore } from './revocation/revocation.ts';

/** A keyed hash of the forwarded headers of a visitor. */
export type Fingerprint = (headers: Readonly<Record<string, string>>) => string;

/** Usher reads no credential of this request. Any other refusal is one of a credential that it reads. */
const unread: ReadonlySet<AuthenticationRefusal> = new Set([
  'credential-missing',
  'credential-not-configured',
]);

/** The `ask` of a channel that accepts visitors whose credential only the application can read; `undefined` for other channels. */
export function askOfVisitors({
  ask,
  rules,
}: Pick<ChannelType, 'ask' | 'rules'>): LaravelAsk | undefined {
  return namesMember(ask) && rules.has(applicationVisitorKind) ? ask : undefined;
}

/** A visitor whose credential only the application can read. */
export const applicationVisitor = (id: string): Principal => ({
  kind: applicationVisitorKind,
  id,
  roles: [],
  expiresAt: maxTime,
});

/**
 * A visitor whose credential only the application can read, if its decision counts for this channel. A credential that Usher
 * reads and refuses stays refused: the application must not override that refusal.
 */
export function applicationVisitorOf(
  refused: NotAuthenticated,
  { match, headers, fingerprint }: ApplicationVisitorContext,
): Authenticated {
  const ask = unread.has(refused.code) ? askOfVisitors(match.channelType) : undefined;
  if (ask === undefined) return refused;
  if (headers?.isWithheld(ask.forward) === true) return { code: 'origin-refused', known: {} };
  const forwarded = headers?.select(ask.forward) ?? {};
  if (Object.keys(forwarded).length === 0) return refused;
  return { principal: applicationVisitor(fingerprint(forwarded)), checks: [] };
}

interface ApplicationVisitorContext {
  readonly match: ChannelMatch;
  readonly headers: VisitorHeaders | undefined;
  readonly fingerprint: Fingerprint;
}

/** The visitor as the user that the application named in its response. */
export function namedByApplication(principal: Principal, userId: string): Principal {
  if (principal.kind !== applicationVisitorKind) return principal;
  return { ...principal, id: userId, linkedUser: { id: userId } };
}

/** Whether the principal, or the user that the application named, was revoked before the response of the application. */
export async function isRevokedMeanwhile(
  principal: Principal,
  userId: string | undefined,
  revocations: Pick<RevocationStore, 'latest'>,
): Promise<boolean> {
  const named: readonly Principal[] =
    userId === undefined || userId === principal.id
      ? []
      : [{ ...principal, kind: 'user', id: userId, tokenId: undefined }];
  const subjects = [principal, ...named].flatMap(subjectsOf);
  return isRevoked(principal, await revocations.latest(subjects));
}
