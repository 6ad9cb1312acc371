import type { FactRequest, RuleInput } from '../policy/channel-type.ts';
import { tenantOfFact } from '../policy/fact-access.ts';
import type { Fact, FactReference, FactViewer, FindFact } from '../policy/fact-kind.ts';
import type { VisitorHeaders } from '../policy/forward.ts';
import type { Principal } from '../policy/principal.ts';
import type { WhileAsking } from '../runtime/permits.ts';

export interface FoundFacts {
  readonly facts: Readonly<Record<string, Fact>>;
  /** Whether each fact exists that is not optional, and the ids of all could be computed. */
  readonly allFound: boolean;
  /** The tenant of the first fact that has one. */
  readonly tenantId: string | undefined;
}

export interface FactReader {
  readonly principal: Principal;
  readonly headers?: VisitorHeaders | undefined;
  readonly find: FindFact;
  readonly whileAsking: WhileAsking;
}

interface FoundFact {
  readonly name: string;
  readonly fact?: Fact;
  readonly tenantId?: string | undefined;
  readonly isMissing: boolean;
}

const none: FoundFacts = { facts: {}, allFound: true, tenantId: undefined };

/** Finds the facts that the rules of a channel read, all at once. Throws `Unavailable`. */
export async function findFacts(
  requests: readonly FactRequest[],
  input: RuleInput,
  { principal, headers, find, whileAsking }: FactReader,
): Promise<FoundFacts> {
  if (requests.length === 0) return none;
  const viewer = viewerOf(principal, headers);
  const referred = requests.map((request) => ({ request, reference: request.refer(input) }));
  const findEach = () => Promise.all(referred.map((each) => findOne(each, { viewer, find })));
  const [only] = referred;
  let found: readonly FoundFact[];
  if (referred.some(isAtHost)) found = await whileAsking(findEach);
  // Most rules read one fact, for which `Promise.all` is slow.
  else if (only !== undefined && referred.length === 1)
    found = [await findOne(only, { viewer, find })];
  else found = await findEach();
  const facts: Record<string, Fact> = {};
  let allFound = true;
  let tenantId: string | undefined;
  for (const each of found) {
    if (each.fact !== undefined) facts[each.name] = each.fact;
    if (each.isMissing) allFound = false;
    tenantId ??= each.tenantId;
  }
  return { facts, allFound, tenantId };
}

interface Referred {
  readonly request: FactRequest;
  readonly reference: ReturnType<FactRequest['refer']>;
}

/** Whether a server of the application is asked for the fact. */
function isAtHost({ reference }: Referred): boolean {
  return typeof reference === 'object' && reference.kind.from !== undefined;
}

async function findOne(
  { request: { name, optional }, reference }: Referred,
  { viewer, find }: { readonly viewer: FactViewer; readonly find: FindFact },
): Promise<FoundFact> {
  if (reference === 'failed') return { name, isMissing: true };
  const fact = reference && (await find(reference.kind, reference.ids, viewer));
  if (fact === undefined || reference === undefined) return { name, isMissing: !optional };
  return { name, fact, tenantId: tenantOf(fact, reference), isMissing: false };
}

/** Row-level security shows a linked guest session the facts of the user's tenant. */
export function viewerOf(
  { kind, id, tenantId, linkedUser }: Principal,
  headers?: VisitorHeaders,
): FactViewer {
  return {
    tenantId: tenantId ?? linkedUser?.tenantId,
    guestSessionId: kind === 'guest-session' ? id : undefined,
    headers,
  };
}

function tenantOf(fact: Fact, { kind, ids }: FactReference): string | undefined {
  const tenant = tenantOfFact(kind, ids, fact);
  return typeof tenant === 'string' ? tenant : undefined;
}
