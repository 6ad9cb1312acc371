import { parseFields } from '../facts/parse-fields.ts';
import { toFact } from '../facts/stored-fields.ts';
import type { Fact, FindFact } from '../policy/fact-kind.ts';
import type { DemoPrincipal, PolicyTest } from '../policy/policy.ts';

/**
 * Finds the facts of a test as the database does. A guest session is linked to the `user` of the principal with its id. Throws
 * `FactRefused` for a fact that `PUT /facts` would refuse.
 */
export function createMemoryFacts({ facts, principals }: PolicyTest): FindFact {
  const sessions = [...principals.values()].filter(({ kind }) => kind === 'guest-session');
  const stored = new Map<string, Fact>();
  for (const { kind, ids, fields } of facts) {
    const parsed = parseFields(kind, fields);
    const session = Object.entries(kind.fields).find(([, { type }]) => type === 'guest_session');
    const linked = session && linkedUser(sessions, parsed[session[0]]);
    const fact = toFact(kind, parsed, linked ?? null);
    if (fact !== undefined) stored.set(keyOf(kind.name, ids), fact);
  }
  return ({ name }, ids) => Promise.resolve(stored.get(keyOf(name, ids)));
}

function linkedUser(sessions: readonly DemoPrincipal[], id: unknown): string | undefined {
  const user = sessions.find((session) => session.id === id)?.attributes['user'];
  return typeof user === 'string' ? user : undefined;
}

const keyOf = (kind: string, ids: readonly string[]): string => JSON.stringify([kind, ...ids]);
