import { createHostClient, type HostClient } from '../host/host-client.ts';
import type { Dependencies } from '../observability/dependencies.ts';
import type { MeasureHost } from '../observability/metrics/host-metrics.ts';
import { systemClock } from '../runtime/clock.ts';
import type { PermitSettings } from '../runtime/permits.ts';
import type { StartTimer } from '../runtime/timer.ts';

export interface HostClientParts {
  readonly startTimer: StartTimer;
  readonly dependencies: Pick<Dependencies, 'watch'>;
  readonly measureHost?: MeasureHost;
  readonly limits?: PermitSettings;
}

/** Builds the client of a host for a command, whose result says whether the host responds. */
export function buildCommandClient(
  name: string,
  { origin }: URL,
  fetch: typeof globalThis.fetch,
): HostClient {
  return createHostClient({ name, origin }, { fetch, startTimer: systemClock.startTimer });
}

/** Builds the client of a host, which is a dependency with this name. */
export function buildHostClient(
  name: string,
  { origin }: URL,
  { startTimer, dependencies, measureHost, limits }: HostClientParts,
): HostClient {
  const { observe } = dependencies.watch(name);
  const deps = { fetch, startTimer, observe, ...(measureHost && { stats: measureHost(name) }) };
  return createHostClient({ name, origin, ...(limits && { limits }) }, deps);
}
