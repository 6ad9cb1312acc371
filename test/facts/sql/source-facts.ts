import { createSqlSources, type SqlSources } from '../../../src/facts/sql-sources.ts';
import type { Fact, FactKind } from '../../../src/policy/fact-kind.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { unobserved } from '../../../src/runtime/observe.ts';
import { loadPolicyText } from '../../support/load-policy-files.ts';

/** Facts of a policy whose source `shop` is this database. */
export interface SourceFacts {
  readonly policy: Policy;
  readonly hosts: SqlSources;
  readonly kind: (name: string) => FactKind;
  readonly find: (name: string, ...ids: readonly string[]) => Promise<Fact | undefined>;
  /** The reason for which Usher could not find out. */
  readonly reason: (name: string, ...ids: readonly string[]) => Promise<string>;
}

export async function openSourceFacts(
  url: string,
  facts: string,
  clock = systemClock,
): Promise<SourceFacts> {
  const policy = await loadPolicyText(`sources:\n  shop: { url: { env: URL } }\n${facts}`);
  const kind = /^(?:mysql|mariadb)/.test(url) ? 'mysql' : 'postgres';
  const hosts = createSqlSources({
    ...clock,
    resolve: ({ name }) => ({ name, kind, url: new Secret(url) }),
    observe: () => unobserved,
  });
  hosts.prepare(policy);
  const kindNamed = (name: string): FactKind => policy.factKinds.get(name)!;
  const find: SourceFacts['find'] = (name, ...ids) => hosts.find(kindNamed(name), ids, {});
  return {
    policy,
    hosts,
    kind: kindNamed,
    find,
    reason: async (name, ...ids) => {
      const error: unknown = await find(name, ...ids).catch((fault: unknown) => fault);
      if (!(error instanceof Unavailable)) return `no error, but ${JSON.stringify(error)}`;
      return (error.cause as Error).message;
    },
  };
}
