import type { Config } from '../config/load.ts';
import { resolveSource } from '../config/sources.ts';
import { dependencyOf } from '../facts/source-errors.ts';
import { createHostSources, type HostSources } from '../facts/host-sources.ts';
import {
  createHostClient,
  type HostClient,
  type FindHostSource,
  type HostSource,
} from '../host/host-client.ts';
import type { Dependencies } from '../observability/dependencies.ts';
import type { MeasureHost } from '../observability/metrics/host-metrics.ts';
import type { Policy, SourcePolicy } from '../policy/policy.ts';
import { systemClock } from '../runtime/clock.ts';
import type { PermitSettings } from '../runtime/permits.ts';
import type { Clock, StartTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';

/** Creates the databases of the policy. They are opened when a policy is prepared. */
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

interface HostClientParts {
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

interface HttpSourcesDeps extends HostClientParts {
  readonly policy: () => Policy;
}

export interface HttpSources {
  readonly find: FindHostSource;
  /** Measures the requests of clients that are created from now on, which is with their first request. */
  readonly measureWith: (measure: MeasureHost) => void;
}

/**
 * Builds the function that finds the HTTP sources of the current policy. A source of a reloaded policy is read again; the client
 * of a host stays, with its queued requests.
 */
export function buildHttpSources(
  { variable }: Pick<Config, 'variable'>,
  deps: HttpSourcesDeps,
): HttpSources {
  let { measureHost } = deps;
  const clients = new Map<string, HostClient>();
  const clientOf = (name: string, url: URL): HostClient => {
    const key = `${name} ${url.origin}`;
    const known =
      clients.get(key) ??
      buildHostClient(dependencyOf(name), url, { ...deps, ...(measureHost && { measureHost }) });
    clients.set(key, known);
    return known;
  };
  const open = (declared: SourcePolicy): HostSource => {
    const { name } = declared;
    const source = resolveSource(declared, variable);
    if ('problem' in source) throw unusable(name, source.problem);
    if (source.kind !== 'http') throw unusable(name, 'It is not an HTTP source');
    const base = new URL(source.url.reveal());
    const headers = source.token && { authorization: `Bearer ${source.token.reveal()}` };
    return { base, headers: headers ?? {}, client: clientOf(name, base) };
  };
  const opened = new WeakMap<SourcePolicy, HostSource>();
  const find: FindHostSource = (name) => {
    const declared = deps.policy().sources.get(name);
    if (declared === undefined) throw unusable(name, 'The policy lacks it');
    // If it throws, the next call tries again: a file that is missing now may be there later.
    const source = opened.get(declared) ?? open(declared);
    opened.set(declared, source);
    return source;
  };
  return {
    find,
    measureWith: (measure) => {
      measureHost = measure;
    },
  };
}

function unusable(name: string, problem: string): Unavailable {
  return new Unavailable(dependencyOf(name), { cause: new Error(problem) });
}
