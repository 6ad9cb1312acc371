import type { FactRequest } from '../policy/channel-type.ts';
import type { RuleInput, Principal } from '../policy/principal.ts';
import {
  type Fact,
  type FactReference,
  type FactViewer,
  type FindFact,
  tenantOfFact,
} from '../policy/fact-kind.ts';
import type { VisitorHeaders } from '../policy/forward.ts';
import type { WithLentPermit } from '../runtime/permits.ts';
import type { RevocationStore } from './revocation/revocation.ts';

interface FoundFacts {
  readonly facts: Readonly<Record<string, Fact>>;
  /** The first fact that the channel requires and that was not found; `undefined` if each exists that is not optional. */
  readonly missing: MissingFact | undefined;
  /** The tenant of the first fact that has one. */
  readonly tenantId: string | undefined;
}

export interface MissingFact {
  readonly name: string;
  /** Without ids, such as those of a tenant that the principal does not have, the fact was not looked for. An optional one is required then. */
  readonly hasIds: boolean;
}

interface FactReader {
  readonly principal: Principal;
  readonly headers?: VisitorHeaders | undefined;
  readonly find: FindFact;
  readonly withLentPermit: WithLentPermit;
}

const noFacts: FoundFacts = { facts: {}, missing: undefined, tenantId: undefined };

/** Finds the facts that the rules of a channel read, all at once. Throws `Unavailable`. */
export async function findFacts(
  requests: readonly FactRequest[],
  input: RuleInput,
  { principal, headers, find, withLentPermit }: FactReader,
): Promise<FoundFacts> {
  if (requests.length === 0) return noFacts;
  const viewer = viewerOf(principal, headers);
  const references = requests.map((request) => request.refer(input));
  const findEach = () =>
    all(references.map((each) => (isReference(each) ? find(each.kind, each.ids, viewer) : none)));
  const found = await (references.some(isAtSource) ? withLentPermit(findEach) : findEach());

  const facts: Record<string, Fact> = {};
  let missing: MissingFact | undefined;
  let tenantId: string | undefined;
  for (const [i, { name, optional }] of requests.entries()) {
    const [reference, fact] = [references[i], found[i]];
    if (fact !== undefined && isReference(reference)) {
      facts[name] = fact;
      tenantId ??= tenantOf(fact, reference);
    } else if (reference === 'failed' || !optional) {
      missing ??= { name, hasIds: reference !== 'failed' };
    }
  }
  return { facts, missing, tenantId };
}

type Referred = ReturnType<FactRequest['refer']>;

function isReference(referred: Referred): referred is FactReference {
  return typeof referred === 'object';
}

/** Whether the fact is read from a server of the application. */
function isAtSource(referred: Referred): boolean {
  return isReference(referred) && referred.kind.from !== undefined;
}

const none = Promise.resolve(undefined);

/** Most rules read one fact, for which `Promise.all` is slow. */
async function all<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  const [only] = promises;
  return only !== undefined && promises.length === 1 ? [await only] : Promise.all(promises);
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

/** The source of facts and revocations of one decision. */
export interface FactSource {
  readonly find: FindFact;
  readonly revocations: Pick<RevocationStore, 'latest'>;
  /**
   * The version of the cache that this source reads, taken before the first read; `undefined` for the database. The audit
   * log accepts a decision of an older version only if no fact has changed since.
   */
  readonly version?: number | undefined;
}
