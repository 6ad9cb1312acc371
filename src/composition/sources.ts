import type { Config } from '../config/load.ts';
import { resolveSource } from '../config/sources.ts';
import { dependencyOf } from '../facts/source-errors.ts';
import { createSqlSources, type SqlSources } from '../facts/sql-sources.ts';
import {
  createApplicationClient,
  type ApplicationClient,
  type FindHttpSource,
  type HttpSource,
} from '../application/application-client.ts';
import type { Dependencies } from '../observability/dependencies.ts';
import type { MeasureApplication } from '../observability/metrics/application-metrics.ts';
import type { Policy, SourcePolicy } from '../policy/policy.ts';
import { systemClock } from '../runtime/clock.ts';
import type { PermitSettings } from '../runtime/permits.ts';
import type { Clock, StartTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';

/** Creates the databases of the policy. They are opened when a policy is prepared. */
export function buildSqlSources(
  { variable }: Pick<Config, 'variable'>,
  { dependencies, ...clock }: Clock & { readonly dependencies: Pick<Dependencies, 'watch'> },
): SqlSources {
  return createSqlSources({
    ...clock,
    resolve: (source) => resolveSource(source, variable),
    observe: (dependency) => dependencies.watch(dependency).observe,
  });
}

interface ApplicationClientParts {
  readonly startTimer: StartTimer;
  readonly dependencies: Pick<Dependencies, 'watch'>;
  readonly measureApplication?: MeasureApplication;
  readonly limits?: PermitSettings;
}

/** Builds the client of an application for a command, whose result says whether the application responds. */
export function buildCommandClient(
  name: string,
  { origin }: URL,
  fetch: typeof globalThis.fetch,
): ApplicationClient {
  return createApplicationClient({ name, origin }, { fetch, startTimer: systemClock.startTimer });
}

/** Builds the client of an application, which is a dependency with this name. */
export function buildApplicationClient(
  name: string,
  { origin }: URL,
  { startTimer, dependencies, measureApplication, limits }: ApplicationClientParts,
): ApplicationClient {
  const { observe } = dependencies.watch(name);
  const deps = {
    fetch,
    startTimer,
    observe,
    ...(measureApplication && { stats: measureApplication(name) }),
  };
  return createApplicationClient({ name, origin, ...(limits && { limits }) }, deps);
}

interface HttpSourcesDeps extends ApplicationClientParts {
  readonly policy: () => Policy;
}

export interface HttpSources {
  readonly find: FindHttpSource;
  /** Measures the requests of clients that are created from now on, which is with their first request. */
  readonly measureWith: (measure: MeasureApplication) => void;
}

/**
 * Builds the function that finds the HTTP sources of the current policy. A source of a reloaded policy is read again; the client
 * of an application stays, with its queued requests.
 */
export function buildHttpSources(
  { variable }: Pick<Config, 'variable'>,
  deps: HttpSourcesDeps,
): HttpSources {
  let { measureApplication } = deps;
  const clients = new Map<string, ApplicationClient>();
  const clientOf = (name: string, url: URL): ApplicationClient => {
    const key = `${name} ${url.origin}`;
    const known =
      clients.get(key) ??
      buildApplicationClient(dependencyOf(name), url, {
        ...deps,
        ...(measureApplication && { measureApplication }),
      });
    clients.set(key, known);
    return known;
  };
  const open = (declared: SourcePolicy): HttpSource => {
    const { name } = declared;
    const source = resolveSource(declared, variable);
    if ('problem' in source) throw unusable(name, source.problem);
    if (source.kind !== 'http') throw unusable(name, 'It is not an HTTP source');
    const base = new URL(source.url.reveal());
    const headers = source.token && { authorization: `Bearer ${source.token.reveal()}` };
    return { base, headers: headers ?? {}, client: clientOf(name, base) };
  };
  const opened = new WeakMap<SourcePolicy, HttpSource>();
  const find: FindHttpSource = (name) => {
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
      measureApplication = measure;
    },
  };
}

function unusable(name: string, problem: string): Unavailable {
  return new Unavailable(dependencyOf(name), { cause: new Error(problem) });
}
