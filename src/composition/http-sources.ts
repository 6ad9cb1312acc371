import type { Config } from '../config/load.ts';
import { resolveSource } from '../config/sources.ts';
import type { HostClient } from '../host/host-client.ts';
import type { FindHostSource, HostSource } from '../host/host-source.ts';
import { dependencyOf } from '../facts/dependency.ts';
import type { MeasureHost } from '../observability/metrics/host-metrics.ts';
import type { Policy, SourcePolicy } from '../policy/policy.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { buildHostClient, type HostClientParts } from './host-client.ts';

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
