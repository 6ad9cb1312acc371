import { checkService } from './check-service.ts';
import type { NamedResult } from './run-checks.ts';
import type { CurrentConfig } from '../../config/current-config.ts';
import type { CurrentPolicy } from '../../policy/current-policy.ts';

interface SharedChecksDeps {
  readonly configs: Pick<CurrentConfig, 'build'>;
  readonly policies: Pick<CurrentPolicy, 'current' | 'failure'>;
  readonly now: () => number;
}

/**
 * Creates the function that runs the checks of `usher doctor`. They connect to every dependency, so
 * requests at the same time share one result.
 */
export function createSharedChecks({
  configs,
  policies,
  now,
}: SharedChecksDeps): () => Promise<readonly NamedResult[]> {
  const config = configs.build({ part: (each) => each, build: (each) => each });
  let running: Promise<readonly NamedResult[]> | undefined;
  return () => {
    const policy = { hash: policies.current().hash, problems: policies.failure() };
    running ??= checkService(config.all[0], policy, { fetch, now }).finally(() => {
      running = undefined;
    });
    return running;
  };
}
