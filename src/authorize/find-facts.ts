import type { FactRequest, RuleInput } from '../policy/channel-type.ts';
import type { Fact, FactReference, FactViewer, FindFact } from '../policy/fact-kind.ts';
import type { Principal } from '../policy/principal.ts';

export interface FoundFacts {
  readonly facts: Readonly<Record<string, Fact>>;
  /** Whether each fact exists that is not optional. */
  readonly allFound: boolean;
  /** The tenant of the first fact that has one. */
  readonly tenantId: string | undefined;
}

const none: FoundFacts = { facts: {}, allFound: true, tenantId: undefined };

/** Finds the facts that the rules of a channel read, all at once. Throws `Unavailable`. */
export async function findFacts(
  requests: readonly FactRequest[],
  input: RuleInput,
  { principal, find }: { readonly principal: Principal; readonly find: FindFact },
): Promise<FoundFacts> {
  if (requests.length === 0) return none;
  const viewer = viewerOf(principal);
  const found = await Promise.all(
    requests.map(async ({ name, optional, refer }) => {
      const reference = refer(input);
      const fact = reference && (await find(reference.kind, reference.ids, viewer));
      const tenantId = fact && reference && tenantOf(fact, reference);
      return { name, fact, tenantId, isMissing: fact === undefined && !optional };
    }),
  );
  const facts: Record<string, Fact> = {};
  for (const { name, fact } of found) if (fact !== undefined) facts[name] = fact;
  return {
    facts,
    allFound: !found.some(({ isMissing }) => isMissing),
    tenantId: found.find(({ tenantId }) => tenantId !== undefined)?.tenantId,
  };
}

/** Row-level security shows a linked guest session the facts of the user's tenant. */
export function viewerOf({ kind, id, tenantId, linkedUser }: Principal): FactViewer {
  return {
    tenantId: tenantId ?? linkedUser?.tenantId,
    guestSessionId: kind === 'guest-session' ? id : undefined,
  };
}

function tenantOf(fact: Fact, { kind, ids }: FactReference): string | undefined {
  if (kind.tenant === undefined) return undefined;
  const place = kind.ids.indexOf(kind.tenant);
  const tenant = place === -1 ? fact[kind.tenant] : ids[place];
  return typeof tenant === 'string' ? tenant : undefined;
}

