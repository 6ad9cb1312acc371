import type { Origin, WriteDecision } from '../audit/audit-event.ts';
import { parseChannelName } from '../policy/pusher-names.ts';
import type { ChannelRegistry, ChannelMatch } from '../policy/channel-registry.ts';
import {
  firstFailed,
  refuse,
  type DecisionBase,
  type Refusal,
  type RefusalCode,
} from '../policy/decision.ts';
import { type ChannelType, type ListEntry, type SqlList } from '../policy/channel-type.ts';
import { ruleInput, principalKey, type Principal } from '../policy/principal.ts';
import type { FactPage, ListCursor, OpenFactPage } from '../policy/fact-kind.ts';
import { isValueOf } from '../policy/param.ts';
import { fillPattern } from '../policy/pattern.ts';
import type { Policy } from '../policy/policy.ts';
import type { Limits, ReportLimitExceeded } from '../rate-limit/limits.ts';
import { withoutPermit } from '../runtime/permits.ts';
import type { UserAuthRequest } from './auth-request.ts';
import {
  authenticate,
  tenantChecks,
  type AuthenticateDeps,
  type NotAuthenticated,
} from './authenticate.ts';
import { permittedMatches, type EvaluateDeps } from './evaluate.ts';
import { viewerOf } from './find-facts.ts';

export interface ListChannelsDeps extends AuthenticateDeps, EvaluateDeps {
  readonly policy: () => Policy;
  readonly openFactPage: OpenFactPage;
  readonly limits: Pick<Limits, 'consume'>;
  /** Authorizations per minute and principal; a list counts as one. */
  readonly authorizations: number;
  readonly reportLimitExceeded: ReportLimitExceeded;
  readonly writeDecision: WriteDecision;
  readonly newId: () => string;
}

/** One page of the channels that a principal may subscribe to; `next` is the cursor of the next page. */
interface ChannelPage {
  readonly channels: readonly string[];
  readonly next: ListCursor | undefined;
}

interface ListRefusal {
  readonly code: RefusalCode;
  readonly known: NotAuthenticated['known'];
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
  // With an empty list instead, a page with the wrong tenant would leave all its channels.
  const mismatch = firstFailed(tenantChecks(constraints.tenantIds, principal, undefined));
  const known = { principal, tenantId: principal.tenantId };
  if (mismatch) return { code: mismatch.code, known };
  const exceeded = await countList(principal, origin, deps);
  if (exceeded) return exceeded;

  const page = deps.openFactPage(cursor);
  const { channels, sources } = deps.policy();
  const listing = { channels, page, principal, now: deps.now(), isFirstPage: cursor === undefined };
  // The list has one permit, however many requests it sends.
  const evaluateDeps = { ...deps, withLentPermit: withoutPermit };
  const evaluateAll = () =>
    Promise.all(
      channels.channelTypes.map(async (channelType) => {
        const entries = await matchesOf(channelType, listing);
        const evaluated = entries.map((matches) =>
          permittedMatches(matches, { principal, constraints }, evaluateDeps),
        );
        return (await Promise.all(evaluated)).flat();
      }),
    );
  const permitted = await (sources.size > 0 ? deps.withLentPermit(evaluateAll) : evaluateAll());
  return { channels: permitted.flat().map(({ channel }) => channel.text), next: page.next() };
}

async function countList(
  principal: Principal,
  origin: Origin,
  { limits, authorizations, reportLimitExceeded }: ListChannelsDeps,
): Promise<ListRefusal | undefined> {
  const key = principalKey(principal);
  const consumed = await limits.consume([
    { limit: 'authorizations', key, perMinute: authorizations },
  ]);
  if (!('exceeded' in consumed)) return undefined;
  const subject = { principalId: principal.id, tenantId: principal.tenantId };
  await reportLimitExceeded('authorizations', key, { origin, ...subject });
  return {
    code: 'too-many-authorizations',
    known: { principal, tenantId: principal.tenantId },
    retryAfterMs: consumed.retryAfterMs,
  };
}

/** Groups the queries for one kind of fact, so that a fact is listed once. */
function byKind(entries: readonly ListEntry[]): readonly (readonly [ListEntry, ...ListEntry[]])[] {
  const groups = new Map<unknown, [ListEntry, ...ListEntry[]]>();
  for (const entry of entries) {
    const key = 'query' in entry ? entry.query.kind : entry;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups.values()];
}

interface Listing {
  readonly channels: ChannelRegistry;
  readonly page: FactPage;
  readonly principal: Principal;
  readonly now: number;
  readonly isFirstPage: boolean;
}

/** The matches of all forms, for each channel of the principal; ids that are invalid in channel names are omitted. */
async function matchesOf(
  channelType: ChannelType,
  { channels, page, principal, now, isFirstPage }: Listing,
): Promise<readonly (readonly ChannelMatch[])[]> {
  const list = channelType.rules.get(principal.kind)?.list;
  if (list === undefined) return [];
  const input = ruleInput(principal, { params: {}, facts: {}, now: new Date(now) });
  const viewer = viewerOf(principal);
  const listed = await Promise.all(
    byKind(list(input)).map(async (entries) => {
      const [first] = entries;
      // Lists without facts have all their channels on the first page.
      if ('params' in first) return isFirstPage ? [first.params] : [];
      if ('sql' in first) {
        const rows = await page.listRows(first.sql, first.values);
        return rows.map((row) => paramsOfRow(first.sql, row));
      }
      const queries = entries.flatMap((entry) => ('query' in entry ? [entry.query] : []));
      return (await page.list(queries, viewer)).map(first.paramsOf);
    }),
  );
  const valid = listed.flat().filter((params) => isValid(params, channelType));
  const bodies = new Set(valid.map((params) => fillPattern(channelType.pattern, params)));
  return [...bodies].map((body) =>
    channelType.forms.flatMap((form) => {
      const channel = parseChannelName(`${form}-${body}`);
      const match = channel && channels.match(channel);
      return match === undefined || typeof match === 'string' ? [] : [match];
    }),
  );
}

function paramsOfRow(
  { params }: SqlList,
  row: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(params.map((name, place) => [name, row[place] ?? '']));
}

/** A value with other characters would be the name of another channel. */
function isValid(
  params: Readonly<Record<string, string>>,
  { params: types }: ChannelType,
): boolean {
  return Object.entries(types).every(([name, type]) => isValueOf(type, params[name] ?? ''));
}
