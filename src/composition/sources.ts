import { resolveSource } from '../config/sources.ts';
import type { Config } from '../config/load.ts';
import { createHostSources, type HostSources } from '../facts/host-sources.ts';
import type { Dependencies } from '../observability/dependencies.ts';
import type { Clock } from '../runtime/timer.ts';

/** Creates the sources of the policy. They are opened when a policy is prepared. */
export function buildHostSources(
  { variable }: Pick<Config, 'variable'>,
  { dependencies, ...clock }: Clock & { readonly dependencies: Pick<Dependencies, 'watch'> },
): HostSources {
  return createHostSources({
    ...clock,
    resolve: (source) => resolveSource(source, variable),
    observe: (dependency) => dependencies.watch(dependency).observe,
  });
}
