import { isVisible } from '../facts/facts-at-sources.ts';
import { checkIds, parseFields } from '../facts/parse-fields.ts';
import { toFact } from '../facts/stored-fields.ts';
import type { DemoFact, DemoPrincipal, Place, PolicyTest } from '../policy/policy.ts';
import {
  type Fact,
  type FactViewer,
  type FindFact,
  guestSessionFieldOf,
} from '../policy/fact-kind.ts';
import { FactRefused } from '../policy/fact-refused.ts';

/** A fact of a test that `PUT /facts` would refuse. */
interface RefusedFact {
  readonly place: Place;
  readonly problem: string;
}

export interface MemoryFacts {
  /** Finds every fact. */
  readonly find: FindFact;
  /** Finds the facts that row-level security shows. */
  readonly findVisible: FindFact;
  readonly refused: readonly RefusedFact[];
}

interface StoredFact {
  readonly fact: Fact;
  readonly guestSession: unknown;
}

/** Keeps the facts of a test as the database does. A guest session is linked to the `user` of the principal with its id. */
export function createMemoryFacts({ facts, principals }: PolicyTest): MemoryFacts {
  const sessions = [...principals.values()].filter(({ kind }) => kind === 'guest-session');
  const stored = new Map<string, StoredFact>();
  const refused: RefusedFact[] = [];
  for (const each of facts) {
    try {
      const read = readFact(each, sessions);
      const key = keyOf(each.kind.name, each.ids);
      if (stored.has(key)) throw new FactRefused('an earlier fact has the same ids');
      if (read !== undefined) stored.set(key, read);
    } catch (error) {
      if (!(error instanceof FactRefused)) throw error;
      refused.push({ place: each.place, problem: `${each.kind.name}: ${error.message}` });
    }
  }
  const get = (name: string, ids: readonly string[]) => stored.get(keyOf(name, ids));
  return {
    find: ({ name }, ids) => Promise.resolve(get(name, ids)?.fact),
    findVisible: (kind, ids, viewer) => {
      const found = get(kind.name, ids);
      const isShown = found && (isVisible(kind, found.fact, viewer) || isOfSession(found, viewer));
      return Promise.resolve(isShown ? found.fact : undefined);
    },
    refused,
  };
}

function readFact(
  { kind, ids, fields }: DemoFact,
  sessions: readonly DemoPrincipal[],
): StoredFact | undefined {
  checkIds(kind, ids);
  const parsed = parseFields(kind, fields);
  const session = guestSessionFieldOf(kind);
  const guestSession = session === undefined ? undefined : parsed[session];
  const fact = toFact(kind, parsed, linkedUser(sessions, guestSession) ?? null);
  return fact && { fact, guestSession };
}

const isOfSession = ({ guestSession }: StoredFact, { guestSessionId }: FactViewer): boolean =>
  guestSession !== undefined && guestSession === guestSessionId;

function linkedUser(sessions: readonly DemoPrincipal[], id: unknown): string | undefined {
  const user = sessions.find((session) => session.id === id)?.attributes['user'];
  return typeof user === 'string' ? user : undefined;
}

const keyOf = (kind: string, ids: readonly string[]): string => JSON.stringify([kind, ...ids]);
