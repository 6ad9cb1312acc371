import type { Origin, WriteDecision } from '../audit/audit-event.ts';
import { parseChannelName } from '../policy/channel-name.ts';
import type { ChannelRegistry, ChannelMatch } from '../policy/channel-registry.ts';
import {
  firstFailed,
  refuse,
  type DecisionBase,
  type Refusal,
  type RefusalCode,
} from '../policy/decision.ts';
import type { ChannelType } from '../policy/define-channel.ts';
import type { FactLists, OpenListPage, ListCursor } from '../policy/facts.ts';
import { fillPattern } from '../policy/pattern.ts';
import { principalId, principalKey, tenantOf, type Principal } from '../policy/principal.ts';
import type { Limits, ReportLimitExceeded } from '../rate-limit/limits.ts';
import type { UserAuthRequest } from './auth-request.ts';
import { authenticate, tenantChecks, type AuthenticateDeps } from './authenticate.ts';
import { permittedMatches, type EvaluateDeps } from './evaluate.ts';

/** What a list depends on. */
export interface ListChannelsDeps extends AuthenticateDeps, EvaluateDeps {
  readonly channels: ChannelRegistry;
  readonly openOwnPage: OpenListPage;
  readonly limits: Pick<Limits, 'consume'>;
  /** Authorizations a minute and principal, of which a list is one. */
  readonly authorizations: number;
  readonly reportExcess: ReportLimitExceeded;
  readonly writeDecision: WriteDecision;
  readonly newId: () => string;
}

/** One page of the channels that a principal may enter now; `next` where another page follows. */
export interface ChannelPage {
  readonly channels: readonly string[];
  readonly next: ListCursor | undefined;
}

/** Why there is no list, and what is known of the principal; `retryAfterMs` where only waiting helps. */
interface ListRefusal {
  readonly code: RefusalCode;
  readonly known: Pick<DecisionBase, 'principal' | 'tenantId'>;
  readonly retryAfterMs?: number;
}

type ListRequest = Pick<UserAuthRequest, 'credentials' | 'constraints' | 'origin'> & {
  readonly cursor?: ListCursor | undefined;
};

/**
 * Lists the channels of the principal that it may subscribe to now, each evaluated as in a subscription, so that a client can
 * leave the others. Resolves to a refusal that is in the audit log, or throws `Unavailable`.
 */
export async function listChannels(
  request: ListRequest,
  deps: ListChannelsDeps,
): Promise<ChannelPage | Refusal> {
  const listed = await list(request, deps);
  if ('channels' in listed) return listed;
  const { code, known, retryAfterMs } = listed;
  const attempt: DecisionBase = { id: deps.newId(), action: 'list-channels', checks: [], ...known };
  const refusal: Refusal = {
    ...refuse(attempt, code),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  await deps.writeDecision(refusal, request.origin);
  return refusal;
}

async function list(
  { credentials, constraints, origin, cursor }: ListRequest,
  deps: ListChannelsDeps,
): Promise<ChannelPage | ListRefusal> {
  const authenticated = await authenticate(credentials, deps);
  if ('code' in authenticated) return authenticated;
  const { principal } = authenticated;
  // Otherwise a page with the wrong tenant would get an empty list, and leave all its channels.
  const disagreed = firstFailed(tenantChecks(constraints, principal, undefined));
  const known = { principal, tenantId: tenantOf(principal) };
  if (disagreed) return { code: disagreed.code, known };
  const exceeded = await countList(principal, origin, deps);
  if (exceeded) return exceeded;

  const page = deps.openOwnPage(cursor);
  // Families without a fact are listed whole, on the first page.
  const families = deps.channels.channelTypes.filter(({ load }) => load || cursor === undefined);
  const permitted = await Promise.all(
    families.map(async (family) => {
      const entries = await matchesOf(family, principal, { ...deps, findOwn: page.lists });
      const evaluated = entries.map((matches) =>
        permittedMatches(matches, { principal, constraints }, deps),
      );
      return (await Promise.all(evaluated)).flat();
    }),
  );
  return { channels: permitted.flat().map(({ channel }) => channel.text), next: page.next() };
}

async function countList(
  principal: Principal,
  origin: Origin,
  { limits, authorizations, reportExcess }: ListChannelsDeps,
): Promise<ListRefusal | undefined> {
  const key = principalKey(principal);
  const taken = await limits.consume([{ limit: 'authorizations', key, perMinute: authorizations }]);
  if (!('exceeded' in taken)) return undefined;
  const subject = { principalId: principalId(principal), tenantId: tenantOf(principal) };
  await reportExcess('authorizations', key, { origin, ...subject });
  return {
    code: 'too-many-authorizations',
    known: { principal, tenantId: tenantOf(principal) },
    retryAfterMs: taken.retryAfterMs,
  };
}

/** For each of the principal's own parameters of a family, what its forms are read as; ids that no channel can name are left out. */
async function matchesOf(
  family: ChannelType,
  principal: Principal,
  { channels, findOwn }: { readonly channels: ChannelRegistry; readonly findOwn: FactLists },
): Promise<readonly (readonly ChannelMatch[])[]> {
  const own = await family.list(principal, findOwn);
  return own.map((params) => {
    const body = fillPattern(family.pattern, params);
    return family.forms.flatMap((form) => {
      const channel = parseChannelName(`${form}-${body}`);
      const match = channel && channels.match(channel);
      return match === undefined || typeof match === 'string' ? [] : [match];
    });
  });
}
