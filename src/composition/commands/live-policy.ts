import { randomUUID } from 'node:crypto';
import {
  explainChannel,
  type ExplainDeps,
  type ExplainRequest,
} from '../../authorize/explain-channel.ts';
import { buildFacts } from '../../facts/build-facts.ts';
import { createFactsAtSources } from '../../facts/facts-at-sources.ts';
import { createHttpFacts } from '../../facts/http-facts.ts';
import type { FactKind } from '../../policy/fact-kind.ts';
import type { Decision } from '../../policy/decision.ts';
import { explainChoice } from '../../authn/choose-issuer.ts';
import type { Credential } from '../../authn/credential.ts';
import { buildIdentify } from '../authn.ts';
import { buildTokenIssuers } from '../token-issuers.ts';
import { buildHttpSources } from '../sources.ts';
import { buildSqlSources } from '../sources.ts';
import { withDatabase } from './open-database.ts';
import { createDependencies } from '../../observability/dependencies.ts';
import { loadPolicy } from '../../policy/load-policy.ts';
import type { Policy } from '../../policy/policy.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Config } from '../../config/load.ts';
import { createPusherApps } from '../../pusher/apps.ts';
import { createSigner } from '../../pusher/sign.ts';
import { createGuestSessions } from '../../database/repositories/guest-sessions.ts';
import { createRevocations } from '../../database/repositories/revocations.ts';

/** The policy, and a function that explains what it would decide. */
interface LivePolicy {
  readonly policy: Policy;
  /** Decides without an entry in the audit log. Throws `Unavailable`. */
  readonly explain: (request: ExplainRequest) => Promise<Decision>;
  /** The facts that were read, in their order. */
  readonly readFacts: () => readonly FactRead[];
  /** Why an issuer is chosen for a token, and why the others are not; empty for a credential that is no JWT. */
  readonly explainIssuers: (credential: Credential) => readonly string[];
}

/** A fact that a decision has read. */
export interface FactRead {
  readonly kind: FactKind;
  readonly ids: readonly string[];
  readonly isFound: boolean;
}

/**
 * Runs `use` with a function that decides as the service does: with the same facts, but without writing to the audit
 * log. Throws `Unavailable` and `StartRefused`.
 */
export function withPolicy<T>(config: Config, use: (live: LivePolicy) => Promise<T>): Promise<T> {
  return withDatabase(config, async (database) => {
    const loaded = await loadPolicy(config.policy);
    const policy = () => loaded;
    const { now, startTimer } = systemClock;
    const sessions = createGuestSessions(database);
    const unused = { dependencies: createDependencies(), tokenLookups: { hits: 0, misses: 0 } };
    const { identify, closeApplicationServers } = buildIdentify(config, {
      sessions,
      now,
      startTimer,
      policy,
      ...unused,
    });
    const apps = createPusherApps(config.pusher, config.tenantsApps);
    const { encrypts, caches, userIdOf } = createSigner(apps);
    const { dependencies } = unused;
    const sources = buildSqlSources(config, { now, startTimer, dependencies });
    const http = buildHttpSources(config, { startTimer, dependencies, policy });
    const findByHttp = createHttpFacts({ findSource: http.find, now });
    const factsAtSources = createFactsAtSources(sources, findByHttp);
    const { find } = buildFacts(database, factsAtSources);
    const reads: FactRead[] = [];
    const deps: ExplainDeps = {
      identify,
      encrypts,
      caches,
      userIdOf,
      policy,
      now,
      newId: randomUUID,
      find: async (kind, ids, viewer) => {
        const fact = await find(kind, ids, viewer);
        reads.push({ kind, ids, isFound: fact !== undefined });
        return fact;
      },
      fingerprint: () => '',
      revocations: createRevocations(database),
    };
    try {
      sources.prepare(loaded);
      return await use({
        policy: loaded,
        explain: (request) => explainChannel(request, deps),
        readFacts: () => reads,
        explainIssuers: ({ kind, text }) => {
          const { bearer, guest } = buildTokenIssuers(config, { now, policy, ...unused })();
          if (kind !== 'bearer' && kind !== 'guest-token') return [];
          return explainChoice(text.reveal(), kind === 'bearer' ? bearer : guest);
        },
      });
    } finally {
      await closeApplicationServers();
      await sources.close();
    }
  });
}
